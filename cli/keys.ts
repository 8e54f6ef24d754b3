// Keys as people type and see them: `cluster/service` where that names one key only.

import type { Key } from "../shared/base/keys.ts";
import { usageError } from "./failure.ts";

/** The part behind account and Region. */
const tail = (key: Key): string => key.split("/").slice(2).join("/");

/** Each key in the shortest form that names no other: from `cluster/service` up to the whole key. */
export function shortNames(keys: readonly Key[]): ReadonlyMap<Key, string> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(tail(key), (counts.get(tail(key)) ?? 0) + 1);
  return new Map(keys.map((key) => [key, counts.get(tail(key)) === 1 ? tail(key) : key]));
}

const MAX_CANDIDATES = 10;

const NOT_MANAGED = "is not managed. Managed keys";

/** Takes the whole key, or any end of it that begins behind a slash and names one key only. */
export function resolveKey(typed: string, keys: readonly Key[], unknown = NOT_MANAGED): Key {
  const exact = keys.find((key) => key === typed);
  if (exact !== undefined) return exact;
  const found = keys.filter((key) => key.endsWith(`/${typed}`));
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only;
  if (found.length > 1) throw usageError(`"${typed}" names ${found.length} keys:${listed(found)}`);
  if (keys.length === 0)
    throw usageError(`"${typed}" is not managed: no service is. \`fairlead apply -f FILE\` adds some`);
  throw usageError(`"${typed}" ${unknown}:${listed(similarFirst(typed, keys))}`);
}

function listed(keys: readonly Key[]): string {
  const names = shortNames(keys);
  const shown = keys.slice(0, MAX_CANDIDATES).map((key) => `\n  ${names.get(key) ?? key}`);
  const more = keys.length - shown.length;
  return `${shown.join("")}${more > 0 ? `\n  and ${more} more` : ""}`;
}

/** Those that share a part with what was typed come first. */
function similarFirst(typed: string, keys: readonly Key[]): readonly Key[] {
  const parts = typed
    .toLowerCase()
    .split("/")
    .filter((part) => part.length > 1);
  const isSimilar = (key: Key): number => (parts.some((part) => key.toLowerCase().includes(part)) ? 0 : 1);
  return [...keys].sort((a, b) => isSimilar(a) - isSimilar(b) || (a < b ? -1 : 1));
}
