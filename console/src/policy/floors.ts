/** Where a floor stands in the text of a policy. */

export type Place = { from: number; to: number };

/** Finds the number of a tier's floor: null where it does not stand there once, so that no other number is changed. */
export function placeOf(toml: string, tier: string, measure: string, at_least: string): Place | null {
  const block = blockOf(toml, tier);
  if (!block) return null;
  const places: (Place & { line: string })[] = [];
  for (const found of toml.slice(block.from, block.to).matchAll(/\bat_least\s*=\s*("?)([0-9][0-9_.]*)\1/g)) {
    if (Number(found[2]!.replaceAll("_", "")) !== Number(at_least)) continue;
    const to = block.from + found.index + found[0].length - found[1]!.length;
    places.push({ from: to - found[2]!.length, to, line: lineAround(toml, to) });
  }
  const named = places.filter(({ line }) => line.includes(`"${measure}"`));
  const [only, ...others] = named.length ? named : places;
  return only && !others.length ? { from: only.from, to: only.to } : null;
}

function blockOf(toml: string, tier: string): Place | null {
  for (const found of toml.matchAll(/^\[\[tiers\]\][ \t]*$/gm)) {
    const begin = found.index;
    const next = /^\[\[/gm;
    next.lastIndex = begin + 2;
    const to = next.exec(toml)?.index ?? toml.length;
    if (new RegExp(`^id\\s*=\\s*"${tier.replace(/[.*+?^$()|[\]{}\\]/g, "\\$&")}"`, "m").test(toml.slice(begin, to))) return { from: begin, to };
  }
  return null;
}

function lineAround(toml: string, at: number): string {
  const end = toml.indexOf("\n", at);
  return toml.slice(toml.lastIndexOf("\n", at) + 1, end < 0 ? toml.length : end);
}

/** A step that gives round numbers: two digits of the floor that is in force. */
export function stepOf(floor: number): number {
  return floor > 0 ? 10 ** Math.max(0, Math.floor(Math.log10(floor)) - 1) : 1;
}
