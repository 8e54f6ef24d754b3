// Cloud Map's data plane: what clients of the registry see.
// https://docs.aws.amazon.com/cloud-map/latest/api/API_DiscoverInstances.html

import type {
  DiscoverInstancesRequest,
  DiscoverInstancesResponse,
  DiscoverInstancesRevisionRequest,
  DiscoverInstancesRevisionResponse,
  HealthStatusFilter,
} from "@aws-sdk/client-servicediscovery";
import { AwsError } from "../kernel.ts";
import { hasHealthCheck, shownHealth } from "./health.ts";
import { DEFAULT_DISCOVERED, MAX_DISCOVERED } from "./limits.ts";
import type { CloudMapState, InstanceRecord, ServiceRecord } from "./model.ts";
import { invalidInput, serviceNameKey } from "./model.ts";

interface Names {
  readonly NamespaceName: string | undefined;
  readonly ServiceName: string | undefined;
  readonly OwnerAccount?: string | undefined;
}

export function discoveryOperations(state: CloudMapState) {
  return {
    DiscoverInstances: (input: DiscoverInstancesRequest) => discover(state, input),
    DiscoverInstancesRevision: (
      input: DiscoverInstancesRevisionRequest,
    ): DiscoverInstancesRevisionResponse => ({
      InstancesRevision: byName(state, input).revision,
    }),
  };
}

function byName(state: CloudMapState, names: Names): ServiceRecord {
  const owner = names.OwnerAccount ?? state.kernel.account;
  for (const namespace of state.namespaces.values()) {
    if (namespace.name !== names.NamespaceName || namespace.owner !== owner) continue;
    const service = state.servicesByName.get(serviceNameKey(namespace, names.ServiceName ?? ""));
    if (service === undefined)
      throw new AwsError("ServiceNotFound", `Service not found: ${names.ServiceName}`);
    return service;
  }
  throw new AwsError("NamespaceNotFound", `Namespace not found: ${names.NamespaceName}`);
}

function discover(state: CloudMapState, input: DiscoverInstancesRequest): DiscoverInstancesResponse {
  const service = byName(state, input);
  const limit = input.MaxResults ?? DEFAULT_DISCOVERED;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_DISCOVERED) {
    throw invalidInput(`MaxResults must be between 1 and ${MAX_DISCOVERED}.`);
  }
  const required = [...service.instances.values()].filter((one) => hasAll(one, input.QueryParameters));
  const optional = required.filter((one) => hasAll(one, input.OptionalParameters));
  const matching = optional.length > 0 ? optional : required;
  const found = byHealth(service, matching, input.HealthStatus ?? "ALL");
  const instances = shuffled(state, found)
    .slice(0, limit)
    .map((instance) => ({
      InstanceId: instance.id,
      NamespaceName: service.namespace.name,
      ServiceName: service.name,
      HealthStatus: shownHealth(service, instance),
      Attributes: { ...instance.attributes },
    }));
  return { Instances: instances, InstancesRevision: service.revision };
}

const hasAll = (instance: InstanceRecord, wanted: Record<string, string> | undefined): boolean =>
  Object.entries(wanted ?? {}).every(([name, value]) => instance.attributes[name] === value);

/** The filter is ignored where no health check is configured. */
function byHealth(
  service: ServiceRecord,
  instances: readonly InstanceRecord[],
  filter: HealthStatusFilter,
): readonly InstanceRecord[] {
  if (!hasHealthCheck(service) || filter === "ALL") return instances;
  const wanted = filter === "UNHEALTHY" ? "UNHEALTHY" : "HEALTHY";
  const chosen = instances.filter((instance) => instance.health === wanted);
  return filter === "HEALTHY_OR_ELSE_ALL" && chosen.length === 0 ? instances : chosen;
}

function shuffled(state: CloudMapState, instances: readonly InstanceRecord[]): InstanceRecord[] {
  const result = [...instances];
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = state.kernel.chance.int(0, index);
    [result[index], result[other]] = [result[other] as InstanceRecord, result[index] as InstanceRecord];
  }
  return result;
}
