// Acts: accepted proposals through the write ports, a bounded number at a time, each with its outcome as
// a value. The operator's orders are read again first; after a throttle nothing more is tried.

import { AppError, isCode } from "../base/errors.ts";
import type { Key } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import { elapsedMs } from "../base/time.ts";
import type { Outcome, Proposal, Settled } from "../contracts/actions.ts";
import type { Command } from "../contracts/policy.ts";
import type { ActContext } from "./act-rollout.ts";
import { DECISION_LIFE_MS, performRollout } from "./act-rollout.ts";
import { mapBounded } from "./bounded.ts";
import type { PassPorts } from "./ports.ts";
import { isRolloutAction } from "./rollout-acts.ts";

/** The SDK keeps 50 sockets; Cloud Map's own controller limits itself to 50 writes a second. */
const MAX_PARALLEL_ACTS = 10;
/** How long every worker paces itself after one of them was throttled. */
const SLOW_DOWN_MS = 5_000;
/** While slow: so many acts for one pass, the rest waits for the next. */
const SLOW_ACTS = 5;

export interface Decision {
  readonly key: Key;
  readonly accepted: readonly Proposal[];
  readonly decidedAt: EpochMs;
  /** What the operator had ordered when it was decided. */
  readonly commands: readonly Command[];
  readonly hops: number;
}

export async function act(decision: Decision, ports: PassPorts): Promise<readonly Settled[]> {
  const settled: Settled[] = [];
  let rest = inOrder(decision.accepted);
  while (rest.length > 0) {
    const orders = await ordersFor(decision, settled, ports);
    const barred = rest.flatMap((proposal): Settled[] => {
      const code = barFor(proposal, orders);
      return code === undefined ? [] : [postponed(proposal, code)];
    });
    settled.push(...barred);
    const free = rest.filter((proposal) => !barred.some((one) => one.proposal === proposal));
    const next = free.slice(0, handfulOf(free, orders.atMost));
    settled.push(...(await actAll(next, decision, ports)));
    rest = free.slice(next.length);
  }
  return settled;
}

/** What leads back to safety comes before everything else of the pass. */
const inOrder = (proposals: readonly Proposal[]): readonly Proposal[] => [
  ...proposals.filter(({ rollback }) => rollback === true),
  ...proposals.filter(({ rollback }) => rollback !== true),
];

/**
 * A rollout's acts follow each other: weights before the old tasks go, capacity before weights; and the operator's
 * word is looked up before each. Others do not depend on each other.
 */
function handfulOf(proposals: readonly Proposal[], atMost: number): number {
  const isStep = ({ capability }: Proposal): boolean => capability === ROLLOUT;
  const first = proposals[0];
  if (first !== undefined && isStep(first)) return 1;
  const others = proposals.findIndex(isStep);
  return Math.min(atMost, others < 0 ? proposals.length : others);
}

const ROLLOUT = "rollout";

interface Orders {
  /** Stops everything. */
  readonly stop?: string;
  /** Stops what does not lead back. */
  readonly pause?: string;
  /** Stops a rollout's way forward: decided before the operator's word. */
  readonly abort?: string;
  readonly atMost: number;
}

function barFor(proposal: Proposal, orders: Orders): string | undefined {
  if (orders.stop !== undefined) return orders.stop;
  if (proposal.rollback === true) return undefined;
  return orders.pause ?? (proposal.capability === ROLLOUT ? orders.abort : undefined);
}

