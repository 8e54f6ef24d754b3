// A fleet at rest: services, tasks and registries as AWS would tell them, and a table that knows them all.
// Calls run in virtual time against AWS's token buckets.

import type { MemoryStores } from "../../../local/faces/ports/memory-store.ts";
import { createMemoryStores } from "../../../local/faces/ports/memory-store.ts";
import { createWorldClient } from "../../../local/faces/ports/world-client.ts";
import type { Timeline } from "../../../local/world/kernel.ts";
import type { Throttle } from "../../../local/world/throttle.ts";
import type { AwsClient } from "../../../shared/adapters/aws/client.ts";
import type { Key } from "../../../shared/base/keys.ts";
import { millis } from "../../../shared/base/time.ts";
import type { Json, KeyState } from "../../../shared/contracts/aggregate.ts";
import type { ServicePolicy } from "../../../shared/contracts/policy.ts";
import { taskFactOf } from "../../../shared/contracts/task-shape.ts";
import type { DiscoveryState } from "../../../shared/core/discovery/state.ts";
import { policyMarkOf } from "../../../shared/shell/policy-mark.ts";
import { sleep } from "../../simulation/engine.ts";
import { ACCOUNT, REGION, taskEvent } from "./events.ts";

export interface FleetSize {
  readonly services: number;
  readonly tasksPerService: number;
  /** ECS takes 5,000 services in a cluster. */
  readonly servicesPerCluster: number;
}

export interface SettledFleet {
  readonly stores: MemoryStores;
  readonly client: (service: "ecs" | "servicediscovery") => AwsClient;
}

interface AwsTask {
  readonly taskArn: string;
}

const CALL_MS = 30;
const PAGE = 100;
const REVISION = 7;

export async function settledFleet(
  size: FleetSize,
  world: { readonly kernel: Timeline; readonly throttle: Throttle },
): Promise<SettledFleet> {
  const stores = createMemoryStores();
  const clusters = new Map<string, Map<string, AwsTask>>();
  for (let service = 0; service < size.services; service += 1) {
    const cluster = `cluster-${Math.floor(service / size.servicesPerCluster)}`;
    const tasks = tasksOf(service, cluster, size);
    const arn = `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/${cluster}`;
    const all = clusters.get(arn) ?? new Map<string, AwsTask>();
    for (const task of tasks) all.set(task.taskArn, task);
    clusters.set(arn, all);
    const key = `${ACCOUNT}/${REGION}/${cluster}/service-${service}` as Key;
    await stores.fleet.putPolicy(key, policyOf(service));
    await stores.state.commit(key, 0, stateOf(service, tasks, world.kernel));
  }
  return { stores, client: (service) => createWorldClient({ call: callOf(clusters, world) }, service) };
}

function tasksOf(service: number, cluster: string, { tasksPerService }: FleetSize): readonly AwsTask[] {
  return Array.from({ length: tasksPerService }, (_, task) => {
    const moment = {
      service: `service-${service}`,
      task,
      version: 5,
      lastStatus: "RUNNING",
      desiredStatus: "RUNNING",
    };
    const text = JSON.stringify(taskEvent({ ...moment, at: Date.UTC(2026, 10, 22) }));
    const event = JSON.parse(text.replaceAll("/harbour", `/${cluster}`)) as { readonly detail: AwsTask };
    return event.detail;
  });
}

const registryOf = (service: number): string => `srv-${service}`;

const policyOf = (service: number): ServicePolicy => ({
  discovery: {
    mode: "act",
    registries: [
      { service: registryOf(service), port: 8080, address: "ipv4", requireHealthy: false, attributes: {} },
    ],
    maxRemoveShare: 0.5,
    force: false,
    drainMs: millis(10_000),
  },
});

function stateOf(service: number, tasks: readonly AwsTask[], { now }: Timeline): KeyState {
  const facts = tasks.map((task) => taskFactOf({ ...task }, { at: now(), via: "describe" }));
  const discovery: DiscoveryState = {
    registries: {
      [registryOf(service)]: {
        instances: Object.fromEntries(
          facts.map(({ taskId }) => [
            taskId,
            { phase: "registered", taskId, hash: "settled", since: now(), health: "UNKNOWN" },
          ]),
        ),
        listedAt: now(),
        revision: REVISION,
        place: { name: `service-${service}`, namespaceName: "bench.local" },
        foreign: 0,
      },
    },
    drains: {},
    leavingHosts: {},
  };
  return {
    version: 1,
    policyMark: policyMarkOf(policyOf(service)),
    tasks: Object.fromEntries(facts.map((fact) => [fact.taskId, fact])),
    // -- reason: the capability's own data, kept by the store as plain JSON
    capabilities: { discovery: discovery as unknown as Json },
    intents: [],
    awaiting: [],
    reasons: {},
    decidedAt: now(),
    failures: 0,
  };
}

interface CallInput {
  readonly cluster: string;
  readonly nextToken?: string;
  readonly tasks: readonly string[];
}

function callOf(
  clusters: ReadonlyMap<string, ReadonlyMap<string, AwsTask>>,
  { kernel, throttle }: { readonly kernel: Timeline; readonly throttle: Throttle },
) {
  const ordered = new Map([...clusters].map(([arn, tasks]) => [arn, [...tasks.keys()]]));
  const answers: Readonly<Record<string, (input: CallInput) => object>> = {
    ListTasks: ({ cluster, nextToken = "0" }) => {
      const from = Number(nextToken);
      const arns = ordered.get(cluster) ?? [];
      const next = from + PAGE < arns.length ? { nextToken: String(from + PAGE) } : {};
      return { taskArns: arns.slice(from, from + PAGE), ...next };
    },
    DescribeTasks: ({ cluster, tasks }) => {
      const known = clusters.get(cluster);
      return {
        tasks: tasks.flatMap((id) => known?.get(`${cluster.replace(":cluster/", ":task/")}/${id}`) ?? []),
        failures: [],
      };
    },
    DiscoverInstancesRevision: () => ({ InstancesRevision: REVISION }),
  };
  return async (service: string, operation: string, input: CallInput): Promise<object> => {
    await sleep(kernel, CALL_MS);
    throttle.take(service, operation);
    const answer = answers[operation];
    if (answer === undefined) throw new Error(`the settled fleet does not expect ${service}.${operation}`);
    return answer(input);
  };
}
