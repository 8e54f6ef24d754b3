// Instances: registered and deregistered by asynchronous operations, one at a time for each instance id.

import type {
  DeregisterInstanceRequest,
  GetInstanceRequest,
  GetInstanceResponse,
  ListInstancesRequest,
  ListInstancesResponse,
  RegisterInstanceRequest,
} from "@aws-sdk/client-servicediscovery";
import { AwsError } from "../kernel.ts";
import { MAX_INSTANCES_PER_NAMESPACE, MAX_INSTANCES_PER_SERVICE } from "./limits.ts";
import type { CloudMapState, InstanceRecord, OperationRecord, ServiceRecord } from "./model.ts";
import { invalidInput, serviceOf } from "./model.ts";
import type { Operator } from "./operations.ts";
import { statusOf } from "./operations.ts";
import { pageOf } from "./page.ts";
import { validateInstanceId, validateRegistration } from "./validation.ts";

type Attributes = Readonly<Record<string, string>>;

export interface InstanceSettings {
  namespaceQuota: number;
  /** The private address of an EC2 instance: fills AWS_INSTANCE_IPV4 for AWS_EC2_INSTANCE_ID. */
  readonly addressOf: (ec2InstanceId: string) => string | undefined;
  readonly written: (service: ServiceRecord, kind: "register" | "deregister") => void;
}

export interface InstanceDraft {
  readonly id: string;
  readonly attributes: Attributes;
  readonly createdBy: string;
  readonly creatorRequestId?: string | undefined;
}

export const defaultNamespaceQuota = MAX_INSTANCES_PER_NAMESPACE;

/** The effect of a registration: an upsert. Health starts anew, as Cloud Map replaces the check. */
export function putInstance(state: CloudMapState, service: ServiceRecord, draft: InstanceDraft): void {
  const existing = service.instances.get(draft.id);
  existing?.pendingHealth?.cancel();
  if (existing === undefined) raise(state.namespaceCounts, service, 1);
  service.instances.set(draft.id, {
    id: draft.id,
    attributes: draft.attributes,
    creatorRequestId: draft.creatorRequestId,
    createdBy: draft.createdBy,
    registeredAt: state.kernel.now(),
    health: draft.attributes["AWS_INIT_HEALTH_STATUS"] === "UNHEALTHY" ? "UNHEALTHY" : "HEALTHY",
    pendingHealth: undefined,
  });
  service.revision += 1;
}

export function removeInstance(state: CloudMapState, service: ServiceRecord, id: string): void {
  const existing = service.instances.get(id);
  if (existing === undefined) return;
  existing.pendingHealth?.cancel();
  service.instances.delete(id);
  raise(state.namespaceCounts, service, -1);
  service.revision += 1;
}

function raise(counts: Map<string, number>, service: ServiceRecord, by: number): void {
  const { id } = service.namespace;
  counts.set(id, (counts.get(id) ?? 0) + by);
}

export function instanceOperations(state: CloudMapState, operator: Operator, settings: InstanceSettings) {
  return {
    RegisterInstance: (input: RegisterInstanceRequest) => register({ state, operator, settings }, input),
    DeregisterInstance: (input: DeregisterInstanceRequest) =>
      deregister({ state, operator, settings }, input),
    GetInstance: (input: GetInstanceRequest) => getInstance(state, input),
    ListInstances: (input: ListInstancesRequest) => listInstances(state, input),
  };
}

interface Writing {
  readonly state: CloudMapState;
  readonly operator: Operator;
  readonly settings: InstanceSettings;
}

const duplicateRequest = (running: OperationRecord): AwsError =>
  new AwsError(
    "DuplicateRequest",
    `Another operation of type ${running.type} and id ${running.id} is in progress`,
    {
      fields: { DuplicateOperationId: running.id },
    },
  );

function register(writing: Writing, input: RegisterInstanceRequest): { OperationId: string } {
  const { state, settings } = writing;
  const service = serviceOf(state, input.ServiceId);
  const attributes = validateRegistration(service, input);
  const id = input.InstanceId as string;
  const known = rememberedOperation(state, service, { ...input, Attributes: { ...attributes } });
  if (known !== undefined) return { OperationId: known.id };
  const running = service.inFlight.get(id);
  if (running !== undefined) throw duplicateRequest(running);
  requireRoom(writing, service, id);
  const draft = { id, attributes: withAddress(attributes, settings), createdBy: state.kernel.account };
  const requestId = input.CreatorRequestId;
  const operation = submit(writing, { service, id, type: "REGISTER_INSTANCE" }, () =>
    putInstance(state, service, { ...draft, creatorRequestId: requestId }),
  );
  if (requestId !== undefined) service.requests.set(requestId, { instanceId: id, attributes, operation });
  settings.written(service, "register");
  return { OperationId: operation.id };
}

