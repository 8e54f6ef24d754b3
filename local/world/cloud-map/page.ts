// Pages of a list: NextToken is opaque to callers and stands for a position.

import { PAGE_SIZE } from "./limits.ts";
import { invalidInput } from "./model.ts";

export interface PageRequest {
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
}

/** Tokens name the last id seen, so that a list that shrinks between pages skips nothing. */
export function pageOf<T>(
  items: readonly T[],
  request: PageRequest,
  idOf: (item: T) => string,
): { readonly items: readonly T[]; readonly next: { readonly NextToken?: string } } {
  const size = request.MaxResults ?? PAGE_SIZE;
  if (!Number.isInteger(size) || size < 1 || size > PAGE_SIZE) {
    throw invalidInput(`MaxResults must be between 1 and ${PAGE_SIZE}.`);
  }
  const sorted = items.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const after = request.NextToken === undefined ? undefined : decode(request.NextToken);
  const rest = after === undefined ? sorted : sorted.filter((item) => idOf(item) > after);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  if (last === undefined || rest.length <= size) return { items: page, next: {} };
  return { items: page, next: { NextToken: Buffer.from(`after:${idOf(last)}`).toString("base64url") } };
}

function decode(token: string): string {
  const text = Buffer.from(token, "base64url").toString();
  if (!text.startsWith("after:")) throw invalidInput("NextToken is not valid.");
  return text.slice("after:".length);
}
