// Rollouts of one key as people look at them. Pure; derived from the table's items alone, so looking costs no
// call to ECS, Elastic Load Balancing or CloudWatch.

import { callerName } from "../base/arn.ts";
import type { EpochMs } from "../base/time.ts";
import { addMs } from "../base/time.ts";
import type { Aggregate, DecisionRecord } from "../contracts/aggregate.ts";
import type {
  ActiveRolloutView,
  AnalysisView,
  CountdownView,
  PastRolloutView,
  RolloutHistory,
  RolloutStatus,
  RolloutSummary,
  RolloutView,
} from "../contracts/rollout-api.ts";
import type { RolloutPolicy } from "../contracts/rollout-policy.ts";
import type { Verdict } from "../core/rollout/analysis/analysis.ts";
import type { Active, PastRollout, Rollout, RolloutState } from "../core/rollout/state.ts";
import { initialRolloutState } from "../core/rollout/state.ts";
import { QUARANTINE_AFTER } from "./pass.ts";
import { actText, outcomeText } from "./rollout-acts.ts";
import { answeredOrders, openOrders } from "./rollout-answers.ts";
import { revisionNodes, sumOf } from "./rollout-revisions.ts";
import { stepText, strategyOf } from "./rollout-words.ts";

export const rolloutStateOf = ({ state }: Pick<Aggregate, "state">): RolloutState =>
  (state.capabilities["rollout"] as RolloutState | undefined) ?? initialRolloutState;

export const activeOf = (state: RolloutState): Active | undefined =>
  state.phase === "idle" ? undefined : state;

export function rolloutViewOf(aggregate: Aggregate, policy: RolloutPolicy, now: EpochMs): RolloutView {
  const state = rolloutStateOf(aggregate);
  const active = activeOf(state);
  const revisions = revisionNodes(aggregate.state.tasks, state);
  const reasons = aggregate.state.reasons["rollout"] ?? [];
  const analysis = active === undefined ? undefined : analysisView(active.rollout);
  return {
    key: aggregate.key,
    at: now,
    mode: policy.mode,
    status: statusOf(aggregate, state),
    message: messageOf(aggregate, state),
    strategy: active === undefined ? strategyOf(policy.steps) : ownStrategy(active.rollout, policy),
    ...(active !== undefined && { rollout: activeView(active) }),
    counts: sumOf(revisions.map(({ counts }) => counts)),
    revisions,
    ...(analysis !== undefined && { analysis }),
    countdowns: countdowns(aggregate, { active, policy, now }),
    reasons,
    ...(state.wanted !== undefined && { wanted: wantedView(state.wanted) }),
    orders: openOrders(aggregate, state),
    answered: answeredOrders(state),
    awaiting: aggregate.state.awaiting
      .filter(({ capability }) => capability === "rollout")
      .map(({ id, action, reason }) => ({ id, text: `${actText(action)}: ${reason.text}` })),
    past: state.past.map(pastView),
  };
}

export function rolloutSummaryOf(aggregate: Aggregate, policy: RolloutPolicy): RolloutSummary {
  const state = rolloutStateOf(aggregate);
  const rollout = activeOf(state)?.rollout;
  const [last] = state.past;
  return {
    key: aggregate.key,
    mode: policy.mode,
    status: statusOf(aggregate, state),
    strategy: strategyOf(policy.steps),
    message: messageOf(aggregate, state),
    ...(rollout !== undefined && {
      rollout: rollout.id,
      target: familyOf(rollout.target.taskDefinition),
      step: rollout.step,
      steps: rollout.steps.length,
      setWeight: rollout.weight,
      startedAt: rollout.startedAt,
    }),
    ...(last !== undefined && { outcome: last.outcome, endedAt: last.endedAt }),
  };
}