/** The same CreatorRequestId does not run twice while its operation is remembered, unless it failed. */
function rememberedOperation(
  state: CloudMapState,
  service: ServiceRecord,
  input: RegisterInstanceRequest,
): OperationRecord | undefined {
  const known = service.requests.get(input.CreatorRequestId ?? "");
  if (known === undefined || !state.operations.has(known.operation.id)) return undefined;
  if (known.operation.ended === "FAIL") return undefined;
  const same =
    known.instanceId === input.InstanceId && sameAttributes(known.attributes, input.Attributes ?? {});
  if (!same) throw invalidInput("CreatorRequestId was used for another registration.");
  return known.operation;
}

function sameAttributes(a: Attributes, b: Attributes): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function requireRoom({ state, settings }: Writing, service: ServiceRecord, id: string): void {
  if (service.instances.has(id)) return;
  let registering = 0;
  for (const instanceId of service.inFlight.keys()) if (!service.instances.has(instanceId)) registering += 1;
  if (service.instances.size + registering >= MAX_INSTANCES_PER_SERVICE) {
    throw new AwsError(
      "ResourceLimitExceeded",
      `Service ${service.id} has ${MAX_INSTANCES_PER_SERVICE} instances.`,
    );
  }
  const { id: namespaceId } = service.namespace;
  const inNamespace =
    (state.namespaceCounts.get(namespaceId) ?? 0) + (state.namespaceArrivals.get(namespaceId) ?? 0);
  if (inNamespace >= settings.namespaceQuota) {
    throw new AwsError(
      "ResourceLimitExceeded",
      `Namespace ${service.namespace.id} has ${settings.namespaceQuota} instances.`,
    );
  }
}

function withAddress(attributes: Attributes, settings: InstanceSettings): Attributes {
  const instanceId = attributes["AWS_EC2_INSTANCE_ID"];
  if (instanceId === undefined) return attributes;
  const address = settings.addressOf(instanceId);
  if (address === undefined) throw invalidInput(`EC2 instance ${instanceId} was not found.`);
  return { ...attributes, AWS_INSTANCE_IPV4: address };
}

function submit(
  { state, operator }: Writing,
  target: { readonly service: ServiceRecord; readonly id: string; readonly type: string },
  effect: () => void,
): OperationRecord {
  const { service, id, type } = target;
  const arrival = service.instances.has(id) ? 0 : 1;
  const operation = operator.submit({
    type,
    owner: service.namespace.owner,
    targets: { INSTANCE: id, SERVICE: service.id },
    namespaceId: service.namespace.id,
    dns: !service.apiOnly,
    effect,
    settled: () => {
      service.inFlight.delete(id);
      raise(state.namespaceArrivals, service, -arrival);
    },
  });
  service.inFlight.set(id, operation);
  raise(state.namespaceArrivals, service, arrival);
  return operation;
}

function deregister(writing: Writing, input: DeregisterInstanceRequest): { OperationId: string } {
  const { state, settings } = writing;
  const service = serviceOf(state, input.ServiceId);
  const id = validateInstanceId(input.InstanceId);
  const running = service.inFlight.get(id);
  const registered = service.instances.has(id);
  if (running !== undefined) refuseDeregistration(state, running, registered);
  if (!registered) throw new AwsError("InstanceNotFound", `Instance not found: ${id}`);
  const operation = submit(writing, { service, id, type: "DEREGISTER_INSTANCE" }, () =>
    removeInstance(state, service, id),
  );
  settings.written(service, "deregister");
  return { OperationId: operation.id };
}

/**
 * Which error AWS gives is not documented per case, so each documented one is met: "recently registered, and
 * information hasn't propagated yet" (InstanceNotFound) early in a first registration, ResourceInUse while an
 * update runs, DuplicateRequest otherwise.
 */
function refuseDeregistration(state: CloudMapState, running: OperationRecord, registered: boolean): never {
  if (running.type === "REGISTER_INSTANCE") {
    if (registered) throw new AwsError("ResourceInUse", `Instance is in use by operation ${running.id}.`);
    if (statusOf(running, state.kernel.now()) === "SUBMITTED") {
      throw new AwsError(
        "InstanceNotFound",
        "The instance was recently registered and has not propagated yet.",
      );
    }
  }
  throw duplicateRequest(running);
}

function getInstance(state: CloudMapState, input: GetInstanceRequest): GetInstanceResponse {
  const service = serviceOf(state, input.ServiceId);
  const instance = service.instances.get(input.InstanceId ?? "");
  if (instance === undefined)
    throw new AwsError("InstanceNotFound", `Instance not found: ${input.InstanceId}`);
  return {
    ResourceOwner: service.namespace.owner,
    Instance: {
      Id: instance.id,
      Attributes: { ...instance.attributes },
      CreatedByAccount: instance.createdBy,
      ...(instance.creatorRequestId !== undefined && { CreatorRequestId: instance.creatorRequestId }),
    },
  };
}

function listInstances(state: CloudMapState, input: ListInstancesRequest): ListInstancesResponse {
  const service = serviceOf(state, input.ServiceId);
  const page = pageOf([...service.instances.values()], input, (instance: InstanceRecord) => instance.id);
  const summaries = page.items.map((instance) => ({
    Id: instance.id,
    Attributes: { ...instance.attributes },
    CreatedByAccount: instance.createdBy,
  }));
  return { ResourceOwner: service.namespace.owner, Instances: summaries, ...page.next };
}
