// What the present step waits for, once the driver is where the step wants it.

import { callerName } from "../../base/arn.ts";
import { assertNever } from "../../base/assert.ts";
import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { DurationMs, EpochMs } from "../../base/time.ts";
import { addMs } from "../../base/time.ts";
import type { OnUnsure, RolloutStep } from "../../contracts/rollout-policy.ts";
import { nextWeight } from "./analysis/ramp.ts";
import { hasMetrics } from "./evidence.ts";
import { SETTLE_MS } from "./metric-queries.ts";
import type { Pass } from "./pass.ts";
import { actId, send } from "./pass.ts";
import { isPaced, WEBHOOK_RECHECK_MS, weightCap, wholePercent } from "./policy.ts";
import type { Rollout } from "./state.ts";

export type StepResult =
  | { readonly kind: "done"; readonly reason: Reason }
  /** The ramp writes its next step. */
  | { readonly kind: "raise"; readonly weight: number; readonly reason: Reason }
  /** `holds`: somebody should know; otherwise only time or metrics are missing. */
  | { readonly kind: "wait"; readonly reason: Reason; readonly until?: EpochMs; readonly holds?: true }
  | { readonly kind: "back"; readonly reason: Reason };

export function stepResult(pass: Pass, rollout: Rollout): StepResult {
  const step = rollout.steps[rollout.step];
  if (step === undefined) return resultAtTheEnd(pass, rollout);
  switch (step.kind) {
    case "setWeight":
    case "setScale":
    case "headerRoute":
      return { kind: "done", reason: reason("step-done", `Step ${rollout.step + 1} is reached.`) };
    case "pause":
      return pauseResult(pass, rollout, step);
    case "analysis":
      return analysisResult(pass, rollout, step);
    case "webhook":
      return webhookResult(pass, rollout, step);
    case "approve":
      return approvalResult(pass, rollout, step);
    default:
      return assertNever(step);
  }
}

type StepOf<Kind extends RolloutStep["kind"]> = Extract<RolloutStep, { kind: Kind }>;

function pauseResult({ input }: Pass, rollout: Rollout, { durationMs }: StepOf<"pause">): StepResult {
  if (durationMs === undefined) {
    const text = `Step ${rollout.step + 1} waits until somebody promotes.`;
    return { kind: "wait", holds: true, reason: reason("awaits-promote", text) };
  }
  const until = addMs(rollout.stepSince, durationMs);
  if (until <= input.now) return { kind: "done", reason: reason("pause-over", "The pause is over.") };
  return { kind: "wait", until, reason: reason("pausing", "The pause of this step runs.", { until }) };
}

function analysisResult(pass: Pass, rollout: Rollout, { durationMs }: StepOf<"analysis">): StepResult {
  const least = durationMs === undefined ? undefined : addMs(rollout.stepSince, durationMs);
  if (isAllAtOnce(rollout)) return allAtOnce;
  const result = hasMetrics(pass, rollout) ? verdictResult(pass, rollout) : unmeasured(pass, rollout);
  if (result.kind !== "done" || least === undefined || least <= pass.input.now) return result;
  return {
    kind: "wait",
    until: least,
    reason: reason("analysing", "The analysis runs for its duration.", { until: least }),
  };
}

/** Production is weighed by metrics, and nobody has waived the verdict. */
export const isWeighed = (pass: Pass, rollout: Rollout): boolean =>
  rollout.waived === undefined &&
  rollout.trafficSince !== undefined &&
  isPaced(rollout) &&
  hasMetrics(pass, rollout);

/** What the policy makes of the verdict. Nothing unknown is ever a pass by itself. */
export function verdictResult({ input }: Pass, rollout: Rollout): StepResult {
  const { verdict } = rollout;
  const { analysis } = input.policy;
  const text = verdict?.text ?? "No metric has answered yet.";
  const isLate = deadlineOf(rollout, analysis.deadlineMs) <= input.now;
  switch (verdict?.kind) {
    case "good":
      return { kind: "done", reason: reason("analysis-good", text) };
    case "bad":
      // Going back is decided before any step is looked at: here the policy says hold, or the driver only watches.
      return { kind: "wait", holds: true, reason: reason("analysis-bad", text) };
    case "inconclusive":
      return unsure(analysis.onInconclusive, "analysis-inconclusive", text);
    case "no-traffic":
      // Nobody ever asked: the policy says what that means. A lull means nothing before the deadline.
      return isLate || !wasEverAsked(rollout)
        ? unsure(analysis.onNoTraffic, "no-traffic", text)
        : { kind: "wait", reason: reason("no-traffic", text) };
    case "no-data":
      return isLate
        ? unsure(unlessContinue(analysis.onInconclusive), "no-data", text)
        : { kind: "wait", holds: true, reason: reason("no-data", text) };
    case undefined:
      // No share of production yet, as before the first weight: no verdict will ever come of itself.
      return rollout.trafficSince === undefined
        ? untried(analysis.onNoTraffic, text, { isLate, until: deadlineOf(rollout, analysis.deadlineMs) })
        : { kind: "wait", reason: reason("analysing", text) };
    case "pending":
      return { kind: "wait", reason: reason("analysing", text) };
    default:
      return assertNever(verdict as never);
  }
}