/** `records` = the key's, newest first. */
export function rolloutHistoryOf(
  aggregate: Aggregate,
  records: readonly DecisionRecord[],
  now: EpochMs,
): RolloutHistory {
  return {
    key: aggregate.key,
    at: now,
    past: rolloutStateOf(aggregate).past.map(pastView),
    answered: answeredOrders(rolloutStateOf(aggregate)),
    decisions: records
      .filter(({ capability }) => capability === "rollout")
      .map(({ at, version, mode, reasons, actions }) => ({
        at,
        version,
        mode,
        reasons,
        acts: actions.map(({ proposal, outcome }) => ({
          what: actText(proposal.action),
          outcome: outcomeText(outcome),
          why: proposal.reason.text,
        })),
      })),
  };
}

// --- the one word, and the one sentence ---------------------------------------------------------------------

const endedBadly = (past: PastRollout | undefined): boolean =>
  past !== undefined && ["rolled-back", "failed", "needs-operator"].includes(past.outcome);

/** Weights that point at the wrong group between rollouts are worse than how the last one ended. */
function idleStatus({ drift, wanted, past }: RolloutState): RolloutStatus {
  if (drift !== undefined) return "degraded";
  if (wanted !== undefined) return "held";
  return endedBadly(past[0]) ? "degraded" : "healthy";
}

function statusOf({ state, commands }: Aggregate, rolloutState: RolloutState): RolloutStatus {
  if (state.version === 0) return "unseen";
  if (state.failures >= QUARANTINE_AFTER) return "degraded";
  const active = activeOf(rolloutState);
  if (active === undefined) return idleStatus(rolloutState);
  if (active.phase === "stuck") return "degraded";
  if (active.phase === "aborting") return "rolling-back";
  const isKeyPaused = commands.some(({ type }) => type === "pause");
  return activeStatus(active.rollout, active.phase, isKeyPaused);
}

function activeStatus(rollout: Rollout, phase: Active["phase"], isKeyPaused: boolean): RolloutStatus {
  if (rollout.driver === "watch") return "watching";
  if (isKeyPaused || rollout.paused !== undefined) return "paused";
  const step = phase === "stepping" ? rollout.steps[rollout.step] : undefined;
  if (step?.kind === "approve" && !isApproved(rollout)) return "awaiting-approval";
  if (rollout.hold !== undefined && rollout.hold.code !== "awaits-promote") return "held";
  return step?.kind === "pause" ? "paused" : "progressing";
}

const isApproved = ({ approvals, step }: Rollout): boolean =>
  approvals.some((approval) => approval.step === step);

function messageOf(aggregate: Aggregate, state: RolloutState): string {
  const { failures, version, reasons } = aggregate.state;
  if (version === 0) return "No pass has looked at it yet.";
  if (failures >= QUARANTINE_AFTER) return `${failures} passes in a row failed: see \`fairlead why\`.`;
  const active = activeOf(state);
  const first = reasons["rollout"]?.[0]?.text;
  if (active === undefined)
    return (
      state.drift?.text ?? state.wanted?.hold?.text ?? lastEnd(state) ?? first ?? "No rollout is under way."
    );
  const { cause, hold, paused, trouble, driver, verdict } = active.rollout;
  if (active.phase === "aborting" && cause !== undefined) return cause.text;
  if (paused !== undefined) return `Paused by ${callerName(paused.by)}.`;
  if (hold !== undefined) return hold.text;
  if (trouble !== undefined && driver !== "watch") return `${trouble.code}: ${trouble.message}`;
  // The verdict has been said: what it does now is what is asked.
  if (active.phase === "finishing") {
    const now = reasons["rollout"]?.find(({ text }) => text !== verdict?.text)?.text;
    if (now !== undefined) return now;
  }
  const waits = reasons["rollout"]?.find(({ code }) => code === "pausing")?.text;
  return waits ?? first ?? verdict?.text ?? "Under way.";
}

