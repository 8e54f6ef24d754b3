// Pages of a list: Marker is opaque to callers and stands for the last thing seen.

import { invalid } from "./context.ts";

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html */
const MAX_PAGE = 400;

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly PageSize?: number | undefined;
}

export interface Page<T> {
  readonly items: T[];
  readonly next: { readonly NextMarker?: string };
}

/** A list whose marked thing is gone in between begins again. */
export function pageOf<T>(items: readonly T[], request: PageRequest, idOf: (item: T) => string): Page<T> {
  const size = request.PageSize ?? MAX_PAGE;
  if (!Number.isInteger(size) || size < 1 || size > MAX_PAGE)
    throw invalid(`Page size must be between 1 and ${MAX_PAGE}`);
  const after =
    request.Marker === undefined ? undefined : Buffer.from(request.Marker, "base64url").toString();
  const start = after === undefined ? 0 : items.findIndex((item) => idOf(item) === after) + 1;
  const page = items.slice(start, start + size);
  const last = page.at(-1);
  if (last === undefined || start + size >= items.length) return { items: page, next: {} };
  return { items: page, next: { NextMarker: Buffer.from(idOf(last)).toString("base64url") } };
}
