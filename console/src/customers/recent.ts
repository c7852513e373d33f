/** The customers opened in this tab: kept by the tab alone, and gone with it. */
const KEPT = "tierflow-recent";
const MOST = 8;

export function recent(): string[] {
  const kept: unknown = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : [];
}

export function opened(id: string): void {
  sessionStorage.setItem(KEPT, JSON.stringify([id, ...recent().filter((other) => other !== id)].slice(0, MOST)));
}
