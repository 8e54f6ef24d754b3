// A call of the lifecycle hook: reads what is known, answers by hook-answer.ts, and rings the key so that a pass
// looks at the deployment. Whatever happens in here, ECS gets an answer that does not roll back by accident.

import { fingerprint } from "../base/fingerprint.ts";
import { millis } from "../base/time.ts";
import type { HookAnswer, HookCall } from "../contracts/hook-call.ts";
import { parseHookCall } from "../contracts/hook-call.ts";
import type { Mode } from "../contracts/policy.ts";
import type { RolloutState } from "../core/rollout/state.ts";
import { initialRolloutState } from "../core/rollout/state.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { WorkQueue } from "../ports/queues.ts";
import type { DeploymentReader } from "../ports/rollouts.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { TrafficReader } from "../ports/traffic.ts";
import type { HookScene, Preflight } from "./hook-answer.ts";
import { hookDecision } from "./hook-answer.ts";

export interface HookPorts {
  readonly store: Pick<StateStore, "load" | "readOrders">;
  readonly work: WorkQueue;
  readonly deployments: DeploymentReader;
  readonly traffic: TrafficReader;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  readonly log: Log;
  readonly mode: Mode;
}

/** The function's time-out would be a failure to ECS: what takes longer than this counts as not read. */
const READ_MS = millis(4_000);

/** `value` undefined without an error: there was nothing to read. */
interface Read<T> {
  readonly value?: T;
  readonly error?: string;
}

export async function answerHook(payload: unknown, ports: HookPorts): Promise<HookAnswer> {
  const call = parseHookCall(payload);
  if (call === undefined) {
    ports.log.error("not a hook's payload: the deployment goes on");
    return { hookStatus: "SUCCEEDED" };
  }
  const isFirst = call.stage === "PRE_SCALE_UP";
  const [stored, preflight, rung] = await Promise.all([
    attempt(readStored(call, ports), ports),
    isFirst ? attempt(readPreflight(call, ports), ports) : undefined,
    attempt(ring(call, ports), ports),
  ]);
  for (const { error } of [stored, preflight ?? {}, rung]) {
    if (error !== undefined) ports.log.warn("a hook's call failed", { key: call.key, error });
  }
  const scene: HookScene = {
    call,
    now: ports.clock.now(),
    mode: ports.mode,
    stored: stored.value,
    ...(preflight?.error !== undefined && { preflight: "unreadable" }),
    ...(preflight?.value !== undefined && { preflight: preflight.value }),
  };
  const { answer, reason } = hookDecision(scene);
  const { key, stage } = call;
  ports.log.info(reason.text, { key, stage, code: reason.code, answer: answer.hookStatus, ...reason.inputs });
  return answer;
}

async function attempt<T>(work: Promise<T>, { wait }: Pick<HookPorts, "wait">): Promise<Read<T>> {
  const late = wait(READ_MS).then((): Read<T> => ({ error: `no answer in ${READ_MS} ms` }));
  const read = work.then(
    (value): Read<T> => ({ value }),
    (error: unknown): Read<T> => ({ error: error instanceof Error ? error.message : String(error) }),
  );
  return Promise.race([read, late]);
}

async function readStored(
  { key }: HookCall,
  { store }: HookPorts,
): Promise<NonNullable<HookScene["stored"]>> {
  const [{ policy, state }, { control, commands }] = await Promise.all([
    store.load(key),
    store.readOrders(key),
  ]);
  // -- reason: the store keeps what a capability wrote as plain JSON; it reads it back as its own.
  const stored = state.capabilities["rollout"] as unknown as RolloutState | undefined;
  return { policy, control, commands, state: stored ?? initialRolloutState };
}

/** undefined: nothing of this service's traffic is ECS's to move, or nothing served before. */
async function readPreflight(call: HookCall, ports: HookPorts): Promise<Preflight | undefined> {
  const { clusterArn, serviceArn, deploymentArn } = call;
  const { deployments, traffic } = ports;
  const [service, deployment] = await Promise.all([
    deployments.service(clusterArn, serviceArn),
    deployments.deployment({ clusterArn, service: serviceArn }, deploymentArn),
  ]);
  const rule = service.balancers.find(({ productionRuleArn }) => productionRuleArn !== undefined);
  const source = deployment?.sources[0]?.arn;
  if (rule?.productionRuleArn === undefined || source === undefined) return undefined;
  const [[revision], { weights }] = await Promise.all([
    deployments.revisions([source]),
    traffic.rule(rule.productionRuleArn),
  ]);
  if (revision === undefined || revision.targetGroupArns.length === 0) return undefined;
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const strays = Object.entries(weights).filter(
    ([group, weight]) => weight > 0 && !revision.targetGroupArns.includes(group),
  );
  if (strays.length === 0) return { misplaced: 0, healthyThere: 0 };
  const health = await traffic.health(strays.map(([group]) => group));
  return {
    misplaced: Math.round((100 * strays.reduce((sum, [, weight]) => sum + weight, 0)) / total),
    healthyThere: health.reduce((sum, { healthy }) => sum + healthy, 0),
  };
}

async function ring(call: HookCall, { work, clock }: HookPorts): Promise<void> {
  const at = clock.now();
  const { key, executionId, stage, deploymentArn } = call;
  const fact = {
    kind: "hook",
    eventName: "HOOK_IN_PROGRESS",
    hookId: executionId,
    hookType: "AWS_LAMBDA",
    lifecycleStage: stage,
    serviceDeploymentArn: deploymentArn,
    at,
  } as const;
  // The sweep finds a deployment whose ring is lost.
  await work.ring([
    { key, id: fingerprint(`hook ${executionId} ${at}`), facts: [fact], hops: 0, sentAt: at },
  ]);
}
