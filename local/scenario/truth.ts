// Who ought to be in a registry, by the world's own truth: not by anything that Fairlead believes.

import type { World } from "../world/world.ts";
import type { DemoService } from "./fleet.ts";
import { CLUSTER } from "./fleet.ts";

export interface ServiceTruth {
  readonly name: string;
  readonly running: number;
  /** Tasks that run and are meant to go on running. */
  readonly expected: number;
  /** Instances in the registry that Fairlead put there. */
  readonly registered: number;
  /** `address:port` of tasks that nobody would find. */
  readonly missing: readonly string[];
  /** `address:port` that answer no more, or at which nothing should be found. */
  readonly stale: readonly string[];
  /** Tasks on their way to RUNNING, to STOPPED, or off a drained host. */
  readonly moving: number;
}

type Task = ReturnType<World["ecs"]["runningTasks"]> extends Iterable<infer T> ? T : never;

/** `drained`: container instances that are being emptied. Nobody should be sent to a task there any more. */
export function truthOf(world: World, service: DemoService, drained: ReadonlySet<string>): ServiceTruth {
  const tasks = [...world.ecs.runningTasks(CLUSTER)].filter(
    ({ group }) => group === `service:${service.name}`,
  );
  const up = tasks.filter((task) => isUp(task) && !drained.has(task.containerInstanceArn ?? ""));
  const expected = up.map((task) => endpointOf(task, service));
  const registered = ownInstances(world, service.registryId).map(
    ({ attributes }) => `${attributes["AWS_INSTANCE_IPV4"]}:${attributes["AWS_INSTANCE_PORT"]}`,
  );
  return {
    name: service.name,
    running: tasks.filter(({ lastStatus }) => lastStatus === "RUNNING").length,
    expected: expected.length,
    registered: registered.length,
    missing: expected.filter((endpoint) => !registered.includes(endpoint)),
    stale: registered.filter((endpoint) => !expected.includes(endpoint)),
    moving: tasks.length - up.length,
  };
}

const isUp = ({ lastStatus, desiredStatus }: Task): boolean =>
  lastStatus === "RUNNING" && desiredStatus === "RUNNING";

/** The attribute by which Fairlead knows its own: docs/architecture.md, "ownership mark". */
const OWNER_ATTRIBUTE = "fairlead.owner";

const ownInstances = (world: World, registryId: string) =>
  world.cloudMap
    .instancesOf(registryId)
    .filter(({ attributes }) => attributes[OWNER_ATTRIBUTE] !== undefined);

function endpointOf(task: Task, { containerPort }: DemoService): string {
  const binding = task.bindings.find((candidate) => candidate.containerPort === containerPort);
  return `${task.addresses.ipv4}:${binding?.hostPort ?? containerPort}`;
}

export const isTrue = ({ missing, stale }: ServiceTruth): boolean =>
  missing.length === 0 && stale.length === 0;

/** An instance that belongs to somebody else, in the middle of ours: it must outlive the demo. */
const FOREIGN_INSTANCE = "legacy-proxy";

export function addForeignInstance(world: World, { registryId }: DemoService): void {
  const attributes = { AWS_INSTANCE_IPV4: "192.0.2.10", AWS_INSTANCE_PORT: "8080" };
  world.cloudMap.putInstance(registryId, { instanceId: FOREIGN_INSTANCE, attributes });
}

export const hasForeignInstance = (world: World, { registryId }: DemoService): boolean =>
  world.cloudMap.instancesOf(registryId).some(({ instanceId }) => instanceId === FOREIGN_INSTANCE);
