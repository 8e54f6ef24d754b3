// Verdicts in one plain sentence each, with the numbers they rest on.

import type { EpochMs } from "../../../base/time.ts";
import type { AnalysisPolicy } from "../../../contracts/rollout-policy.ts";
import type { AnalysisState, Counts, MetricVerdict } from "./analysis.ts";

const THOUSAND = 1_000;
/** Not Intl.NumberFormat: the first one of a process loads ICU, 12 ms of CPU and 7 MB in every cold start. */
const thousands = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");

/** Three digits, or whole with commas. */
function plain(value: number): string {
  if (Math.abs(value) >= THOUSAND) return thousands(value);
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

const percent = (share: number): string => `${plain(share * 100)} %`;

/** The errors metric speaks of failures, the slow one of slowness, a team's own of bad ones. */
function badWord(metric: string): string {
  if (metric === "errors") return "failed";
  return metric === "slow" ? "were slow" : `were bad by "${metric}"`;
}

const against = (control: Counts): string =>
  control.total === 0 ? "" : ` against ${plain(control.bad)} of ${plain(control.total)} on the old one`;

function seen({ metric, candidate, control }: MetricVerdict): string {
  const what = badWord(metric);
  if (candidate.total === 0) {
    const old =
      control.total === 0 ? "" : `, ${plain(control.bad)} of ${plain(control.total)} ${what} on the old one`;
    return `no request to the new revision is counted${old}`;
  }
  return `${plain(candidate.bad)} of ${plain(candidate.total)} requests ${what} on the new revision${against(control)}`;
}

export function worseText(
  verdict: MetricVerdict,
  { by, policy, least }: { readonly by: string; readonly policy: AnalysisPolicy; readonly least?: number },
): string {
  const possible = least === undefined ? "" : `; ${plain(Math.ceil(least))} was the least possible`;
  const { eBad, needed } = verdict;
  if (by === "hard-bound")
    return `${seen(verdict)}: more than the ${percent(policy.maxErrorRate)} that end a rollout at once${possible}.`;
  if (by === "guard")
    return `${seen(verdict)}: more than ${policy.sloErrorRate === undefined ? "before the rollout" : `the objective of ${percent(policy.sloErrorRate)}`} allows${possible}.`;
  return `${seen(verdict)}: more than ${plain(policy.maxRatio)} times as often, evidence ${evidence(eBad)} of ${plain(needed)} needed${possible}.`;
}

const evidence = (value: number): string => (value > 1e6 ? "over 1,000,000" : plain(value));

export function goodText(metrics: readonly MetricVerdict[]): string {
  return `Not worse than allowed: ${metrics.map(seen).join("; ")}.`;
}

export function pendingText(
  metrics: readonly MetricVerdict[],
  policy: AnalysisPolicy,
  isLate: boolean,
): string {
  const lead = isLate ? "Neither worse nor good enough at the deadline" : "Neither worse nor good enough yet";
  if (metrics.length === 0) return `${lead}: no metric has counts.`;
  const least = Math.min(...metrics.map(({ candidate }) => candidate.total));
  const few = least < policy.minRequests ? ` (${plain(policy.minRequests)} requests are needed)` : "";
  return `${lead}: ${metrics.map(seen).join("; ")}${few}.`;
}

export type Presence = "not-begun" | "no-data" | "no-traffic";

export function presenceText(presence: Presence, state: AnalysisState, now: EpochMs): string {
  const since = (at: EpochMs | undefined): string =>
    `${plain(Math.round((now - (at ?? state.since ?? now)) / 1_000))} s`;
  if (presence === "not-begun") return "The new revision has no traffic yet.";
  if (presence === "no-traffic")
    return `The metrics answer, but nobody has asked the service for ${since(state.trafficAt)}.`;
  const why = state.problem === undefined ? "" : `: ${state.problem}`;
  return `The metrics have not answered for ${since(state.answeredAt)}${why}.`;
}
