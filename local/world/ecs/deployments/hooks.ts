// Lifecycle hooks: functions that ECS calls at a stage, and pauses that wait for ContinueServiceDeployment.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html

import type { DeploymentLifecycleHook } from "@aws-sdk/client-ecs";
import type { EpochMs } from "../../../../shared/base/time.ts";
import { addMs, earliest, isoInstant, minutes, seconds } from "../../../../shared/base/time.ts";
import type { FunctionOutcome } from "../../functions.ts";
import type { EcsContext } from "../context.ts";
import type { ServiceRecord } from "../model.ts";
import type { HookOutcome } from "./machine.ts";
import type { Step } from "./plan.ts";
import type { HookRecord, ServiceDeploymentRecord } from "./records.ts";

/** Everything that hooks need to know about whose they are. */
export interface HookScene {
  readonly context: EcsContext;
  readonly service: ServiceRecord;
  readonly record: ServiceDeploymentRecord;
  /** The deployment is looked at again, soon and not within the caller. */
  wake(): void;
}

/** API_DeploymentLifecycleHookTimeoutConfiguration. */
const DEFAULT_TIMEOUT_MINUTES = 1_440;
/** lambda-lifecycle-hooks: "By default, the delay is 30 seconds". */
const DEFAULT_CALL_BACK_S = 30;
const ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** As AWS's samples have it: `ecs-pause-e7tK9G_WRJqNF_EOMjztDXfKenlJuEUVjsNStf4WLKw`. */
const ID_LENGTH = 43;

const isPause = (hook: DeploymentLifecycleHook): boolean => hook.targetType === "PAUSE";
const isOpen = ({ status }: HookRecord): boolean => status === "IN_PROGRESS" || status === "AWAITING_ACTION";

/** All hooks of a stage run in parallel, each execution with an id of its own. */
export function openHooks(scene: HookScene, step: Step): void {
  const { record } = scene;
  record.hooks = [];
  if (!step.hooks) return;
  for (const hook of record.configuration.lifecycleHooks ?? []) {
    if (hook.lifecycleStages?.some((stage) => stage === step.stage) === true) openHook(scene, step, hook);
  }
}

function openHook(scene: HookScene, step: Step, hook: DeploymentLifecycleHook): void {
  const { kernel } = scene.context;
  const timeout = hook.timeoutConfiguration?.timeoutInMinutes ?? DEFAULT_TIMEOUT_MINUTES;
  const kind = isPause(hook) ? "pause" : "lambda";
  const letters = Array.from({ length: ID_LENGTH }, () => ID_LETTERS[kernel.chance.int(0, 63)]);
  const opened: HookRecord = {
    hookId: `ecs-${kind}-${letters.join("")}`,
    executionId: `${kernel.hex(8)}-${kernel.hex(4)}-4${kernel.hex(3)}-a${kernel.hex(3)}-${kernel.hex(12)}`,
    hook,
    stage: step.stage,
    expiresAt: addMs(kernel.now(), minutes(timeout)),
    status: isPause(hook) ? "AWAITING_ACTION" : "IN_PROGRESS",
    details: isRecord(hook.hookDetails) ? hook.hookDetails : {},
    failure: undefined,
    cancelCall: undefined,
  };
  scene.record.hooks.push(opened);
  emitHook(scene, opened);
  if (!isPause(hook)) callFunction(scene, opened);
}

