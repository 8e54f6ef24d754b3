// What happens to a fleet while faults are on: deployments, scaling, deaths, drained and lost hosts, people
// and other tools at the registry. Drawn from the seed, a few actions a minute.

import type { World } from "../../local/world/world.ts";
import type { Fleet, Member } from "./fleet.ts";
import { CLUSTER, network } from "./fleet.ts";

type Deed = (world: World, fleet: Fleet, member: Member) => void;

const tasksOf = (world: World, member: Member) =>
  [...world.ecs.runningTasks(CLUSTER)].filter(
    (task) => task.group === (member.kind === "standalone" ? member.name : `service:${member.name}`),
  );

const scale: Deed = (world, _fleet, { kind, name }) => {
  if (kind === "standalone") return;
  const desiredCount = world.kernel.chance.int(0, 5);
  world.call("ecs", "UpdateService", { cluster: CLUSTER, service: name, desiredCount });
};

const deploy: Deed = (world, _fleet, { kind, name }) => {
  if (kind === "standalone") return;
  world.call("ecs", "UpdateService", { cluster: CLUSTER, service: name, forceNewDeployment: true });
};

const runTask: Deed = (world, _fleet, { kind }) => {
  if (kind !== "standalone") return;
  world.call("ecs", "RunTask", {
    cluster: CLUSTER,
    taskDefinition: "job",
    launchType: "FARGATE",
    count: world.kernel.chance.int(1, 2),
    networkConfiguration: network,
  });
};

const killTask: Deed = (world, _fleet, member) => {
  const tasks = tasksOf(world, member).filter((task) => task.lastStatus === "RUNNING");
  if (tasks.length > 0) world.ecs.killTask(world.kernel.chance.pick(tasks).taskId, { exitCode: 1 });
};

const stopTask: Deed = (world, _fleet, member) => {
  const tasks = tasksOf(world, member).filter((task) => task.desiredStatus === "RUNNING");
  if (tasks.length === 0) return;
  world.call("ecs", "StopTask", { cluster: CLUSTER, task: world.kernel.chance.pick(tasks).taskArn });
};

const flipHealth: Deed = (world, _fleet, member) => {
  const tasks = tasksOf(world, member).filter(
    (task) => task.lastStatus === "RUNNING" && task.health !== "UNKNOWN",
  );
  if (tasks.length === 0) return;
  const task = world.kernel.chance.pick(tasks);
  world.ecs.setTaskHealth(task.taskId, task.health === "HEALTHY" ? "UNHEALTHY" : "HEALTHY");
};

const drainHost: Deed = (world) => {
  const hosts = [...world.ecs.hosts()].filter((host) => host.kind === "EC2");
  if (hosts.length < 2) return;
  const status = world.kernel.chance.chance(0.5) ? "DRAINING" : "ACTIVE";
  const containerInstances = [world.kernel.chance.pick(hosts).containerInstanceArn];
  world.call("ecs", "UpdateContainerInstancesState", { cluster: CLUSTER, containerInstances, status });
};

const loseHost: Deed = (world) => {
  const hosts = [...world.ecs.hosts()].filter((host) => host.kind === "EC2");
  if (hosts.length > 1) world.ecs.loseHost(world.kernel.chance.pick(hosts).ec2InstanceId);
};

/** Somebody removes one of our instances by hand, or leaves one with our mark behind. */
const meddle: Deed = (world, _fleet, { policy, key }) => {
  const registry = world.kernel.chance.pick(policy.registries);
  const ours = world.cloudMap
    .instancesOf(registry.service)
    .filter((instance) => instance.attributes["fairlead.owner"] === `sim:${key}`);
  if (ours.length > 0 && world.kernel.chance.chance(0.7)) {
    world.cloudMap.removeInstance(registry.service, world.kernel.chance.pick(ours).instanceId);
    return;
  }
  world.cloudMap.putInstance(registry.service, {
    instanceId: `${world.kernel.hex(32)}-orphan`,
    attributes: { AWS_INSTANCE_IPV4: "192.0.2.9", "fairlead.owner": `sim:${key}` },
  });
};

const deeds: readonly Deed[] = [
  scale,
  scale,
  deploy,
  runTask,
  runTask,
  killTask,
  killTask,
  stopTask,
  flipHealth,
  drainHost,
  loseHost,
  meddle,
];

export function doSomething(world: World, fleet: Fleet): void {
  const { chance } = world.kernel;
  chance.pick(deeds)(world, fleet, chance.pick(fleet.members));
}
