/** The language of the page, and its words. */
import type { Names } from "../api/types";
import { en, type Dictionary, type Word } from "./en";

export type Language = "en" | "zh-TW" | "zh-CN";
export const LANGUAGES: readonly { id: Language; label: string }[] = [
  { id: "en", label: "English" },
  { id: "zh-TW", label: "繁體中文" },
  { id: "zh-CN", label: "简体中文" },
];
const KEPT = "tierflow-language";
// Screen readers and fonts go by the script.
const TAGS: Record<Language, string> = { en: "en", "zh-TW": "zh-Hant-TW", "zh-CN": "zh-Hans-CN" };
const OTHERS = {
  "zh-TW": () => import("./zh_tw").then((module) => module.zhTw),
  "zh-CN": () => import("./zh_cn").then((module) => module.zhCn),
};

function first(): Language {
  const kept = localStorage.getItem(KEPT);
  const known = LANGUAGES.find(({ id }) => id === kept);
  if (known) return known.id;
  const asked = navigator.language.toLowerCase();
  if (!asked.startsWith("zh")) return "en";
  return /hant|tw|hk|mo/.test(asked) ? "zh-TW" : "zh-CN";
}

class Words {
  language = $state<Language>("en");
  #dictionary = $state.raw<Dictionary>(en);

  async begin(): Promise<void> {
    await this.speak(first());
  }

  /** Changes the language; the page shows the old one until the words are there. */
  async speak(language: Language, keep = false): Promise<void> {
    this.#dictionary = language === "en" ? en : await OTHERS[language]();
    this.language = language;
    document.documentElement.lang = TAGS[language];
    if (keep) localStorage.setItem(KEPT, language);
  }

  say(word: Word, filled: Record<string, string | number> = {}): string {
    return this.#dictionary[word].replace(/\{(\w+)\}/g, (_, name: string) => String(filled[name] ?? ""));
  }

  /** Says a word that comes from a message; one that is not known is shown as it is. */
  known(group: string, of: string): string {
    const word = `${group}.${of}`;
    return word in this.#dictionary ? this.#dictionary[word as Word] : of.replaceAll("_", " ");
  }

  /** Says why a tier changed; the same reason may have another sentence for a fall. */
  reason(reason: string, direction: string | null): string {
    const fall = `reason.${reason}.${direction}`;
    return fall in this.#dictionary ? this.#dictionary[fall as Word] : this.known("reason", reason);
  }

  /** Says a number with its noun. */
  count(noun: "unit.customers" | "unit.changes" | "live.incidents" | "policy.check.errors" | "policy.check.warnings" | "operations.letters.replay.n", n: number, shown: string): string {
    return this.say(n === 1 ? `${noun}.one` : `${noun}.other`, { n: shown });
  }

  name(names: Names | null | undefined, otherwise: string): string {
    if (!names) return otherwise;
    if (this.language === "en") return names["en"] ?? otherwise;
    return names[this.language] ?? names["zh"] ?? names["en"] ?? otherwise;
  }

  text(texts: Partial<Record<string, string>>): string {
    return texts[this.language] ?? texts["en"] ?? "";
  }
}

export const words = new Words();
export const say = (word: Word, filled?: Record<string, string | number>): string => words.say(word, filled);
