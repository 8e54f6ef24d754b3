// What happens to both revisions: shares of failed and of slow requests by time since the new one got traffic.
// Numbers: research for this benchmark, docs/rollout-benchmark.md.

export interface Shares {
  readonly old: number;
  readonly new: number;
}

export interface Scenario {
  readonly name: string;
  /** bad: should be rolled back. null: should not. told: either is defensible, the figures are told. */
  readonly kind: "bad" | "null" | "told";
  readonly errors: (seconds: number) => Shares;
  readonly slow: (seconds: number) => Shares;
  /** Variance of one factor on both revisions' error shares, drawn anew every 10 s. */
  readonly sharedVariance?: number;
  /** Mean size of a clump of errors (retries, one unlucky user): each falls on one revision. */
  readonly clumpMean?: number;
  /** Metrics answer nothing before then, and everything after it. */
  readonly silentUntil?: number;
  readonly noTraffic?: boolean;
}

const USUAL = 0.001;
const USUAL_SLOW = 0.01;
const both = (share: number) => (): Shares => ({ old: share, new: share });
const differ = (fails: number) => (): Shares => ({ old: USUAL, new: fails });
const usualSlow = both(USUAL_SLOW);

const bad = (name: string, fails: number): Scenario => ({
  name,
  kind: "bad",
  errors: differ(fails),
  slow: usualSlow,
});
const nothingWorse = (name: string, share: number): Scenario => ({
  name,
  kind: "null",
  errors: both(share),
  slow: usualSlow,
});

const WARM_UP_SECONDS = 120;
const LEAK_SECONDS = 15 * 60;
const OUTAGE_SECONDS = 10 * 60;
const INCIDENT = { from: 120, until: 360, share: 0.03 };

const later =
  (isBad: (seconds: number) => boolean, share: number) =>
  (seconds: number): Shares => ({ old: USUAL, new: isBad(seconds) ? share : USUAL });

function incident(seconds: number): Shares {
  const share = seconds >= INCIDENT.from && seconds < INCIDENT.until ? INCIDENT.share : USUAL;
  return { old: share, new: share };
}

export const SCENARIOS: readonly Scenario[] = [
  bad("bad-50", 0.5),
  bad("bad-5", 0.05),
  bad("bad-1.5", 0.015),
  bad("bad-0.5", 0.005),
  { name: "latency", kind: "bad", errors: both(USUAL), slow: () => ({ old: USUAL_SLOW, new: 0.03 }) },
  { name: "late", kind: "bad", errors: later((at) => at >= LEAK_SECONDS, 0.05), slow: usualSlow },
  { ...bad("outage-bad", 0.05), kind: "told", silentUntil: OUTAGE_SECONDS },
  { name: "warm-up", kind: "told", errors: later((at) => at < WARM_UP_SECONDS, 0.05), slow: usualSlow },
  nothingWorse("N1", USUAL),
  nothingWorse("N2", 0.008),
  { ...nothingWorse("N3", 0.003), sharedVariance: 0.5, clumpMean: 2 },
  { name: "N4", kind: "null", errors: incident, slow: usualSlow },
  { ...nothingWorse("outage", USUAL), silentUntil: OUTAGE_SECONDS },
  { ...nothingWorse("no-traffic", USUAL), noTraffic: true },
];

export const RATES: readonly number[] = [10, 100, 1_000];

export interface FeedKind {
  readonly name: "60s" | "10s";
  readonly periodSeconds: number;
  /** From the end of a bin until CloudWatch shows it. */
  readonly lagSeconds: number;
  /** Until a Prometheus query does. */
  readonly queryLagSeconds: number;
}

export const FEEDS: readonly FeedKind[] = [
  { name: "60s", periodSeconds: 60, lagSeconds: 60, queryLagSeconds: 15 },
  { name: "10s", periodSeconds: 10, lagSeconds: 10, queryLagSeconds: 10 },
];
