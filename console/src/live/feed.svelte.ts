/** The stream as the page sees it: counted at once, shown once a frame, and never more rows than can be read. */
import type { TierMessage } from "../api/types";
import { follow } from "../api/stream";

const ROWS = 24;
const TOO_FAST = 20; // changes a second that nobody reads one by one
const WINDOW_S = 10;

class Feed {
  open = $state(false);
  newest = $state.raw<(TierMessage & { number: number })[]>([]);
  perSecond = $state(0);
  seen = $state(0);
  byMove = $state.raw<{ from: string | null; to: string; changes: number }[]>([]);
  paused = $state(false);
  #waiting: (TierMessage & { number: number })[] = [];
  #seen = 0;
  #moves = new Map<string, { from: string | null; to: string; changes: number }>();
  #seconds = new Map<number, number>();
  #began_s = 0;
  #frame = 0;

  get isFast(): boolean {
    return this.perSecond > TOO_FAST;
  }

  /** Follows tier changes. Gives what stops it. */
  follow(): () => void {
    this.#began_s = Math.floor(Date.now() / 1000);
    const stop = follow("stream?kinds=tier", {
      open: (is) => (this.open = is),
      event: ({ kind, data }) => this.#take(kind, data),
    });
    const timer = setInterval(() => this.#measure(), 1000);
    return () => {
      stop();
      clearInterval(timer);
    };
  }

  #take(kind: string, data: string): void {
    if (kind === "skipped") this.#count(Number((JSON.parse(data) as { count: number }).count));
    if (kind !== "tier") return;
    const change = JSON.parse(data) as TierMessage;
    this.#count(1);
    const key = `${change.previous_tier ?? ""} ${change.tier}`;
    const move = this.#moves.get(key) ?? { from: change.previous_tier, to: change.tier, changes: 0 };
    this.#moves.set(key, { ...move, changes: move.changes + 1 });
    this.#waiting.push({ ...change, number: this.#seen }); // a viewer gets no ids
    if (this.#waiting.length > ROWS) this.#waiting.shift();
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  #count(changes: number): void {
    const second = Math.floor(Date.now() / 1000);
    this.#seen += changes;
    this.#seconds.set(second, (this.#seconds.get(second) ?? 0) + changes);
  }

  #show(): void {
    this.#frame = 0;
    this.seen = this.#seen;
    if (!this.paused) {
      if (!this.isFast) this.newest = [...this.#waiting.reverse(), ...this.newest].slice(0, ROWS);
      this.#waiting = [];
    }
  }

  #measure(): void {
    const now = Math.floor(Date.now() / 1000);
    let sum = 0;
    for (const [second, changes] of this.#seconds) {
      if (second < now - WINDOW_S) this.#seconds.delete(second);
      else if (second < now) sum += changes;
    }
    this.perSecond = sum / Math.max(1, Math.min(WINDOW_S, now - this.#began_s));
    this.seen = this.#seen;
    this.byMove = [...this.#moves.values()].sort((one, other) => other.changes - one.changes);
  }
}

export const feed = new Feed();
