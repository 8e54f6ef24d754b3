// Cloud Map as one piece: AWS's operations, and a control surface for setting up and for inspecting.

import type { DnsConfig, Tag } from "@aws-sdk/client-servicediscovery";
import type { EpochMs } from "../../../shared/base/time.ts";
import type { Kernel, Operations } from "../kernel.ts";
import { discoveryOperations } from "./discovery.ts";
import { hasHealthCheck, healthOperations } from "./health.ts";
import { defaultNamespaceQuota, instanceOperations, putInstance, removeInstance } from "./instances.ts";
import type { CloudMapState, Health, ServiceRecord } from "./model.ts";
import { createState } from "./model.ts";
import type { NamespaceDraft } from "./namespaces.ts";
import { addNamespace, namespaceOperations } from "./namespaces.ts";
import type { DelayRange } from "./operations.ts";
import { createOperator } from "./operations.ts";
import { addService, serviceOperations } from "./services.ts";
import { tagOperations } from "./tags.ts";

export interface PlainInstance {
  readonly instanceId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly health: Health;
  readonly createdBy: string;
  readonly registeredAt: EpochMs;
}

/** A service whose instances have DNS records. */
export interface DnsServiceView {
  readonly name: string;
  readonly dns: DnsConfig;
  /** Without one every instance counts as healthy. */
  readonly hasHealthCheck: boolean;
  readonly instances: readonly Pick<PlainInstance, "instanceId" | "attributes" | "health">[];
}

/** A DNS namespace's hosted zone. */
export interface DnsZoneView {
  readonly name: string;
  readonly services: readonly DnsServiceView[];
}

export interface WriteCounts {
  readonly register: number;
  readonly deregister: number;
  readonly health: number;
}

export interface ServiceSetup {
  readonly namespaceId: string;
  readonly name: string;
  readonly dns?: DnsConfig;
  readonly customHealth?: boolean;
  readonly tags?: readonly Tag[];
}

export interface CloudMap {
  readonly operations: Operations;
  /** At once, without an operation; `owner` names another account that shares it with ours. */
  addNamespace(draft: NamespaceDraft): { readonly id: string; readonly arn: string };
  addService(setup: ServiceSetup): { readonly id: string; readonly arn: string };
  /** Another owner's doing (an account, ECS itself), at once: raises the revision, counts as nobody's write. */
  putInstance(serviceId: string, instance: ForeignInstance): void;
  removeInstance(serviceId: string, instanceId: string): void;
  /** By service id. Plain data for invariants; empty for an unknown service. */
  instancesOf(serviceId: string): readonly PlainInstance[];
  serviceIds(): readonly string[];
  /** What Route 53 answers for: DNS namespaces and their services. */
  dnsZones(): readonly DnsZoneView[];
  revisionOf(serviceId: string): number | undefined;
  /** Accepted writes by service id: refused requests and repeated request ids do not count. */
  writesByService(): ReadonlyMap<string, WriteCounts>;
  runningOperations(): number;
  /** The next operation (of that type) ends as FAIL with this code and without effect. */
  failNextOperation(code: string, type?: string): void;
  setFailureRate(probability: number): void;
  setOperationDelay(delay: { readonly http?: DelayRange; readonly dns?: DelayRange }): void;
  setNamespaceQuota(instances: number): void;
}

export interface ForeignInstance {
  readonly instanceId: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Account; ours when left out (ECS-managed instances carry our account, too). */
  readonly createdBy?: string;
}

export interface CloudMapOptions {
  readonly addressOf?: (ec2InstanceId: string) => string | undefined;
}

const noWrites: WriteCounts = { register: 0, deregister: 0, health: 0 };

export function createCloudMap(kernel: Kernel, options: CloudMapOptions = {}): CloudMap {
  const state = createState(kernel);
  const operator = createOperator(state);
  const writes = new Map<string, WriteCounts>();
  const written = (service: ServiceRecord, kind: keyof WriteCounts): void => {
    const counts = writes.get(service.id) ?? noWrites;
    writes.set(service.id, { ...counts, [kind]: counts[kind] + 1 });
  };
  const settings = {
    namespaceQuota: defaultNamespaceQuota,
    addressOf: options.addressOf ?? (() => undefined),
    written,
  };
  const operations = {
    ...namespaceOperations(state, operator),
    ...serviceOperations(state, operator),
    ...instanceOperations(state, operator, settings),
    ...healthOperations(state, (service) => written(service, "health")),
    ...discoveryOperations(state),
    ...tagOperations(state),
    GetOperation: operator.get,
    ListOperations: operator.list,
  };
  return {
    operations,
    ...setupControls(state),
    ...inspectionControls(state),
    writesByService: () => writes,
    failNextOperation: operator.failNext,
    setFailureRate: operator.setFailureRate,
    setOperationDelay: operator.setDelay,
    setNamespaceQuota: (instances) => {
      settings.namespaceQuota = instances;
    },
  };
}

const required = (state: CloudMapState, serviceId: string): ServiceRecord => {
  const service = state.services.get(serviceId);
  if (service === undefined) throw new Error(`no Cloud Map service ${serviceId} in the world`);
  return service;
};

function setupControls(
  state: CloudMapState,
): Pick<CloudMap, "addNamespace" | "addService" | "putInstance" | "removeInstance"> {
  return {
    addNamespace: (draft) => addNamespace(state, draft),
    addService: ({ namespaceId, ...setup }) => {
      const namespace = state.namespaces.get(namespaceId);
      if (namespace === undefined) throw new Error(`no Cloud Map namespace ${namespaceId} in the world`);
      return addService(state, { namespace, ...setup });
    },
    putInstance: (serviceId, instance) =>
      putInstance(state, required(state, serviceId), {
        id: instance.instanceId,
        attributes: instance.attributes,
        createdBy: instance.createdBy ?? state.kernel.account,
      }),
    removeInstance: (serviceId, instanceId) => removeInstance(state, required(state, serviceId), instanceId),
  };
}

function inspectionControls(
  state: CloudMapState,
): Pick<CloudMap, "instancesOf" | "serviceIds" | "dnsZones" | "revisionOf" | "runningOperations"> {
  return {
    instancesOf: (serviceId) =>
      [...(state.services.get(serviceId)?.instances.values() ?? [])].map((instance) => ({
        instanceId: instance.id,
        attributes: instance.attributes,
        health: instance.health,
        createdBy: instance.createdBy,
        registeredAt: instance.registeredAt,
      })),
    serviceIds: () => [...state.services.keys()],
    dnsZones: () => dnsZones(state),
    revisionOf: (serviceId) => state.services.get(serviceId)?.revision,
    runningOperations: () => {
      let running = 0;
      for (const service of state.services.values()) running += service.inFlight.size;
      return running;
    },
  };
}

function dnsZones(state: CloudMapState): readonly DnsZoneView[] {
  const services = [...state.services.values()];
  return [...state.namespaces.values()]
    .filter(({ type }) => type !== "HTTP")
    .map((namespace) => ({
      name: namespace.name,
      services: services
        .filter((service) => service.namespace === namespace && !service.apiOnly && service.dns !== undefined)
        .map((service) => ({
          name: service.name,
          dns: service.dns as DnsConfig,
          hasHealthCheck: hasHealthCheck(service),
          instances: [...service.instances.values()].map(({ id, attributes, health }) => ({
            instanceId: id,
            attributes,
            health,
          })),
        })),
    }));
}
