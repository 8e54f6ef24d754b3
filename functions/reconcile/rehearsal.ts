// The first invocation, played through while the function starts: Lambda throttles the CPU of small
// functions in invocations, not while they start, so what V8 compiles and TLS agrees on here is free.

import { silentLog } from "../../shared/adapters/aws/log.ts";
import {
  decodeAggregate,
  emptyState,
  encodePolicy,
  encodeState,
  stateKey,
} from "../../shared/adapters/dynamodb/items.ts";
import { warmStore } from "../../shared/adapters/dynamodb/store.ts";
import type { Key } from "../../shared/base/keys.ts";
import { millis } from "../../shared/base/time.ts";
import type { ServicePolicy } from "../../shared/contracts/policy.ts";
import type { RegistryReader } from "../../shared/ports/registry.ts";
import type { StateStore } from "../../shared/ports/state-store.ts";
import { reconcileBatch } from "../../shared/shell/reconcile.ts";
import type { ReconcileWiring } from "./wiring.ts";

/** One read of the table and one of Cloud Map; the pass over the made-up service observes, and writes nothing. */
export async function rehearse({ ports, muted }: ReconcileWiring): Promise<void> {
  await Promise.all([warmStore(ports.store), warmRegistry(ports.read.registry)]);
  const { read, clock, settings } = ports;
  await reconcileBatch(
    [{ messageId: "rehearsal", groupId: "rehearsal", body: sampleDoorbell(clock.now()) }],
    {
      ...ports,
      store: { ...muted, load: async () => sampleAggregate(), commit: commitOver(muted) },
      read: { ...read, registry: emptyRegistry },
      settings: { ...settings, mode: "observe" },
      wait: async () => undefined,
      log: silentLog,
    },
  );
}

/** Policies name services that are not known here: the answer is an error, the connection stays. */
const warmRegistry = (registry: RegistryReader): Promise<unknown> =>
  registry.instances("srv-rehearsal").catch(() => undefined);

const commitOver =
  (muted: StateStore): StateStore["commit"] =>
  (...commit) =>
    muted.commit(...commit).catch(() => "committed" as const);

const emptyRegistry: RegistryReader = {
  settings: async (service) => ({
    serviceId: service,
    name: "rehearsal",
    namespaceName: "rehearsal",
    customHealth: false,
    ecsManaged: false,
    recordTypes: [],
  }),
  instances: async () => [],
  operation: async () => ({ status: "success" }),
  revision: async () => 1,
};

const key = "111122223333/eu-central-1/rehearsal/rehearsal" as Key;

const policy: ServicePolicy = {
  discovery: {
    mode: "observe",
    registries: [
      { service: "srv-rehearsal", port: 80, address: "ipv4", requireHealthy: false, attributes: {} },
    ],
    maxRemoveShare: 0.5,
    force: false,
    drainMs: millis(0),
  },
};

/** Through the codecs of the table, as a load has it. */
const sampleAggregate = () =>
  decodeAggregate(key, [
    { ...stateKey(key), ...encodeState(key, { ...emptyState(), version: 1 }).set },
    encodePolicy(key, policy),
  ]);

const cluster = "arn:aws:ecs:eu-central-1:111122223333:cluster/rehearsal";
const taskId = "00000000000000000000000000000000";

/** The news that comes most: a task runs. */
const sampleDoorbell = (at: number): string =>
  JSON.stringify({
    key,
    id: "rehearsal",
    hops: 0,
    sentAt: at,
    facts: [
      {
        kind: "task",
        taskArn: `arn:aws:ecs:eu-central-1:111122223333:task/rehearsal/${taskId}`,
        taskId,
        version: 1,
        group: "service:rehearsal",
        clusterArn: cluster,
        taskDefinitionArn: "arn:aws:ecs:eu-central-1:111122223333:task-definition/rehearsal:1",
        lastStatus: "RUNNING",
        desiredStatus: "RUNNING",
        health: "UNKNOWN",
        launchType: "FARGATE",
        interfaces: [{ eniId: "eni-0", ipv4: "10.0.0.1" }],
        containers: [{ name: "app", lastStatus: "RUNNING", bindings: [] }],
        at,
        via: "event",
        startedAt: at,
      },
    ],
  });
