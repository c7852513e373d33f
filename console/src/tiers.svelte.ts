/** The tiers of the policy in force: names and ranks, for every page. */
import { ask } from "./api/client";
import type { Names, Tiers } from "./api/types";
import { words } from "./words/words.svelte";

const EVERY_MS = 5000;

class KnownTiers {
  now = $state.raw<Tiers | null>(null);
  problem = $state.raw<unknown>(null);
  #names = $derived(new Map<string, Names>(this.now?.tiers.map((tier) => [tier.id, tier.names])));
  #ranks = $derived(new Map<string, number>(this.now?.tiers.map((tier, rank) => [tier.id, rank])));

  /** Asks now and every few seconds while the page is seen. Gives what stops it. */
  follow(): () => void {
    void this.again();
    const timer = setInterval(() => document.visibilityState === "visible" && void this.again(), EVERY_MS);
    return () => clearInterval(timer);
  }

  async again(): Promise<void> {
    try {
      this.now = await ask<Tiers>("tiers");
      this.problem = null;
    } catch (error) {
      this.problem = error;
    }
  }

  name(id: string): string {
    return words.name(this.#names.get(id), id);
  }

  /** Where a tier stands, 0 the lowest to 1 the highest; an unknown one is low. */
  height(id: string): number {
    const highest = this.#ranks.size - 1;
    return highest > 0 ? (this.#ranks.get(id) ?? 0) / highest : 0;
  }

  rank(id: string): number {
    return this.#ranks.get(id) ?? -1;
  }
}

export const tiers = new KnownTiers();
