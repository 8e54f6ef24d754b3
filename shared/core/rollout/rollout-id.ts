// The id of a rollout, known as soon as its order is given.

import { fingerprint } from "../../base/fingerprint.ts";

/** Equal however often the same beginning is heard. */
export const rolloutId = (key: string, beginning: string): string =>
  `r-${fingerprint(`${key}|${beginning}`).slice(0, 8)}`;
