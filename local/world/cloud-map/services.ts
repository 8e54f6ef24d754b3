// Cloud Map services: what records and health checks their instances get.

import type {
  CreateServiceRequest,
  DeleteServiceRequest,
  DnsConfig,
  GetServiceRequest,
  ListServicesRequest,
  ListServicesResponse,
  Service,
  ServiceFilter,
  Tag,
  UpdateServiceRequest,
} from "@aws-sdk/client-servicediscovery";
import { AwsError } from "../kernel.ts";
import type { CloudMapState, NamespaceRecord, ServiceRecord } from "./model.ts";
import { invalidInput, namespaceOf, newId, resourceArn, serviceNameKey, serviceOf } from "./model.ts";
import type { Operator } from "./operations.ts";
import { pageOf } from "./page.ts";
import { setTags } from "./tags.ts";

export interface ServiceDraft {
  readonly namespace: NamespaceRecord;
  readonly name: string;
  readonly dns?: DnsConfig | undefined;
  readonly customHealth?: boolean;
  readonly healthCheck?: CreateServiceRequest["HealthCheckConfig"];
  readonly apiOnly?: boolean;
  readonly description?: string | undefined;
  readonly creatorRequestId?: string | undefined;
  readonly createdBy?: string;
  readonly tags?: readonly Tag[];
}

export function addService(state: CloudMapState, draft: ServiceDraft): ServiceRecord {
  const { kernel } = state;
  const { namespace } = draft;
  const nameKey = serviceNameKey(namespace, draft.name);
  const id = state.formerServiceIds.get(nameKey) ?? newId(kernel, "srv-");
  const service: ServiceRecord = {
    id,
    arn: resourceArn(kernel, namespace.owner, `service/${id}`),
    namespace,
    name: draft.name,
    creatorRequestId: draft.creatorRequestId,
    createdBy: draft.createdBy ?? kernel.account,
    createdAt: kernel.now(),
    customHealth: draft.customHealth ?? false,
    apiOnly: namespace.type === "HTTP" || (draft.apiOnly ?? false),
    description: draft.description,
    dns: draft.dns,
    healthCheck: draft.healthCheck,
    instances: new Map(),
    inFlight: new Map(),
    requests: new Map(),
    revision: 1,
  };
  state.services.set(id, service);
  state.servicesByName.set(nameKey, service);
  setTags(state, service.arn, draft.tags ?? []);
  return service;
}

export function serviceOperations(state: CloudMapState, operator: Operator) {
  return {
    CreateService: (input: CreateServiceRequest) => createService(state, input),
    GetService: (input: GetServiceRequest) => ({ Service: describe(serviceOf(state, input.Id)) }),
    ListServices: (input: ListServicesRequest) => listServices(state, input),
    UpdateService: (input: UpdateServiceRequest) => updateService(state, operator, input),
    DeleteService: (input: DeleteServiceRequest) => deleteService(state, input),
  };
}

function createService(state: CloudMapState, input: CreateServiceRequest): object {
  const name = input.Name ?? "";
  if (name === "" || name.length > 127) throw invalidInput("Name is required, at most 127 characters.");
  const namespace = namespaceOf(state, input.NamespaceId ?? input.DnsConfig?.NamespaceId);
  validateConfiguration(namespace, input);
  const same = state.servicesByName.get(serviceNameKey(namespace, name));
  if (same !== undefined) {
    throw new AwsError("ServiceAlreadyExists", `Service ${name} already exists.`, {
      fields: { ServiceId: same.id, ServiceArn: same.arn, CreatorRequestId: same.creatorRequestId ?? "" },
    });
  }
  const service = addService(state, {
    namespace,
    name,
    dns: input.DnsConfig && { RoutingPolicy: "MULTIVALUE", ...input.DnsConfig },
    healthCheck: input.HealthCheckConfig,
    customHealth: input.HealthCheckCustomConfig !== undefined,
    apiOnly: input.Type === "HTTP",
    description: input.Description,
    creatorRequestId: input.CreatorRequestId,
    tags: input.Tags ?? [],
  });
  return { Service: describe(service) };
}

