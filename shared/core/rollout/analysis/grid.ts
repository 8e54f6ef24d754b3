// Which rate ratios the test keeps sums for. Seven points and one count are the whole memory of a metric; the
// policy's two ratios are always among them, the rest were chosen by the benchmark (docs/rollout-benchmark.md).

import type { AnalysisPolicy } from "../../../contracts/rollout-policy.ts";
import type { Grid } from "./analysis.ts";

/** Half as many failures: what tells a good version from a bad one soonest. */
const BETTER = 0.5;
/** Multiples of the worse ratio. Beyond 60 times as many a single further error decides: no point is needed. */
const FACTORS_ABOVE = [2, 5, 20, 60];
/**
 * How the evidence of worse is shared out over `worse` and those above it. Most on the gross failures: there every
 * second counts, while a slight one needs many requests anyhow and loses few to a smaller share.
 */
const MOSTLY_GROSS = [0.08, 0.07, 0.1, 0.7, 0.05];
/** One request in a hundred is slow by definition: three or six times as many is what there is to find. */
const MOSTLY_SLIGHT = [0.45, 0.25, 0.2, 0.05, 0.05];
/** Place of `worse` among the seven. */
const FIRST_ABOVE = 2;
const DEFAULT_ALLOWED = 1.25;
const DEFAULT_WORSE = 2;
/** Two points that are nearer than this cannot be told apart in any rollout. */
const LEAST_GAP = 1.2;

const ratioOr = (value: number, fallback: number): number =>
  Number.isFinite(value) && value >= 1 ? value : fallback;

/** The alternatives of going back, with their shares. */
export function sharesAbove(
  grid: Grid,
  metric = "errors",
): readonly (readonly [ratio: number, share: number])[] {
  const shares = metric === "slow" ? MOSTLY_SLIGHT : MOSTLY_GROSS;
  return shares.map((share, index) => [grid.ratios[index + FIRST_ABOVE] ?? grid.worse, share]);
}

export function gridOf(policy: Pick<AnalysisPolicy, "maxRatio" | "badRatio">): Grid {
  const allowed = ratioOr(policy.maxRatio, DEFAULT_ALLOWED);
  const worse = Math.max(ratioOr(policy.badRatio, DEFAULT_WORSE), allowed * LEAST_GAP);
  return { allowed, worse, ratios: [BETTER, allowed, worse, ...FACTORS_ABOVE.map((by) => by * worse)] };
}
