// The least that any test would have needed: a lower bound from information theory, told beside every verdict.

import { divergence } from "./bounds.ts";

/**
 * Expected bad requests of the new revision before any test, however clever, that errs with at most `alpha` and
 * `beta` can know that its share is `share` and not `usual`: share * kl(1-beta, alpha)/KL(share, usual) (Wald 1945).
 */
export function leastFailed(
  share: number,
  usual: number,
  risks: { readonly alpha: number; readonly beta: number },
): number | undefined {
  const isTold = share > usual && usual > 0 && share <= 1 && risks.alpha > 0 && risks.beta > 0;
  if (!isTold || risks.alpha + risks.beta >= 1) return undefined;
  const requests = divergence(1 - risks.beta, risks.alpha) / divergence(share, usual);
  return share * Math.max(1, requests);
}
