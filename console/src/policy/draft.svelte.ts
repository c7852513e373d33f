/** The policy that is being written: it stays while the console is open, whatever page is looked at. */
import { ApiProblem, ask } from "../api/client";
import type { Checked, PolicyFloor, PolicyText } from "../api/types";

const SETTLED_MS = 250;

class Draft {
  from = $state<string | null>(null);
  original = $state("");
  toml = $state("");
  checked = $state.raw<Checked | null>(null);
  checking = $state(false);
  problem = $state.raw<ApiProblem | null>(null);
  floorsInForce = $state.raw<PolicyFloor[]>([]);
  #number = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  get changed(): boolean {
    return this.toml !== this.original;
  }

  /** Begins with the policy of a digest, unless that is what the draft began with. */
  async begin(digest: string, anew = false): Promise<void> {
    if (this.from === digest && !anew) return;
    try {
      const file = await ask<PolicyText>(`policies/${encodeURIComponent(digest)}`);
      this.from = digest;
      this.original = file.toml;
      this.write(file.toml);
      this.floorsInForce = (await ask<Checked>("policies/check", "POST", { toml: file.toml })).floors;
    } catch (error) {
      this.problem = error instanceof ApiProblem ? error : new ApiProblem(0, String(error));
    }
  }

  /** Takes the text and has it checked once the writer pauses. */
  write(toml: string): void {
    this.toml = toml;
    this.checking = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), SETTLED_MS);
  }

  async #check(): Promise<void> {
    const number = ++this.#number;
    try {
      const checked = await ask<Checked>("policies/check", "POST", { toml: this.toml });
      if (number !== this.#number) return;
      this.checked = checked;
      this.problem = null;
    } catch (error) {
      if (number === this.#number) this.problem = error instanceof ApiProblem ? error : new ApiProblem(0, String(error));
    } finally {
      if (number === this.#number) this.checking = false;
    }
  }
}

export const draft = new Draft();
