/** Light or dark: as the system says, unless switched. */

export type Appearance = "system" | "light" | "dark";
const KEPT = "tierflow-appearance";
const system = matchMedia("(prefers-color-scheme: dark)");

class Look {
  appearance = $state<Appearance>((localStorage.getItem(KEPT) as Appearance | null) ?? "system");
  #systemIsDark = $state(system.matches);

  constructor() {
    system.addEventListener("change", () => (this.#systemIsDark = system.matches));
    this.#show();
  }

  get isDark(): boolean {
    return this.appearance === "dark" || (this.appearance === "system" && this.#systemIsDark);
  }

  change(to: Appearance): void {
    this.appearance = to;
    localStorage.setItem(KEPT, to);
    this.#show();
  }

  #show(): void {
    if (this.appearance === "system") delete document.documentElement.dataset["look"];
    else document.documentElement.dataset["look"] = this.appearance;
  }
}

export const look = new Look();
