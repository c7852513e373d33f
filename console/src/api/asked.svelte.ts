/** A resource of the API as a component sees it: asked for when its path changes, and again every few seconds. */
import { ApiProblem, ask } from "./client";
import { visit } from "./session.svelte";

export const A_SECOND_MS = 1000;
export const AFTER_PROBLEM_S = 5;
export const PASSING = new Set([0, 503]); // no answer, or not yet

export class Asked<Answer> {
  answer = $state.raw<Answer | null>(null);
  problem = $state.raw<ApiProblem | null>(null);
  asking = $state(true);
  #path: () => string | null;
  #number = 0;
  #asked_ms = 0;

  /** path: null while there is nothing to ask. every_s: while the page is seen. To be made while a component is. */
  constructor(path: () => string | null, every_s?: number) {
    this.#path = path;
    $effect(() => {
      path();
      this.answer = null;
      void this.again();
      const timer = setInterval(() => document.visibilityState === "visible" && this.#turn(every_s), A_SECOND_MS);
      return () => clearInterval(timer);
    });
  }

  /** Asks when it is time; sooner after a problem, which may be over. */
  #turn(every_s: number | undefined): void {
    const after_s = this.problem ? Math.min(every_s ?? AFTER_PROBLEM_S, AFTER_PROBLEM_S) : every_s;
    if (after_s !== undefined && !this.asking && Date.now() - this.#asked_ms >= after_s * A_SECOND_MS) void this.again();
  }

  /** Asks again and keeps what is shown until the answer is there. */
  async again(): Promise<void> {
    const path = this.#path();
    const number = ++this.#number;
    if (path === null) {
      this.asking = false;
      return;
    }
    this.asking = true;
    this.#asked_ms = Date.now();
    try {
      const answer = await ask<Answer>(path);
      if (number !== this.#number) return;
      this.answer = answer;
      this.problem = null;
    } catch (error) {
      if (number !== this.#number) return;
      this.problem = noted(error);
    } finally {
      if (number === this.#number) this.asking = false;
    }
  }
}

/** Gives a problem as it is shown; one of rights ends the visit, so that the page asks for a token again. */
function noted(error: unknown): ApiProblem {
  const problem = error instanceof ApiProblem ? error : new ApiProblem(0, String(error));
  if (problem.status === 401) void visit.begin();
  return problem;
}

/** Pages of a list, one after the other. */
export class Pages<Item> {
  items = $state.raw<Item[]>([]);
  next = $state.raw<string | null>(null);
  problem = $state.raw<ApiProblem | null>(null);
  asking = $state(true);
  first = $state.raw<unknown>(null);
  #path: () => string | null;
  #number = 0;

  constructor(path: () => string | null) {
    this.#path = path;
    $effect(() => {
      path();
      this.items = [];
      this.next = null;
      void this.again();
      const timer = setInterval(() => this.problem && PASSING.has(this.problem.status) && void this.again(), AFTER_PROBLEM_S * A_SECOND_MS);
      return () => clearInterval(timer);
    });
  }

  /** Asks for the first page anew; what is shown stays until it has come. */
  async again(): Promise<void> {
    await this.#ask(null);
  }

  async more(): Promise<void> {
    if (this.next) await this.#ask(this.next);
  }

  async #ask(after: string | null): Promise<void> {
    const path = this.#path();
    const number = ++this.#number;
    this.problem = null;
    if (path === null) {
      this.asking = false;
      return;
    }
    this.asking = true;
    try {
      const joint = path.includes("?") ? "&" : "?";
      const page = await ask<{ items: Item[]; next: string | null }>(
        after === null ? path : `${path}${joint}after=${encodeURIComponent(after)}`,
      );
      if (number !== this.#number) return;
      if (after === null) this.first = page;
      this.items = after === null ? page.items : [...this.items, ...page.items];
      this.next = page.next;
    } catch (error) {
      if (number === this.#number) this.problem = noted(error);
    } finally {
      if (number === this.#number) this.asking = false;
    }
  }
}
