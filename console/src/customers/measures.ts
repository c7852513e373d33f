/** What a measure is called: as the server says in the page's language, with a capital where there are such. */
import type { Floor } from "../api/types";
import { say, words } from "../words/words.svelte";

export function measureName(floor: Floor): string {
  if (floor.measure === "value") return say("measure.value");
  const name = words.name(floor.measure_names, floor.measure.replaceAll("_", " "));
  return name.charAt(0).toUpperCase() + name.slice(1);
}