const END_WORDS: Readonly<Record<PastRollout["outcome"], string>> = {
  promoted: "was promoted",
  "rolled-back": "was rolled back",
  superseded: "was superseded",
  failed: "failed",
  "needs-operator": "needs an operator",
  watched: "was watched",
};

function lastEnd({ past: [last] }: RolloutState): string | undefined {
  if (last === undefined) return undefined;
  return `${familyOf(last.target.taskDefinition)} ${END_WORDS[last.outcome]}: ${last.reason}`;
}

/** A policy that changed meanwhile is for the next one. */
function ownStrategy({ isAuto, steps }: Rollout, policy: RolloutPolicy): string {
  if (!isAuto) return strategyOf(steps);
  return "kind" in policy.steps ? strategyOf(policy.steps) : "auto";
}

// --- the rollout under way ----------------------------------------------------------------------------------

const familyOf = (taskDefinition: string): string =>
  taskDefinition.slice(taskDefinition.lastIndexOf("/") + 1);

function activeView({ phase, rollout }: Active): ActiveRolloutView {
  const actualWeight = actualWeightOf(rollout, phase);
  return {
    id: rollout.id,
    phase,
    driver: rollout.driver,
    author: rollout.author,
    startedAt: rollout.startedAt,
    target: familyOf(rollout.target.taskDefinition),
    source: familyOf(rollout.source.taskDefinition),
    targetImages: rollout.target.images,
    sourceImages: rollout.source.images,
    step: rollout.step,
    stepSince: rollout.stepSince,
    steps: rollout.steps.map((step, index) => ({
      text: stepText(step),
      state: stepState(index, rollout.step, phase),
    })),
    isAuto: rollout.isAuto,
    setWeight: rollout.weight,
    ...(actualWeight !== undefined && { actualWeight }),
    setScale: rollout.scale,
    ...(rollout.deploymentArn !== undefined && { deploymentArn: rollout.deploymentArn }),
    ...(rollout.waived !== undefined && { waived: rollout.waived }),
    approvals: rollout.approvals.map(({ step, by, decision }) => ({ step, by, decision })),
  };
}

function stepState(index: number, step: number, phase: Active["phase"]): "done" | "current" | "waiting" {
  if (index < step) return "done";
  return index === step && phase === "stepping" ? "current" : "waiting";
}

/** Requests of the last complete bin where there are any; else the weights as they stand at the load balancer. */
function actualWeightOf(
  { analysis, weights, places, stepSince }: Rollout,
  phase: Active["phase"],
): ActiveRolloutView["actualWeight"] {
  const [metric] = Object.values(analysis.metrics);
  // A bin from before the weight was changed tells of the former one.
  const isFresh = phase === "stepping" && (metric?.lastBinAt ?? 0) >= stepSince;
  const last = isFresh ? metric?.lastRequests : undefined;
  const total = (last?.candidate ?? 0) + (last?.control ?? 0);
  if (last !== undefined && total > 0)
    return { percent: oneDecimal(last.candidate, total), from: "requests" };
  const sum = Object.values(weights ?? {}).reduce((all, weight) => all + weight, 0);
  if (places.candidateGroup === undefined || weights === undefined || sum === 0) return undefined;
  return { percent: oneDecimal(weights[places.candidateGroup] ?? 0, sum), from: "listener" };
}

const oneDecimal = (part: number, whole: number): number => Math.round((1_000 * part) / whole) / 10;

// --- the analysis -------------------------------------------------------------------------------------------

function analysisView({ analysis, verdict }: Rollout): AnalysisView | undefined {
  if (verdict === undefined && Object.keys(analysis.metrics).length === 0) {
    if (analysis.problem === undefined) return undefined;
    return { ...noVerdict, requestsPerSecond: analysis.requestsPerSecond, problem: analysis.problem };
  }
  return {
    ...(verdict === undefined ? noVerdict : saidBy(verdict)),
    ...(analysis.since !== undefined && { since: analysis.since }),
    requestsPerSecond: analysis.requestsPerSecond,
    ...(analysis.problem !== undefined && { problem: analysis.problem }),
  };
}