function validateConfiguration(namespace: NamespaceRecord, input: CreateServiceRequest): void {
  const types = (input.DnsConfig?.DnsRecords ?? []).map((record) => record.Type);
  const fail = (condition: boolean, message: string): void => {
    if (condition) throw invalidInput(message);
  };
  const both = input.HealthCheckConfig !== undefined && input.HealthCheckCustomConfig !== undefined;
  fail(both, "Give HealthCheckConfig or HealthCheckCustomConfig, not both.");
  const dnsAllowed = namespace.type !== "HTTP" && input.Type !== "HTTP";
  fail(input.DnsConfig !== undefined && !dnsAllowed, "DnsConfig is not allowed in an HTTP service.");
  fail(input.DnsConfig === undefined && dnsAllowed, "DnsConfig is required in a DNS namespace.");
  fail(types.includes("CNAME") && types.length > 1, "CNAME cannot be combined with other records.");
  const cnamePolicy = input.DnsConfig?.RoutingPolicy ?? "MULTIVALUE";
  fail(types.includes("CNAME") && cnamePolicy !== "WEIGHTED", "CNAME needs the WEIGHTED routing policy.");
  fail(types.includes("CNAME") && input.HealthCheckConfig !== undefined, "CNAME excludes HealthCheckConfig.");
  const privateCheck = namespace.type === "DNS_PRIVATE" && input.HealthCheckConfig !== undefined;
  fail(privateCheck, "HealthCheckConfig is not allowed in a private DNS namespace.");
}

function updateService(state: CloudMapState, operator: Operator, input: UpdateServiceRequest): object {
  const service = serviceOf(state, input.Id);
  const change = input.Service ?? {};
  const typesOf = (config: { DnsRecords?: DnsConfig["DnsRecords"] } | undefined): string =>
    (config?.DnsRecords ?? [])
      .map((record) => record.Type ?? "")
      .sort()
      .join();
  if (change.DnsConfig !== undefined && typesOf(change.DnsConfig) !== typesOf(service.dns)) {
    throw invalidInput("Record types change only by deleting and creating the service again.");
  }
  for (const instance of service.instances.values()) {
    if (instance.createdBy !== state.kernel.account) {
      throw invalidInput("Other accounts have registered instances in this service.");
    }
  }
  const operation = operator.submit({
    type: "UPDATE_SERVICE",
    owner: service.namespace.owner,
    targets: { SERVICE: service.id },
    namespaceId: service.namespace.id,
    dns: !service.apiOnly,
    effect: () => {
      service.description = change.Description ?? service.description;
      service.healthCheck = change.HealthCheckConfig;
      if (change.DnsConfig !== undefined) service.dns = { ...service.dns, ...change.DnsConfig };
    },
  });
  return { OperationId: operation.id };
}

function deleteService(state: CloudMapState, input: DeleteServiceRequest): object {
  const service = serviceOf(state, input.Id);
  if (service.instances.size > 0 || service.inFlight.size > 0) {
    throw new AwsError(
      "ResourceInUse",
      `Service contains registered instances; delete the instances before deleting ${service.id}.`,
    );
  }
  const nameKey = serviceNameKey(service.namespace, service.name);
  state.services.delete(service.id);
  state.servicesByName.delete(nameKey);
  state.tags.delete(service.arn);
  state.formerServiceIds.set(nameKey, service.id);
  return {};
}

function describe(service: ServiceRecord): Service {
  return {
    Id: service.id,
    Arn: service.arn,
    ResourceOwner: service.namespace.owner,
    Name: service.name,
    NamespaceId: service.namespace.id,
    InstanceCount: service.instances.size,
    Type: service.apiOnly ? "HTTP" : "DNS_HTTP",
    CreateDate: new Date(service.createdAt),
    CreatedByAccount: service.createdBy,
    ...(service.description !== undefined && { Description: service.description }),
    ...(service.creatorRequestId !== undefined && { CreatorRequestId: service.creatorRequestId }),
    ...(service.dns !== undefined && { DnsConfig: service.dns }),
    ...(service.healthCheck !== undefined && { HealthCheckConfig: service.healthCheck }),
    ...(service.customHealth && { HealthCheckCustomConfig: { FailureThreshold: 1 } }),
  };
}

function listServices(state: CloudMapState, input: ListServicesRequest): ListServicesResponse {
  const matching = [...state.services.values()].filter((service) =>
    (input.Filters ?? []).every((filter) => matches(service, filter, state.kernel.account)),
  );
  const page = pageOf(matching, input, (service) => service.id);
  const summaries = page.items.map((service) => {
    const { CreatorRequestId, NamespaceId, ...rest } = describe(service);
    return rest;
  });
  return { Services: summaries, ...page.next };
}

function matches(service: ServiceRecord, filter: ServiceFilter, account: string): boolean {
  const values = filter.Values ?? [];
  if (filter.Name === "NAMESPACE_ID") {
    return values.includes(service.namespace.id) || values.includes(service.namespace.arn);
  }
  if (filter.Name === "RESOURCE_OWNER") {
    return values.includes(service.namespace.owner === account ? "SELF" : "OTHER_ACCOUNTS");
  }
  throw invalidInput(`Filter name ${filter.Name} is not valid.`);
}
