// DAEMON services: one task on each fitting host. A daemon is the first task on a host and the last to leave:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html#service_scheduler_daemon

import type { EcsContext } from "./context.ts";
import { orderFor, primaryOf, reportNoPlace } from "./launches.ts";
import { launchTask, stopTask } from "./lifecycle.ts";
import type { InstanceRecord, ServiceRecord, TaskRecord } from "./model.ts";
import { lackOf, placeAt } from "./placement.ts";
import { graceLeft, isIll, isUnhealthy, stopCause } from "./standing.ts";

const fits = (service: ServiceRecord, instance: InstanceRecord): boolean => {
  const { launchType, strategy } = service.launch;
  if (strategy.length > 0)
    return strategy.some((item) => item.capacityProvider === instance.capacityProvider);
  return instance.kind === (launchType ?? "EC2");
};

/** Only daemons are left on the host. */
function aloneOn(instance: InstanceRecord): boolean {
  for (const task of instance.tasks) if (task.service?.scheduling !== "DAEMON") return false;
  return true;
}

/** One look; true when every fitting host runs exactly its one current task. */
export function daemonStep(context: EcsContext, service: ServiceRecord): boolean {
  const byInstance = new Map<InstanceRecord, TaskRecord[]>();
  for (const task of service.tasks) {
    if (task.instance === undefined) continue;
    const held = byInstance.get(task.instance);
    if (held === undefined) byInstance.set(task.instance, [task]);
    else held.push(task);
  }
  const targets: InstanceRecord[] = [];
  for (const instance of service.cluster.instances) {
    if (instance.status === "ACTIVE" && fits(service, instance) && service.status === "ACTIVE")
      targets.push(instance);
    else leaveInstance(context, service, byInstance.get(instance) ?? []);
  }
  service.desiredCount = targets.length;
  replaceOutdated(context, service, targets.length);
  const steady = targets.map((instance) =>
    serveInstance(context, service, { instance, tasks: byInstance.get(instance) ?? [] }),
  );
  return steady.every((one) => one);
}

function leaveInstance(context: EcsContext, service: ServiceRecord, tasks: readonly TaskRecord[]): void {
  for (const task of tasks) {
    if (task.desiredStatus === "STOPPED" || task.instance === undefined) continue;
    if (service.status === "ACTIVE" && !aloneOn(task.instance)) continue;
    stopTask(context, task, {
      code: "ServiceSchedulerInitiated",
      reason: `Scaling activity initiated by (deployment ${task.deployment?.id})`,
    });
  }
}

/** As many older tasks at a time as minimumHealthyPercent leaves; a host holds one task of a daemon. */
function replaceOutdated(context: EcsContext, service: ServiceRecord, hosts: number): void {
  const least = Math.ceil((hosts * (service.configuration.minimumHealthyPercent ?? 0)) / 100);
  const serving = [...service.tasks].filter(
    (task) => task.desiredStatus === "RUNNING" && task.instance?.status === "ACTIVE",
  );
  let running = serving.filter((task) => task.lastStatus === "RUNNING").length;
  for (const task of serving) {
    const isUnfit = isUnhealthy(context, task);
    const replace = task.deployment?.status !== "PRIMARY" || isUnfit;
    if (isIll(task) && !isUnfit) context.touch(service, graceLeft(context, task));
    if (!replace || (task.lastStatus === "RUNNING" && running - 1 < least)) continue;
    if (task.lastStatus === "RUNNING") running -= 1;
    stopTask(context, task, stopCause(context, task, isUnfit ? "unhealthy" : "outdated"));
  }
}

/** Starts the host's task where none is left; true when it runs and is current. */
function serveInstance(
  context: EcsContext,
  service: ServiceRecord,
  held: { readonly instance: InstanceRecord; readonly tasks: readonly TaskRecord[] },
): boolean {
  const { instance, tasks } = held;
  const live = tasks.filter((task) => task.lastStatus !== "STOPPED");
  if (live.length > 0) {
    const [only] = live;
    const right = only?.lastStatus === "RUNNING" && only.desiredStatus === "RUNNING";
    return live.length === 1 && right && only.deployment?.status === "PRIMARY";
  }
  if (!instance.agentConnected) return true;
  if (service.brake.blockedUntil > context.kernel.now()) {
    context.touch(service, service.brake.blockedUntil);
    return false;
  }
  const primary = primaryOf(service);
  if (primary === undefined) return false;
  const order = orderFor(service, primary);
  // A host that no constraint allows is left out, and nobody is told.
  if (order.unfit?.(instance) !== undefined) return true;
  const failure = lackOf(instance, order.definition);
  if (failure === undefined) launchTask(context, order, placeAt(context, order, instance));
  else reportNoPlace(context, service, { failure });
  return false;
}