const noVerdict = { kind: "pending", text: "Nothing was counted yet.", failed: 0, metrics: [] } as const;

const saidBy = (verdict: Verdict) => ({
  kind: verdict.kind,
  text: verdict.text,
  by: verdict.by,
  at: verdict.at,
  failed: verdict.failed,
  ...(verdict.leastFailed !== undefined && { leastFailed: verdict.leastFailed }),
  metrics: verdict.metrics.map(({ metric, ...line }) => ({ name: metric, ...line })),
});

// --- what comes, and when -----------------------------------------------------------------------------------

interface Ahead {
  readonly active: Active | undefined;
  readonly policy: RolloutPolicy;
  readonly now: EpochMs;
}

function countdowns({ state }: Aggregate, { active, policy, now }: Ahead): readonly CountdownView[] {
  const found: CountdownView[] = active === undefined ? [] : [...ofRollout(active, policy)];
  if (state.wakeAt !== undefined) found.push({ what: "looks again", at: state.wakeAt });
  return found.filter(({ at }) => at >= now).sort((a, b) => a.at - b.at);
}

function ofRollout({ rollout, phase }: Active, policy: RolloutPolicy): readonly CountdownView[] {
  const found: CountdownView[] = [];
  const { trouble, openHook, trafficSince, drainedSince, stepSince, movingSince } = rollout;
  if (phase === "stepping") found.push(...ofStep(rollout, policy));
  if (phase === "starting" || phase === "preparing")
    found.push({ what: "progress deadline", at: addMs(movingSince ?? stepSince, policy.progressDeadlineMs) });
  if (phase === "finishing" && drainedSince !== undefined)
    found.push({ what: "old revision goes", at: addMs(drainedSince, policy.scaleDownDelayMs) });
  if (phase === "stepping" && trafficSince !== undefined)
    found.push({ what: "analysis deadline", at: addMs(trafficSince, policy.analysis.deadlineMs) });
  if (openHook?.expiresAt !== undefined) found.push({ what: "ECS's own time-out", at: openHook.expiresAt });
  if (trouble !== undefined) found.push({ what: "tries again", at: trouble.nextTryAt });
  return found;
}

function ofStep(
  { steps, step, stepSince, approvals, hold, paused }: Rollout,
  policy: RolloutPolicy,
): readonly CountdownView[] {
  const current = steps[step];
  if (current?.kind === "approve") {
    const isGiven = approvals.some((approval) => approval.step === step);
    return isGiven ? [] : [{ what: "approval expires", at: addMs(stepSince, current.expiresMs) }];
  }
  if (current?.kind === "pause" || current?.kind === "analysis") {
    if (current.durationMs === undefined || hold !== undefined || paused !== undefined) return [];
    return [{ what: "next step", at: addMs(stepSince, current.durationMs) }];
  }
  return [{ what: "progress deadline", at: addMs(stepSince, policy.progressDeadlineMs) }];
}

// --- before and after ---------------------------------------------------------------------------------------

function pastView(past: PastRollout): PastRolloutView {
  const { target, source, verdict: last, ...rest } = past;
  // One that was still open when it ended tells nothing of the end.
  const verdict = last?.kind === "bad" || last?.kind === "good" ? last : undefined;
  return {
    ...rest,
    target: familyOf(target.taskDefinition),
    source: familyOf(source.taskDefinition),
    ...(verdict !== undefined && { verdict: verdict.text }),
  };
}

function wantedView(wanted: NonNullable<RolloutState["wanted"]>): NonNullable<RolloutView["wanted"]> {
  const { taskDefinition, by, at, decision, hold } = wanted;
  return {
    taskDefinition: familyOf(taskDefinition),
    by,
    at,
    decision,
    ...(hold !== undefined && { why: hold.text }),
  };
}
