/** Numbers, amounts, dates and durations, as people of the page's language read them. */
import { words, say } from "./words.svelte";

const made = new Map<string, unknown>();

/** Intl's formatters are dear to make: one of each. */
function once<Format>(key: string, make: () => Format): Format {
  const full = `${words.language} ${key}`;
  if (!made.has(full)) made.set(full, make());
  return made.get(full) as Format;
}

export function number(n: number, digits = 0): string {
  return once(`number ${digits}`, () => new Intl.NumberFormat(words.language, { maximumFractionDigits: digits })).format(n);
}

export function percent(share: number): string {
  return once("percent", () => new Intl.NumberFormat(words.language, { style: "percent", maximumFractionDigits: 1 })).format(share);
}

export function compact(n: number): string {
  return once("compact", () => new Intl.NumberFormat(words.language, { notation: "compact", maximumFractionDigits: 1 })).format(n);
}

/** Shows decimal text exactly: Intl reads text without a float. currency: null for a plain figure. */
export function amount(text: string, currency: string | null): string {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return text.replaceAll("_", " ");
  const options: Intl.NumberFormatOptions = { minimumFractionDigits: 2, maximumFractionDigits: 4, trailingZeroDisplay: "stripIfInteger" };
  if (currency) Object.assign(options, { style: "currency", currency, currencyDisplay: "code" });
  const format = once(`amount ${currency}`, () => new Intl.NumberFormat(words.language, options));
  return format.format(text as Intl.StringNumericLiteral);
}

/** Cuts what a customer has to cents, so that it never shows more than there is. */
export function toCents(text: string): string {
  return text.replace(/(\.\d\d)\d+$/, "$1");
}

/** Shows a figure: one with decimals is an amount, one without a number or a score, anything else a word. */
export function figure(text: string | null, currency: string): string {
  if (text === null || text === "") return "–";
  return amount(text, text.includes(".") ? currency : null);
}

const zoneOf = (at: string): string | undefined => {
  const offset = /([+-]\d\d:\d\d)$/.exec(at)?.[1];
  return offset; // an offset is a time zone to Intl: the bank's day, wherever the browser is
};

function time(at: string, key: string, options: Intl.DateTimeFormatOptions): string {
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return at;
  const timeZone = zoneOf(at);
  return once(`${key} ${timeZone}`, () => new Intl.DateTimeFormat(words.language, { ...options, ...(timeZone ? { timeZone } : {}) })).format(when);
}

export function day(at: string): string {
  return time(at, "day", { year: "numeric", month: "short", day: "numeric" });
}

export function minute(at: string): string {
  return time(at, "minute", { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** The time of day of an instant, in the zone of another time of the bank. */
export function hourOf(instant: Date, zoneOfTime: string): string {
  const offset = zoneOf(zoneOfTime) ?? "Z";
  return time(withOffset(instant, offset), "hour", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function withOffset(instant: Date, offset: string): string {
  if (offset === "Z") return instant.toISOString();
  const sign = offset.startsWith("-") ? -1 : 1;
  const minutes = sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4)));
  return new Date(instant.getTime() + minutes * 60_000).toISOString().replace("Z", offset);
}

export function clock(at: string): string {
  return time(at, "clock", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit & string, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** How far a time is from now: "in 12 days", "3 hours ago". */
export function away(at: string, now_ms = Date.now()): string {
  const seconds = (new Date(at).getTime() - now_ms) / 1000;
  // Up to two months people count days.
  const steps = Math.abs(seconds) < 5_184_000 ? STEPS.slice(2) : STEPS;
  const [unit, length] = steps.find(([, step]) => Math.abs(seconds) >= step) ?? STEPS.at(-1)!;
  const format = once("away", () => new Intl.RelativeTimeFormat(words.language, { numeric: "always" }));
  return format.format(Math.round(seconds / length), unit as Intl.RelativeTimeFormatUnit);
}

/** A duration in words, never in milliseconds: "0.4 seconds", "3 minutes". */
export function duration(seconds: number): string {
  if (seconds < 0.1) return say("duration.short");
  const [unit, length] = STEPS.find(([, step]) => seconds >= step) ?? STEPS.at(-1)!;
  const digits = seconds < 10 ? 1 : 0;
  const format = once(`duration ${unit} ${digits}`, () =>
    new Intl.NumberFormat(words.language, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: digits }));
  return format.format(seconds / length);
}
