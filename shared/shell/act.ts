// Acts: accepted proposals through the write ports, a bounded number at a time, each with its outcome as
// a value. The operator's orders are read again first; after a throttle nothing more is tried.

import { AppError, isCode } from "../base/errors.ts";
import type { Key } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import { elapsedMs, seconds } from "../base/time.ts";
import type { Action, Outcome, Proposal, Settled } from "../contracts/actions.ts";
import { mapBounded } from "./bounded.ts";
import type { PassPorts } from "./ports.ts";

/** The SDK keeps 50 sockets; Cloud Map's own controller limits itself to 50 writes a second. */
const MAX_PARALLEL_ACTS = 10;
/** How long every worker paces itself after one of them was throttled. */
const SLOW_DOWN_MS = 5_000;
/** While slow: so many acts for one pass, the rest waits for the next. */
const SLOW_ACTS = 5;

/**
 * A worker that stood still while its message became visible again acts on a world that has moved on: what
 * was decided longer ago is decided anew. Shorter than the function's time-out of 30 s.
 */
const DECISION_LIFE_MS = seconds(20);

export interface Decision {
  readonly key: Key;
  readonly accepted: readonly Proposal[];
  readonly decidedAt: EpochMs;
}

export async function act(decision: Decision, ports: PassPorts): Promise<readonly Settled[]> {
  const { accepted } = decision;
  const settled: Settled[] = [];
  while (settled.length < accepted.length) {
    const rest = accepted.slice(settled.length);
    const orders = await ordersFor(decision, settled, ports);
    if (typeof orders === "string") {
      settled.push(...rest.map((proposal) => postponed(proposal, orders)));
    } else {
      settled.push(...(await actAll(rest.slice(0, orders.atMost), ports)));
    }
  }
  return settled;
}

/** The operator's word, looked up again before each handful of acts: why to stop, or how many may go on. */
async function ordersFor(
  { key, decidedAt }: Decision,
  settled: readonly Settled[],
  { store, clock }: PassPorts,
): Promise<string | { readonly atMost: number }> {
  if (settled.some(({ outcome }) => isThrottled(outcome))) return "throttled";
  const { control, commands } = await store.readOrders(key);
  if (control.killSwitch) return "kill-switch";
  if (commands.some((command) => command.type === "pause")) return "paused";
  if (elapsedMs(decidedAt, clock.now()) > DECISION_LIFE_MS) return "decided-long-ago";
  if (control.slowUntil <= clock.now()) return { atMost: MAX_PARALLEL_ACTS };
  const left = SLOW_ACTS - settled.length;
  return left > 0 ? { atMost: left } : "slowed-down";
}

const postponed = (proposal: Proposal, code: string): Settled => ({
  proposal,
  outcome: { kind: "postponed", code },
});

const isThrottled = (outcome: Outcome): boolean => outcome.kind === "failed" && outcome.code === "throttled";

async function actAll(proposals: readonly Proposal[], ports: PassPorts): Promise<readonly Settled[]> {
  let throttled = false;
  const settled = await mapBounded(proposals, MAX_PARALLEL_ACTS, async (proposal): Promise<Settled> => {
    if (throttled) return postponed(proposal, "throttled");
    const outcome = await attempt(proposal.action, ports);
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

async function attempt(action: Action, ports: PassPorts): Promise<Outcome> {
  try {
    return await perform(action, ports);
  } catch (error) {
    return outcomeOf(error);
  }
}

async function perform(action: Action, { act: port }: PassPorts): Promise<Outcome> {
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
