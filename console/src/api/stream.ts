/** The stream of events: read by fetch, because EventSource sends no token. */
import { createParser } from "eventsource-parser";
import { authorized } from "./client";

export type StreamEvent = { kind: string; data: string };
const PAUSES_MS = [500, 1000, 2000, 5000, 10_000];

/** Follows the stream until stopped, and comes back by the last id after a break. Gives what stops it. */
export function follow(
  path: string,
  on: { event: (event: StreamEvent) => void; open: (is: boolean) => void },
): () => void {
  const stop = new AbortController();
  let lastId = "";
  let tries = 0;
  const parser = createParser({
    onEvent(event) {
      if (event.id) lastId = event.id;
      on.event({ kind: event.event ?? "message", data: event.data });
    },
  });

  async function read(): Promise<void> {
    const headers = { Accept: "text/event-stream", ...authorized(), ...(lastId ? { "Last-Event-ID": lastId } : {}) };
    const response = await fetch(`api/${path}`, { headers, signal: stop.signal, cache: "no-store" });
    if (!response.ok || !response.body) throw new Error(String(response.status));
    tries = 0;
    on.open(true);
    parser.reset();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) parser.feed(part.value);
  }

  async function keepReading(): Promise<void> {
    while (!stop.signal.aborted) {
      await read().catch(() => undefined);
      on.open(false);
      const pause = PAUSES_MS[Math.min(tries++, PAUSES_MS.length - 1)]!;
      if (!stop.signal.aborted) await new Promise((wake) => setTimeout(wake, pause));
    }
  }

  void keepReading();
  return () => stop.abort();
}
