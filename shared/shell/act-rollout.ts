// Acts of rollouts: each through its port, with what the call answered. Listeners and rules have one writer of
// ours at a time: several services may share a listener, and Elastic Load Balancing knows no conditional write.

import { AppError } from "../base/errors.ts";
import { fingerprint } from "../base/fingerprint.ts";
import type { Key } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import { elapsedMs, seconds } from "../base/time.ts";
import type { Outcome, Proposal, RolloutAction } from "../contracts/actions.ts";
import type { Doorbell } from "../contracts/doorbells.ts";
import { feedDoorbellOf } from "./feed.ts";
import type { PassPorts } from "./ports.ts";

/** Longer than the two calls of a write may take, shorter than the function's time-out of 30 s. */
const LEASE_MS = seconds(30);

export interface ActContext {
  readonly key: Key;
  /** Of the stimulus that this pass answers: what it rings counts one more. */
  readonly hops: number;
  readonly decidedAt: EpochMs;
}

/**
 * A worker that stood still while its message became visible again acts on a world that has moved on: what
 * was decided longer ago is decided anew. Shorter than the function's time-out of 30 s.
 */
export const DECISION_LIFE_MS = seconds(20);

const DONE: Outcome = { kind: "done" };

/** Asked between the read and the write: a worker may stand still there, too. */
const isDue = ({ context, ports }: Scene): boolean =>
  elapsedMs(context.decidedAt, ports.clock.now()) <= DECISION_LIFE_MS;

interface Scene {
  readonly ports: PassPorts;
  readonly context: ActContext;
}

interface Act<Type extends RolloutAction["type"]> extends Scene {
  readonly action: Extract<RolloutAction, { readonly type: Type }>;
  readonly proposal: Proposal;
}

type Performers = {
  readonly [Type in RolloutAction["type"]]: (act: Act<Type>) => Promise<Outcome | undefined>;
};

/** Those without an answer of their own are done when they did not throw. */
export async function performRollout(
  action: RolloutAction,
  proposal: Proposal,
  { ports, context }: Scene,
): Promise<Outcome> {
  // -- reason: the performer under an action's type takes just that action
  const perform = performers[action.type] as (act: object) => Promise<Outcome | undefined>;
  return (await perform({ action, proposal, ports, context })) ?? DONE;
}

const performers: Performers = {
  "start-deployment": async ({ action, ports }) => {
    const deploymentArn = await ports.act.deployments.start(action.order);
    return deploymentArn === undefined ? DONE : { kind: "done", answer: { deploymentArn } };
  },
  "continue-deployment": async ({ action, ports }) => {
    await ports.act.deployments.continue(action.deploymentArn, action.hookId, action.answer);
    return undefined;
  },
  "stop-deployment": async ({ action, ports }) => {
    await ports.act.deployments.stop(action.deploymentArn, action.how);
    return undefined;
  },
  "create-task-set": async ({ action, ports }) => ({
    kind: "done",
    answer: { taskSetArn: await ports.act.taskSets.create(action.order) },
  }),
  "scale-task-set": async ({ action, ports }) => {
    await ports.act.taskSets.scale(action.taskSetArn, action.percent);
    return undefined;
  },
  "set-primary-task-set": async ({ action, ports }) => {
    await ports.act.taskSets.setPrimary(action.taskSetArn);
    return undefined;
  },
  "delete-task-set": async ({ action, ports }) => {
    await ports.act.taskSets.delete(action.taskSetArn);
    return undefined;
  },
  "set-weights": (act) =>
    underLease(act.action.rule, act, () =>
      act.ports.act.traffic.setWeights({ ...act.action, isDue: () => isDue(act) }),
    ),
  "set-header-route": (act) =>
    underLease(act.action.listener, act, () => act.ports.act.traffic.setHeaderRoute(act.action)),
  "remove-header-routes": (act) => {
    const { listener, rollout } = act.action;
    return underLease(listener, act, () => act.ports.act.traffic.removeHeaderRoutes(listener, rollout));
  },
  "subscribe-metrics": ({ action, ports }) => ring([feedDoorbellOf(subscriptionFact(action, ports))], ports),
  "unsubscribe-metrics": ({ action, ports }) =>
    ring([feedDoorbellOf(subscriptionFact(action, ports))], ports),
  "ring-keys": (act) =>
    ring(
      act.action.keys.map((key) => newsFor(key, act.proposal, act)),
      act.ports,
    ),
  "call-webhook": ({ action, ports }) => callWebhook(action, ports),
  notify: async ({ action, ports }) => {
    await ports.act.notifier.notify(action.to, action.event, action.detail);
    return undefined;
  },
};

/** The key owns the lease, so a pass that crashed under it does not keep the next one out. */
async function underLease(
  name: string,
  { ports, context }: Scene,
  write: () => Promise<void>,
): Promise<Outcome> {
  const lease = { name, owner: context.key };
  const { leases } = ports.act;
  if (!(await leases.take(lease, { now: ports.clock.now(), forMs: LEASE_MS }))) {
    throw new AppError("busy", `${name} is being written by another service's rollout`);
  }
  try {
    await write();
    return DONE;
  } finally {
    // A lease that could not be given back ends by itself; what was written counts.
    await leases.release(lease).catch((error: unknown) => {
      ports.log.warn("lease not released", {
        name,
        error: error instanceof Error ? error.message : "unknown",
      });
    });
  }
}

type Subscribing = Extract<RolloutAction, { type: "subscribe-metrics" | "unsubscribe-metrics" }>;

function subscriptionFact(action: Subscribing, { clock }: PassPorts): Parameters<typeof feedDoorbellOf>[0] {
  const at = clock.now();
  if (action.type === "subscribe-metrics") {
    return { kind: "subscription", subscription: action.subscription, at };
  }
  const ends = { key: action.key, rollout: action.rollout };
  return { kind: "subscription", subscription: undefined, ends, at };
}

/** The same on every retry of the proposal, so that SQS swallows what it took before. */
const newsFor = (key: Key, proposal: Proposal, { ports, context }: Scene): Doorbell => ({
  key,
  id: fingerprint(`${proposal.id}>${key}`),
  facts: [{ kind: "wake", cause: "peer", at: ports.clock.now() }],
  hops: context.hops + 1,
  sentAt: ports.clock.now(),
});

async function ring(doorbells: readonly Doorbell[], { work }: PassPorts): Promise<Outcome> {
  const unsent = await work.ring(doorbells);
  return unsent.length === 0 ? DONE : { kind: "unknown" };
}

async function callWebhook(
  { url, body, timeoutMs }: Extract<RolloutAction, { type: "call-webhook" }>,
  { act }: PassPorts,
): Promise<Outcome> {
  const said = await act.webhooks.call(url, body, timeoutMs);
  if (said !== undefined) return { kind: "done", answer: { verdict: said.verdict, reason: said.reason } };
  return { kind: "failed", code: "no-answer", message: `${url} gave no verdict`, retry: true };
}
