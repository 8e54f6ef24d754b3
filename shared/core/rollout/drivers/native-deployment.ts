// Where a service deployment stands, as far as a rollout cares.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html#service-deployments-states

import type { Reason } from "../../../base/reasons.ts";
import { reason } from "../../../base/reasons.ts";
import { minutes } from "../../../base/time.ts";
import type { DeploymentView, OpenHook } from "../../../contracts/rollout-views.ts";
import type { DriverInput, Steering } from "../driver.ts";
import type { Rollout } from "../state.ts";
import { AFTER, GATE } from "./native-plan.ts";
import { ended, impossible, lacking, reached, seen, waiting, withLearnt } from "./steering.ts";

/**
 * early: no production traffic yet. gate: before a production shift. shifting: ECS writes weights. after: all
 * shifted, the old tasks stand. late: bake and clean-up. unknown: a stage that AWS added.
 */
type Stand = "early" | "gate" | "shifting" | "after" | "late" | "unknown";

const STANDS: Readonly<Record<string, Stand>> = {
  RECONCILE_SERVICE: "early",
  PRE_SCALE_UP: "early",
  SCALE_UP: "early",
  POST_SCALE_UP: "early",
  TEST_TRAFFIC_SHIFT: "early",
  POST_TEST_TRAFFIC_SHIFT: "early",
  [GATE]: "gate",
  PRODUCTION_TRAFFIC_SHIFT: "shifting",
  [AFTER]: "after",
  BAKE_TIME: "late",
  CLEAN_UP: "late",
};

export const standOf = ({ stage }: DeploymentView): Stand =>
  stage === undefined ? "early" : (STANDS[stage] ?? "unknown");

const GOING_BACK: readonly string[] = ["STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"];
const OVER: readonly string[] = ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"];

export const isGoingBack = ({ status }: DeploymentView): boolean => GOING_BACK.includes(status);
export const isOver = ({ status }: DeploymentView): boolean => OVER.includes(status);

/** The PAUSE that waits for an answer; Lambda hooks answer for themselves. */
export const waitingHook = ({ hooks }: DeploymentView): OpenHook | undefined =>
  hooks.find(({ kind, status }) => kind === "PAUSE" && status === "AWAITING_ACTION");

/** "Service deployment was stopped because of a new service deployment." */
const SUPERSEDED = /new service deployment/i;

export interface Ending {
  readonly outcome: NonNullable<Steering["outcome"]>;
  readonly why: Reason;
}

/** How ECS ended it; undefined while it has not. */
export function endingOf(view: DeploymentView): Ending | undefined {
  const told = view.rollbackReason ?? view.statusReason ?? "";
  const alarms = view.triggeredAlarms.length === 0 ? "" : ` Alarms: ${view.triggeredAlarms.join(", ")}.`;
  const inputs = { status: view.status, deployment: view.arn };
  const why = (code: string, text: string): Reason => reason(code, `${text} ${told}${alarms}`.trim(), inputs);
  switch (view.status) {
    case "SUCCESSFUL":
      return { outcome: "promoted", why: why("deployment-successful", "ECS has finished the deployment.") };
    case "ROLLBACK_SUCCESSFUL":
      return {
        outcome: "rolled-back",
        why: why("deployment-rolled-back", "ECS has rolled the deployment back."),
      };
    case "ROLLBACK_FAILED":
      return {
        outcome: "failed",
        why: why("deployment-rollback-failed", "ECS could not roll the deployment back."),
      };
    case "STOPPED":
      return SUPERSEDED.test(told)
        ? { outcome: "superseded", why: why("deployment-superseded", "A newer deployment took over.") }
        : { outcome: "failed", why: why("deployment-stopped", "The deployment was stopped where it stood.") };
    default:
      return undefined;
  }
}

/** Nothing goes on by itself after a rollback that failed: somebody must look. */
export const endedBy = ({ outcome, why }: Ending, parts: Partial<Steering> = {}): Steering =>
  why.code === "deployment-rollback-failed"
    ? impossible(why, { ...parts, outcome })
    : ended(outcome, why, parts);

/** Of the deployment itself, whatever is wished. */
function learntOf(view: DeploymentView, rollout: Rollout): Steering["learnt"] {
  const hook = waitingHook(view);
  const openHook =
    hook === undefined
      ? undefined
      : {
          id: hook.hookId,
          stage: view.stage ?? "",
          ...(hook.expiresAt === undefined ? {} : { expiresAt: hook.expiresAt }),
        };
  const revisionArn = rollout.target.revisionArn ?? view.target?.arn;
  const sourceArn = rollout.source.revisionArn ?? view.sources[0]?.arn;
  return {
    deploymentArn: view.arn,
    openHook,
    ...(revisionArn === undefined ? {} : { target: { ...rollout.target, revisionArn } }),
    ...(sourceArn === undefined ? {} : { source: { ...rollout.source, revisionArn: sourceArn } }),
  };
}

/** The view of the rollout's own deployment (1 call), or what to answer while there is none. */
export function lookAt(input: DriverInput): DeploymentView | Steering {
  const { deployment } = input.observation;
  const isMissing = deployment?.ok === false && deployment.code === "missing";
  const lack = isMissing ? undefined : lacking(input, "deployment");
  if (lack !== undefined) return lack;
  const view = seen(deployment);
  return view === undefined || !isOwn(view, input.rollout) ? unseen(input) : view;
}

/** A deployment that was known goes with its service: then nothing is left to move (service 1). */
function unseen(input: DriverInput): Steering {
  const { observation, rollout } = input;
  if (rollout.deploymentArn !== undefined && observation.service === undefined) {
    return lacking(input, "service") ?? reached();
  }
  const service = seen(observation.service);
  const isMissing = observation.service?.ok === false && observation.service.code === "missing";
  if (isMissing || (service !== undefined && service.status !== "ACTIVE")) {
    return ended("failed", reason("service-gone", "The service was deleted, and its deployment with it."));
  }
  return waiting(input, reason("deployment-unseen", "ECS does not show the rollout's deployment yet."));
}

/** ECS's clock and ours differ by seconds at most. */
const CLOCKS_DIFFER_MS = minutes(1);

/** Before the start was answered: the newest one, unless it is older than the rollout. */
export const isOwn = ({ arn, createdAt }: DeploymentView, { deploymentArn, startedAt }: Rollout): boolean =>
  deploymentArn === undefined ? createdAt >= startedAt - CLOCKS_DIFFER_MS : arn === deploymentArn;

export const isSteering = (one: DeploymentView | Steering): one is Steering => "standing" in one;

export const during = (answer: Steering, view: DeploymentView, rollout: Rollout): Steering =>
  withLearnt(answer, learntOf(view, rollout));

/** The ids of hooks are new with each execution: an answer is given once. */
export const shortHook = (hookId: string): string => hookId.slice(-8);
