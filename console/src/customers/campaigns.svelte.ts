/** The names of the campaigns, asked for once. */
import { ask } from "../api/client";
import type { Campaign, Names } from "../api/types";
import { words } from "../words/words.svelte";

class Campaigns {
  #names = $state.raw(new Map<string, Names>());
  #asked = false;

  name(id: string): string {
    void this.#ask();
    return words.name(this.#names.get(id), id);
  }

  async #ask(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    const answer = await ask<{ items: Campaign[] }>("campaigns").catch(() => null);
    if (answer) this.#names = new Map(answer.items.map((campaign) => [campaign.id, campaign.names]));
    else this.#asked = false;
  }
}

export const campaigns = new Campaigns();