function callFunction(scene: HookScene, hook: HookRecord): void {
  hook.cancelCall = undefined;
  const payload = hookPayload(scene, hook);
  scene.context.functions.invoke(hook.hook.hookTargetArn ?? "", payload, (outcome) => {
    if (!scene.record.hooks.includes(hook) || !isOpen(hook)) return;
    takeAnswer(scene, hook, outcome);
  });
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html#service-deployment-lifecycle-payloads */
function hookPayload({ service, record }: HookScene, hook: HookRecord): object {
  return {
    executionId: hook.executionId,
    lifecycleStage: hook.stage,
    resourceArn: record.arn,
    executionDetails: {
      serviceArn: service.arn,
      targetServiceRevisionArn: record.target.revisionArn,
      testTrafficWeights: hook.stage === "TEST_TRAFFIC_SHIFT" ? weightsByRevision(record, "test") : {},
      productionTrafficWeights:
        hook.stage === "PRODUCTION_TRAFFIC_SHIFT" || hook.stage === "PRE_PRODUCTION_TRAFFIC_SHIFT"
          ? weightsByRevision(record, "production")
          : {},
    },
    ...(Object.keys(hook.details).length > 0 && { hookDetails: hook.details }),
  };
}

function weightsByRevision(
  { target, base, traffic }: ServiceDeploymentRecord,
  kind: "production" | "test",
): Record<string, number> {
  const share = traffic[kind];
  const rest = Math.round((100 - share) * 10) / 10;
  return { [target.revisionArn]: share, ...(base !== undefined && { [base.revisionArn]: rest }) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

interface HookEnd {
  readonly status: HookRecord["status"];
  readonly failure?: string;
}

function takeAnswer(scene: HookScene, hook: HookRecord, outcome: FunctionOutcome): void {
  const answer = outcome.kind === "answered" && isRecord(outcome.payload) ? outcome.payload : {};
  if (answer["hookStatus"] === "IN_PROGRESS") callLater(scene, hook, answer);
  else settleHook(scene, hook, endOf(hook.hook.hookTargetArn ?? "", outcome, answer["hookStatus"]));
}

/** Texts: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting-blue-green.html */
function endOf(target: string, outcome: FunctionOutcome, hookStatus: unknown): HookEnd {
  if (outcome.kind === "failed") {
    const failure = `ECS was unable to invoke hook target ${target} due to ${outcome.error}`;
    return { status: "FAILED", failure };
  }
  if (hookStatus === "SUCCEEDED") return { status: "SUCCEEDED" };
  if (hookStatus === "FAILED") {
    return { status: "FAILED", failure: `Lifecycle hook target ${target} returned FAILED status.` };
  }
  const failure = `ECS was unable to parse the response from ${target} due to HookStatus must not be null`;
  return { status: "FAILED", failure };
}

/** The function is not done: it is called again, with the details that it gave merged into those before. */
function callLater(scene: HookScene, hook: HookRecord, answer: Record<string, unknown>): void {
  const asked = answer["callBackDelay"];
  const delayS = typeof asked === "number" && asked > 0 ? asked : DEFAULT_CALL_BACK_S;
  if (isRecord(answer["hookDetails"])) hook.details = { ...hook.details, ...answer["hookDetails"] };
  hook.cancelCall = scene.context.kernel.after(seconds(delayS), () => {
    if (isOpen(hook)) callFunction(scene, hook);
  });
}

/** The end of one hook, by its function, by ContinueServiceDeployment or by time. */
export function settleHook(scene: HookScene, hook: HookRecord, end: HookEnd): void {
  hook.cancelCall?.();
  hook.cancelCall = undefined;
  hook.status = end.status;
  hook.failure = end.failure;
  emitHook(scene, hook);
  scene.wake();
}

/** Nobody waits for these hooks any more. */
export function abandonHooks(record: ServiceDeploymentRecord): void {
  for (const hook of record.hooks) {
    hook.cancelCall?.();
    hook.cancelCall = undefined;
  }
}

/** What the hooks of this stage have come to; those whose time is over time out first. */
export function hookOutcome(scene: HookScene): HookOutcome {
  const { record, context } = scene;
  const now = context.kernel.now();
  for (const hook of record.hooks) if (isOpen(hook) && hook.expiresAt <= now) expire(scene, hook);
  const failed = record.hooks.find(({ failure }) => failure !== undefined);
  if (failed?.failure !== undefined) return { kind: "failed", reason: failed.failure };
  const open = record.hooks.filter(isOpen);
  const nextAt = earliest(...open.map(({ expiresAt }): EpochMs => expiresAt));
  if (nextAt === undefined) return { kind: "succeeded" };
  return { kind: "open", nextAt, paused: open.some(({ hook }) => isPause(hook)) };
}

function expire(scene: HookScene, hook: HookRecord): void {
  const goesOn = hook.hook.timeoutConfiguration?.action === "CONTINUE";
  const what = isPause(hook.hook) ? `Pause hook ${hook.hookId}` : `Hook target ${hook.hook.hookTargetArn}`;
  settleHook(scene, hook, { status: "TIMED_OUT", ...(!goesOn && { failure: `${what} timed out.` }) });
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html */
function emitHook({ context, service, record }: HookScene, hook: HookRecord): void {
  const failed = hook.status === "FAILED" || hook.status === "TIMED_OUT";
  context.kernel.emit({
    source: "aws.ecs",
    detailType: "ECS Hook State Change",
    resources: [record.arn],
    detail: {
      eventType: failed ? "ERROR" : "INFO",
      eventName: `HOOK_${hook.status}`,
      hookId: hook.hookId,
      hookType: isPause(hook.hook) ? "PAUSE" : "AWS_LAMBDA",
      expiresAt: `${isoInstant(hook.expiresAt).slice(0, 19)}Z`,
      lifecycleStage: hook.stage,
      clusterArn: service.cluster.arn,
      serviceArn: service.arn,
      serviceDeploymentArn: record.arn,
      // Nanoseconds in AWS's sample; the world's clock has milliseconds.
      updatedAt: isoInstant(context.kernel.now()).replace("Z", "000000Z"),
    },
  });
}
