// Which task answers at an address. The index is made at the first question and kept from then on, so that
// worlds without load balancers pay nothing for it.

import type { EpochMs } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import type { ContainerRecord, InstanceRecord, TaskRecord } from "./model.ts";

/** What answers at an address and port. */
export interface Endpoint {
  readonly taskArn: string;
  readonly taskId: string;
  readonly clusterName: string;
  readonly serviceName: string | undefined;
  readonly family: string;
  readonly taskDefinitionArn: string;
  readonly container: string;
  readonly containerPort: number;
  readonly startedAt: EpochMs;
}

export class Endpoints {
  /** Tasks with an interface of their own, by its addresses. */
  #byAddress: Map<string, TaskRecord> | undefined;
  readonly #lost = new WeakSet<InstanceRecord>();

  /** The host is gone though nobody knows yet: its addresses are silent from now on. */
  lose(instance: InstanceRecord): void {
    this.#lost.add(instance);
  }

  enter(task: TaskRecord): void {
    if (this.#byAddress !== undefined) addTo(this.#byAddress, task);
  }

  leave(task: TaskRecord): void {
    if (this.#byAddress === undefined || task.eni === undefined) return;
    for (const address of [task.eni.ipv4, task.eni.ipv6]) {
      if (address !== undefined && this.#byAddress.get(address) === task) this.#byAddress.delete(address);
    }
  }

  /** Whether packets to the address go nowhere: its host or zone is lost. */
  isSilent(context: EcsContext, id: string): boolean {
    const task = this.#tasks(context).get(id);
    const host = task === undefined ? hostAt(context, id) : task.instance;
    const zone = task?.availabilityZone ?? host?.availabilityZone;
    if (zone !== undefined && context.lostZones.has(zone)) return true;
    return host !== undefined && this.#lost.has(host);
  }

  /** `id`: an address, or a host's id with a port of the host. undefined: no program listens there now. */
  at(context: EcsContext, id: string, port: number): Endpoint | undefined {
    if (this.isSilent(context, id)) return undefined;
    const own = this.#tasks(context).get(id);
    if (own !== undefined) return endpointOf(own, port, containerPortOf);
    const host = hostAt(context, id);
    if (host === undefined) return undefined;
    for (const task of host.tasks) {
      const found = task.eni === undefined ? endpointOf(task, port, hostPortOf) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #tasks(context: EcsContext): Map<string, TaskRecord> {
    if (this.#byAddress !== undefined) return this.#byAddress;
    const index = new Map<string, TaskRecord>();
    for (const cluster of context.clusters.values()) {
      for (const task of cluster.tasks) if (task.lastStatus !== "STOPPED") addTo(index, task);
    }
    this.#byAddress = index;
    return index;
  }
}

function addTo(index: Map<string, TaskRecord>, task: TaskRecord): void {
  const { ipv4, ipv6 } = task.eni ?? {};
  if (ipv4 !== undefined) index.set(ipv4, task);
  if (ipv6 !== undefined) index.set(ipv6, task);
}

/** A world has few hosts beside its tasks, and targets by host address are rare: a scan is enough. */
function hostAt(context: EcsContext, id: string): InstanceRecord | undefined {
  const host = context.hosts.get(id);
  if (host !== undefined) return host;
  for (const other of context.hosts.values()) if (other.privateIp === id) return other;
  return undefined;
}

/** Programs run from RUNNING until SIGTERM, which is sent on STOPPING. */
const LISTENING: ReadonlySet<string> = new Set(["RUNNING", "DEACTIVATING"]);

type PortOf = (container: ContainerRecord, port: number) => number | undefined;

function endpointOf(task: TaskRecord, port: number, portOf: PortOf): Endpoint | undefined {
  if (!LISTENING.has(task.lastStatus) || task.startedAt === undefined) return undefined;
  for (const container of task.containers) {
    const containerPort = portOf(container, port);
    if (containerPort === undefined) continue;
    // An essential container that ended takes the others with it.
    const runs = task.containers.every(
      ({ template, lastStatus }) => lastStatus === "RUNNING" || !template.essential,
    );
    if (container.lastStatus !== "RUNNING" || !runs) return undefined;
    return {
      taskArn: task.arn,
      taskId: task.id,
      clusterName: task.cluster.name,
      serviceName: task.service?.name,
      family: task.definition.family,
      taskDefinitionArn: task.definition.arn,
      container: container.template.name,
      containerPort,
      startedAt: task.startedAt,
    };
  }
  return undefined;
}

const containerPortOf: PortOf = ({ template }, port) => {
  const mappings = template.definition.portMappings ?? [];
  return mappings.some(({ containerPort }) => containerPort === port) ? port : undefined;
};

const hostPortOf: PortOf = ({ bindings }, port) =>
  bindings.find(({ hostPort }) => hostPort === port)?.containerPort;