function untried(
  policy: OnUnsure,
  text: string,
  { isLate, until }: { readonly isLate: boolean; readonly until: EpochMs },
): StepResult {
  if (isLate) return unsure(policy, "no-traffic", text);
  return { kind: "wait", until, reason: reason("analysing", text, { until }) };
}

/** Metrics that do not answer are never a pass, whatever the policy makes of too little evidence. */
const unlessContinue = (policy: OnUnsure): OnUnsure => (policy === "continue" ? "hold" : policy);

const deadlineOf = ({ trafficSince, stepSince }: Rollout, deadlineMs: DurationMs): EpochMs =>
  addMs(trafficSince ?? stepSince, deadlineMs);

const wasEverAsked = ({ analysis }: Rollout): boolean =>
  Object.values(analysis.metrics).some(({ candidate, control }) => candidate.total + control.total > 0);

function unsure(policy: OnUnsure, code: string, text: string): StepResult {
  switch (policy) {
    case "continue":
      return { kind: "done", reason: reason(code, `${text} The policy goes on.`) };
    case "hold":
      return {
        kind: "wait",
        holds: true,
        reason: reason(code, `${text} The policy holds: promote or abort.`),
      };
    case "rollback":
      return { kind: "back", reason: reason(code, `${text} The policy goes back.`) };
    default:
      return assertNever(policy);
  }
}

function webhookResult(pass: Pass, rollout: Rollout, { url, timeoutMs }: StepOf<"webhook">): StepResult {
  const { key, now } = pass.input;
  const answer =
    rollout.webhook !== undefined && rollout.webhook.at >= rollout.stepSince ? rollout.webhook : undefined;
  if (answer?.verdict === "pass")
    return { kind: "done", reason: reason("webhook-passed", answer.reason || "The webhook passed.") };
  if (answer?.verdict === "fail") {
    return { kind: "back", reason: reason("webhook-failed", `The webhook failed: ${answer.reason}`) };
  }
  const again = answer === undefined ? rollout.messagesAt : addMs(answer.at, WEBHOOK_RECHECK_MS);
  const waits = reason("webhook-asked", `Step ${rollout.step + 1} waits for the answer of ${url}.`);
  if (again !== undefined && again > now) return { kind: "wait", until: again, reason: waits };
  send(pass, {
    id: actId(key, rollout.id, rollout.step, "webhook", answer?.at ?? 0),
    field: "rollout/webhook",
    action: {
      type: "call-webhook",
      url,
      timeoutMs,
      body: {
        key,
        rollout: rollout.id,
        step: rollout.step + 1,
        weight: rollout.weight,
        target: rollout.target.taskDefinition,
        source: rollout.source.taskDefinition,
      },
    },
    reason: waits,
  });
  return { kind: "wait", until: addMs(now, WEBHOOK_RECHECK_MS), reason: waits };
}

function approvalResult({ input }: Pass, rollout: Rollout, { expiresMs }: StepOf<"approve">): StepResult {
  const approval = rollout.approvals.find(({ step }) => step === rollout.step);
  if (approval !== undefined && addMs(approval.at, expiresMs) > input.now) {
    return {
      kind: "done",
      reason: reason("approved", `${callerName(approval.by)} approved it (${approval.decision}).`),
    };
  }
  const until = addMs(rollout.stepSince, expiresMs);
  if (until > input.now) {
    const text = `Step ${rollout.step + 1} waits for the approval of somebody other than ${callerName(rollout.author)}.`;
    return { kind: "wait", holds: true, until, reason: reason("awaits-approval", text, { until }) };
  }
  const expired = reason("approval-expired", `Nobody approved step ${rollout.step + 1} in time.`);
  return input.policy.onDeadline === "rollback"
    ? { kind: "back", reason: expired }
    : { kind: "wait", holds: true, reason: expired };
}

