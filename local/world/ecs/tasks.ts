// A task comes into the world: placed, with its interface, ports and share of the host.

import type { PlacementStrategy, Tag, TaskOverride } from "@aws-sdk/client-ecs";
import { fingerprint } from "../../../shared/base/fingerprint.ts";
import type { EcsContext } from "./context.ts";
import { emitInstance } from "./events.ts";
import { bindPorts, releasePorts } from "./host-ports.ts";
import type {
  ClusterRecord,
  ContainerRecord,
  InstanceRecord,
  LaunchSettings,
  ServiceRecord,
  TaskDefinitionRecord,
  TaskRecord,
  WorkloadRecord,
} from "./model.ts";
import type { Place } from "./placement.ts";
import type { Unfit } from "./placement-constraints.ts";
import { NO_TARGETS } from "./target-registration.ts";
import { STOPPED_TASK_VISIBLE_MS } from "./timing.ts";

/** Everything about a launch but the place. */
export interface TaskOrder {
  readonly cluster: ClusterRecord;
  readonly definition: TaskDefinitionRecord;
  readonly launch: LaunchSettings;
  readonly group: string;
  readonly service?: ServiceRecord;
  readonly deployment?: WorkloadRecord;
  readonly startedBy?: string;
  readonly overrides?: TaskOverride;
  readonly tags: readonly Tag[];
  /** Why a host is not for the task; absent: every host may have it. */
  readonly unfit?: Unfit;
  /** Absent: over zones, then over hosts. */
  readonly strategy?: readonly PlacementStrategy[];
}

export interface Placed {
  readonly order: TaskOrder;
  readonly place: Place;
}

function createContainers(
  context: EcsContext,
  order: TaskOrder,
  task: { readonly id: string; readonly place: Place },
): readonly ContainerRecord[] {
  const { kernel } = context;
  return order.definition.containers.map((template) => ({
    template,
    arn: kernel.arn("ecs", `container/${order.cluster.name}/${task.id}/${kernel.hex(32)}`),
    lastStatus: "PENDING",
    health: "UNKNOWN",
    runtimeId: undefined,
    exitCode: undefined,
    reason: undefined,
    bindings: bindPorts(task.place.instance, order.definition, template.definition.portMappings ?? []),
  }));
}

function interfaceFor(context: EcsContext, { definition, launch }: TaskOrder, { subnet }: Place) {
  if (definition.networkMode !== "awsvpc" || subnet === undefined) return undefined;
  const isPublic = launch.network?.awsvpcConfiguration?.assignPublicIp === "ENABLED";
  return context.addresses.createInterface(subnet, isPublic);
}

/** Creates the record in its first status; the lifecycle sends the event and moves it on. */
export function createTask(context: EcsContext, order: TaskOrder, place: Place): TaskRecord {
  const { kernel } = context;
  const id = kernel.hex(32);
  const awsvpc = order.definition.networkMode === "awsvpc";
  const now = kernel.now();
  const task: TaskRecord = {
    order: context.nextOrder(),
    id,
    arn: kernel.arn("ecs", `task/${order.cluster.name}/${id}`),
    cluster: order.cluster,
    definition: order.definition,
    service: order.service,
    deployment: order.deployment,
    group: order.group,
    startedBy: order.startedBy ?? order.deployment?.id,
    launchType: place.launchType,
    capacityProvider: place.capacityProvider,
    platformVersion:
      place.launchType === "FARGATE" ? fargateVersion(order.launch.platformVersion) : undefined,
    instance: place.instance,
    availabilityZone: place.availabilityZone,
    overrides: order.overrides,
    executeCommand: order.launch.executeCommand,
    eni: interfaceFor(context, order, place),
    containers: createContainers(context, order, { id, place }),
    tags: order.tags,
    // The interface of an awsvpc task is what PROVISIONING waits for; other tasks begin PENDING:
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
    lastStatus: awsvpc || place.isAwaited === true ? "PROVISIONING" : "PENDING",
    desiredStatus: "RUNNING",
    health: "UNKNOWN",
    version: 0,
    stopCode: undefined,
    stoppedReason: undefined,
    createdAt: now,
    updatedAt: now,
    connectivityAt: undefined,
    pullStartedAt: undefined,
    pullStoppedAt: undefined,
    startedAt: undefined,
    stoppingAt: undefined,
    stoppedAt: undefined,
    executionStoppedAt: undefined,
    instantTexts: {},
    targets: NO_TARGETS,
    protectedUntil: undefined,
    isRetiring: false,
    cancelStep: undefined,
  };
  enterIndexes(context, task);
  return task;
}

/** LATEST means 1.4.0 on Linux: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-linux-fargate.html */
const fargateVersion = (asked: string | undefined): string =>
  asked === undefined || asked === "LATEST" ? "1.4.0" : asked;

function enterIndexes(context: EcsContext, task: TaskRecord): void {
  task.cluster.tasks.add(task);
  task.cluster.taskById.set(task.id, task);
  context.endpoints.enter(task);
  const { service } = task;
  if (service !== undefined) {
    service.tasks.add(task);
    count(service.tasksByZone, task.availabilityZone ?? "", 1);
    if (task.instance !== undefined) count(service.tasksByInstance, task.instance, 1);
  }
  occupyHost(context, task);
}

function occupyHost(context: EcsContext, task: TaskRecord): void {
  const { instance } = task;
  if (instance === undefined) return;
  instance.tasks.add(task);
  instance.cpuLeft -= task.definition.cpu;
  instance.memoryLeft -= task.definition.memory;
  emitInstance(context, instance);
}

/** A standalone task that waited has its host: with it come address and ports. */
export function settleTask(context: EcsContext, task: TaskRecord, { order, place }: Placed): void {
  task.instance = place.instance;
  task.availabilityZone = place.availabilityZone;
  task.eni = interfaceFor(context, order, place);
  for (const container of task.containers) {
    const { portMappings = [] } = container.template.definition;
    container.bindings = bindPorts(place.instance, order.definition, portMappings);
  }
  context.endpoints.enter(task);
  occupyHost(context, task);
}

/** The task is STOPPED: gives back what it held, and is forgotten an hour later. */
export function retireTask(context: EcsContext, task: TaskRecord): void {
  const { service, instance, cluster } = task;
  if (service !== undefined) {
    service.tasks.remove(task);
    count(service.tasksByZone, task.availabilityZone ?? "", -1);
    if (instance !== undefined) count(service.tasksByInstance, instance, -1);
  }
  if (instance !== undefined) {
    instance.tasks.remove(task);
    instance.cpuLeft += task.definition.cpu;
    instance.memoryLeft += task.definition.memory;
    for (const container of task.containers) releasePorts(instance, container.bindings);
    if (instance.status !== "INACTIVE") emitInstance(context, instance);
    if (instance.status === "DRAINING") touchDaemonsOn(context, instance);
  }
  context.endpoints.leave(task);
  if (task.eni !== undefined) context.addresses.release(task.eni);
  context.kernel.after(STOPPED_TASK_VISIBLE_MS, () => {
    cluster.tasks.remove(task);
    cluster.taskById.delete(task.id);
  });
}

/** A daemon leaves a draining host after all others have. */
function touchDaemonsOn(context: EcsContext, instance: InstanceRecord): void {
  for (const { service } of instance.tasks) if (service?.scheduling === "DAEMON") context.touch(service);
}

function count<K>(counts: Map<K, number>, key: K, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}

/** One image has one digest here: made from its name. */
export const imageDigest = (image: string): string =>
  `sha256:${fingerprint(image)}${fingerprint(`${image}#`)}`;
