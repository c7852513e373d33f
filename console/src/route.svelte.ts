/** Where in the console the address points: #/area/what?key=value. */

export type Area = "live" | "customers" | "policy" | "operations";
const AREAS: readonly Area[] = ["live", "customers", "policy", "operations"];

class Route {
  hash = $state(location.hash);

  constructor() {
    addEventListener("hashchange", () => (this.hash = location.hash));
  }

  get parts(): string[] {
    return this.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decoded);
  }

  get area(): Area {
    return AREAS.find((area) => area === this.parts[0]) ?? "live";
  }

  get what(): string | null {
    return this.parts[1] ?? null;
  }

  get further(): string | null {
    return this.parts[2] ?? null;
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = new Route();

export function to(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

export function go(...parts: string[]): void {
  location.hash = to(...parts);
}