/** The operator's word, looked up again before each handful of acts: what to stop, and how many may go on. */
async function ordersFor(
  { key, decidedAt, commands: known }: Decision,
  settled: readonly Settled[],
  { store, clock }: PassPorts,
): Promise<Orders> {
  if (settled.some(({ outcome }) => isThrottled(outcome))) return { stop: "throttled", atMost: 0 };
  const { control, commands } = await store.readOrders(key);
  if (control.killSwitch) return { stop: "kill-switch", atMost: 0 };
  if (elapsedMs(decidedAt, clock.now()) > DECISION_LIFE_MS) return { stop: "decided-long-ago", atMost: 0 };
  const stops = {
    ...(commands.some((command) => command.type === "pause") && { pause: "paused" }),
    ...(commands.some((command) => isUnheardStop(command, known)) && { abort: "aborted" }),
  };
  if (control.slowUntil <= clock.now()) return { ...stops, atMost: MAX_PARALLEL_ACTS };
  const tried = settled.filter(({ outcome }) => outcome.kind !== "postponed").length;
  const left = SLOW_ACTS - tried;
  return left > 0 ? { ...stops, atMost: left } : { stop: "slowed-down", atMost: 0 };
}

const STOPPING: ReadonlySet<string> = new Set(["abort", "pause"]);

/** An abort or a pause of the rollout that came while this pass was deciding. */
const isUnheardStop = (command: Command, known: readonly Command[]): boolean =>
  command.type === "rollout" &&
  STOPPING.has(command.verb) &&
  !known.some((one) => one.type === "rollout" && one.id === command.id);

const postponed = (proposal: Proposal, code: string): Settled => ({
  proposal,
  outcome: { kind: "postponed", code },
});

const isThrottled = (outcome: Outcome): boolean => outcome.kind === "failed" && outcome.code === "throttled";

async function actAll(
  proposals: readonly Proposal[],
  context: ActContext,
  ports: PassPorts,
): Promise<readonly Settled[]> {
  let throttled = false;
  const settled = await mapBounded(proposals, MAX_PARALLEL_ACTS, async (proposal): Promise<Settled> => {
    if (throttled) return postponed(proposal, "throttled");
    const outcome = await attempt(proposal, context, ports);
    throttled ||= isThrottled(outcome);
    return { proposal, outcome };
  });
  if (throttled) await slowDown(ports);
  return settled;
}

/** The outcomes count more than the brake: without it the others are throttled themselves. */
async function slowDown({ store, clock, log }: PassPorts): Promise<void> {
  try {
    await store.slowDown(clock.now() + SLOW_DOWN_MS);
  } catch (error) {
    log.warn("slow-down not stored", { error: error instanceof Error ? error.message : String(error) });
  }
}

async function attempt(proposal: Proposal, context: ActContext, ports: PassPorts): Promise<Outcome> {
  try {
    return await perform(proposal, context, ports);
  } catch (error) {
    return outcomeOf(error);
  }
}

async function perform(proposal: Proposal, context: ActContext, ports: PassPorts): Promise<Outcome> {
  const { act: port } = ports;
  const { action } = proposal;
  if (isRolloutAction(action)) return performRollout(action, proposal, { ports, context });
  switch (action.type) {
    case "register-instance": {
      const { registry: service, instanceId, attributes, requestId } = action;
      const operationId = await port.registry.register({ service, instanceId, attributes, requestId });
      return { kind: "done", operationId };
    }
    case "deregister-instance": {
      const operationId = await port.registry.deregister(action.registry, action.instanceId);
      return operationId === undefined ? { kind: "done" } : { kind: "done", operationId };
    }
    case "set-instance-health":
      await port.registry.setHealth(action.registry, action.instanceId, action.health);
      return { kind: "done" };
    case "stop-task":
      await port.stopper.stopTask(action.clusterArn, action.taskArn, action.note);
      return { kind: "done" };
  }
}

/** A time-out or 5xx of a write leaves its effect unknown; everything else was refused. */
function outcomeOf(error: unknown): Outcome {
  if (isCode(error, "transient") || !(error instanceof AppError)) return { kind: "unknown" };
  const operationId = error.detail["operationId"];
  return {
    kind: "failed",
    code: error.code,
    message: error.message,
    retry: error.code === "throttled" || error.code === "busy",
    ...(typeof operationId === "string" ? { operationId } : {}),
  };
}