// --- everything at once ---------------------------------------------------------------------------------

/** A share was wished and could not be given: where ECS alone shifts, BLUE_GREEN knows nothing and everything. */
const isAllAtOnce = ({ trafficSince, steps, step }: Rollout): boolean =>
  trafficSince === undefined &&
  steps.slice(0, step + 1).some((one) => one.kind === "setWeight" && one.weight > 0);

const allAtOnce: StepResult = {
  kind: "done",
  reason: reason(
    "all-at-once",
    "ECS moves everything at once: it is judged then, while the old tasks stand.",
  ),
};

/** It has everything since ECS's one shift, and was never compared before: the verdict comes now. */
export const isJudgedAfterwards = (pass: Pass, rollout: Rollout): boolean =>
  isWeighed(pass, rollout) &&
  (rollout.trafficSince ?? 0) >= rollout.stepSince &&
  rollout.steps.some((one) => one.kind === "setWeight" && one.weight > 0);

// --- after the last step --------------------------------------------------------------------------------

function resultAtTheEnd(pass: Pass, rollout: Rollout): StepResult {
  if (rollout.waived !== undefined) return { kind: "done", reason: reason("verdict-waived", rollout.waived) };
  if (!isPaced(rollout))
    return { kind: "done", reason: reason("unpaced", "ECS gives the pace of this deployment.") };
  if (isAllAtOnce(rollout)) return allAtOnce;
  if (rollout.isAuto) return rampResult(pass, rollout);
  if (wholePercent(pass.input.policy.controlShare, 0) === 0) {
    return {
      kind: "done",
      reason: reason("steps-done", "All steps are done and the policy keeps no control share."),
    };
  }
  if (!hasMetrics(pass, rollout)) {
    return {
      kind: "done",
      reason: reason("no-metrics", "All steps are done; nothing counts this service's requests."),
    };
  }
  return verdictResult(pass, rollout);
}

/** The next weight follows from what was learnt; at the cap the verdict decides. */
function rampResult(pass: Pass, rollout: Rollout): StepResult {
  const { policy, now } = pass.input;
  const cap = weightCap(policy, rollout);
  const isSure = rollout.verdict?.kind === "good";
  if (!("kind" in policy.steps)) return verdictResult(pass, rollout);
  const next = nextWeight(rollout.analysis, {
    auto: policy.steps,
    policy: policy.analysis,
    now,
    weight: rollout.weight,
    ...(rollout.weight > 0 ? { raisedAt: rollout.stepSince } : {}),
    cap,
    controlShare: isSure ? 0 : wholePercent(policy.controlShare, 0),
    settleMs: SETTLE_MS,
  });
  const weight = Math.min(cap, wholePercent(next.weight, rollout.weight));
  // A good verdict does not end the soak: leaks and slow failures show with time, not with requests.
  if (isSure && Math.max(rollout.weight, lastAsked(rollout)) >= cap) return verdictResult(pass, rollout);
  if (weight > Math.max(rollout.weight, lastAsked(rollout)))
    return { kind: "raise", weight, reason: next.reason };
  if (isSure) {
    const until = next.askAt;
    return { kind: "wait", reason: next.reason, ...(until === undefined ? {} : { until }) };
  }
  const result = hasMetrics(pass, rollout) ? verdictResult(pass, rollout) : unmeasured(pass, rollout);
  if (result.kind !== "wait" || next.askAt === undefined) return result;
  return { ...result, until: next.askAt, reason: next.reason };
}

/** A weight that the driver could not bring about is not asked for again and again. */
const lastAsked = ({ steps }: Rollout): number =>
  steps.findLast((step) => step.kind === "setWeight")?.weight ?? 0;

/** Nothing counts requests, so there is no traffic that anybody knows of: the policy for that decides. */
function unmeasured({ input }: Pass, rollout: Rollout): StepResult {
  const until = deadlineOf(rollout, input.policy.analysis.deadlineMs);
  const text = "Nothing counts this service's requests.";
  if (until > input.now) return { kind: "wait", until, reason: reason("no-metrics", text, { until }) };
  return unsure(input.policy.analysis.onNoTraffic, "no-metrics", text);
}
