// `fairlead rollout list | history | analyze`: tables.

import { callerName } from "../../shared/base/arn.ts";
import type {
  AnalysisView,
  MetricLine,
  PastRolloutView,
  RolloutHistory,
  RolloutList,
  RolloutSummary,
  RolloutView,
} from "../../shared/contracts/rollout-api.ts";
import type { Tone } from "../io.ts";
import { age, ahead, duration } from "./age.ts";
import { answeredLine, inShort } from "./rollout-answers.ts";
import type { Drawing } from "./rollout-symbols.ts";
import { statusText } from "./rollout-symbols.ts";
import { verdictText } from "./rollout-tree.ts";
import { table } from "./table.ts";

const bold = (heads: readonly string[], { paint }: Drawing): readonly string[] =>
  heads.map((head) => paint("bold", head));

const LIST_HEAD = ["SERVICE", "MODE", "STATUS", "STEP", "SET-WEIGHT", "REVISION", "AGE", "MESSAGE"];

export function renderList(
  { rollouts, at, killSwitch }: RolloutList,
  names: ReadonlyMap<string, string>,
  drawing: Drawing,
): readonly string[] {
  const stopped = killSwitch
    ? [drawing.paint("bad", "KILL SWITCH ON: Fairlead decides and says why, but acts on nothing.")]
    : [];
  if (rollouts.length === 0)
    return [
      ...stopped,
      "No service has a rollout policy yet: add `rollout: {}` to a manifest and `fairlead apply` it.",
    ];
  const rows = rollouts.map((one) => [
    names.get(one.key) ?? one.key,
    one.mode,
    statusText(one.status, drawing),
    stepOf(one),
    one.setWeight === undefined ? "-" : String(one.setWeight),
    one.target ?? "-",
    one.startedAt === undefined ? age(one.endedAt, at) : age(one.startedAt, at),
    drawing.paint("dim", one.message),
  ]);
  return [...stopped, ...table([bold(LIST_HEAD, drawing), ...rows])];
}

const stepOf = ({ step, steps }: RolloutSummary): string =>
  step === undefined || steps === undefined ? "-" : `${Math.min(step + 1, steps)}/${steps}`;

const PAST_HEAD = ["ROLLOUT", "OUTCOME", "FROM", "TO", "STEP", "WEIGHT", "ENDED", "TOOK", "BY", "WHY"];

const TONES: Readonly<Record<string, Tone>> = { promoted: "good", superseded: "warn", watched: "dim" };

export function renderHistory(history: RolloutHistory, drawing: Drawing): readonly string[] {
  const { past, decisions, answered, at } = history;
  const { paint } = drawing;
  const rollouts =
    past.length === 0
      ? ["No rollout has ended yet."]
      : table([bold(PAST_HEAD, drawing), ...past.map((one) => pastRow(one, at, drawing))]);
  const lines = decisions.flatMap((decision) => [
    `${age(decision.at, at)} ago  ${paint("dim", `(${decision.mode}, decision ${decision.version})`)}`,
    ...decision.acts.map(({ what, outcome, why }) => `    ${what} ${outcome}: ${why}`),
  ]);
  const orders = answered.map((order) => answeredLine(inShort(order), at, paint));
  return [
    ...rollouts,
    ...(orders.length === 0 ? [] : ["", paint("bold", "ordered, newest first"), ...orders]),
    ...(lines.length === 0 ? [] : ["", paint("bold", "done, newest first"), ...lines]),
  ];
}

function pastRow(past: PastRolloutView, now: number, { paint }: Drawing): readonly string[] {
  return [
    past.id,
    paint(TONES[past.outcome] ?? "bad", past.outcome),
    past.source,
    past.target,
    `${past.step}/${past.steps}`,
    String(past.weight),
    `${age(past.endedAt, now)} ago`,
    duration(past.endedAt - past.startedAt),
    callerName(past.author),
    // How it ended is the reason; a promotion rests on its verdict.
    past.outcome === "promoted" ? (past.verdict ?? past.reason) : past.reason,
  ];
}

const METRIC_HEAD = ["METRIC", "VERDICT", "NEW", "OLD", "E-WORSE", "E-FINE", "NEEDED", "PHI", "EXCESS"];

export function renderAnalysis(view: RolloutView, drawing: Drawing): readonly string[] {
  const { analysis, rollout, at, countdowns } = view;
  if (analysis === undefined || rollout === undefined) {
    const [last] = view.past;
    if (last?.verdict === undefined) return ["Nothing is analysed: no rollout is under way."];
    return [`Nothing is analysed. ${last.id}, ${age(last.endedAt, at)} ago: ${last.verdict}`];
  }
  const deadline = countdowns.find(({ what }) => what === "analysis deadline");
  const rows = analysis.metrics.map((metric) => metricRow(metric, drawing));
  return [
    `${verdictText(analysis.kind, drawing)}  ${analysis.text}`,
    ...facts(analysis, at),
    ...(deadline === undefined ? [] : [`deadline ${ahead(deadline.at, at)}`]),
    ...(rows.length === 0 ? [] : ["", ...table([bold(METRIC_HEAD, drawing), ...rows])]),
    "",
    drawing.paint(
      "dim",
      "NEW and OLD: bad of all. E-WORSE at NEEDED goes back, E-FINE at its bound goes on early.",
    ),
    drawing.paint(
      "dim",
      "PHI: how much errors come in clumps (1 = not). EXCESS: at most so many more of a hundred fail.",
    ),
  ];
}

function facts(analysis: AnalysisView, now: number): readonly string[] {
  const { kind, failed, leastFailed, by, requestsPerSecond, since, problem } = analysis;
  const least = leastFailed === undefined ? "" : `; ${Math.ceil(leastFailed)} is the least possible`;
  return [
    `${failed} failed requests of the new revision${least}`,
    `${round(requestsPerSecond)} requests a second${since === undefined ? "" : `, analysed for ${age(since, now)}`}` +
      (by === undefined || kind === "pending" ? "" : `, decided by ${by}`),
    ...(problem === undefined ? [] : [`metrics: ${problem}`]),
  ];
}

function metricRow(metric: MetricLine, drawing: Drawing): readonly string[] {
  const { candidate, control, excessBound } = metric;
  return [
    metric.name,
    verdictText(metric.kind, drawing),
    `${candidate.bad}/${candidate.total}`,
    `${control.bad}/${control.total}`,
    round(metric.eBad),
    round(metric.eGood),
    round(metric.needed),
    round(metric.phi),
    excessBound === undefined ? "-" : `${round(excessBound * 100)}%`,
  ];
}

/** Three digits that count: `0.004`, `12.1`, `5230`. Evidence may be astronomic. */
function round(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-";
  if (value >= 1e9) return value.toExponential(1);
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}
