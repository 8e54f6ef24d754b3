// What Cloud Map holds, and how its resources are found: by id, or by ARN when another account owns them.

import type { DnsConfig, HealthCheckConfig, NamespaceType } from "@aws-sdk/client-servicediscovery";
import type { EpochMs } from "../../../shared/base/time.ts";
import type { Kernel } from "../kernel.ts";
import { AwsError } from "../kernel.ts";

export type Health = "HEALTHY" | "UNHEALTHY";

export interface NamespaceRecord {
  readonly id: string;
  readonly arn: string;
  /** The account that owns it: another one's namespace is shared with us through RAM. */
  readonly owner: string;
  readonly name: string;
  readonly type: NamespaceType;
  readonly description: string | undefined;
  readonly creatorRequestId: string | undefined;
  readonly hostedZoneId: string | undefined;
  readonly createdAt: EpochMs;
}

export interface InstanceRecord {
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly creatorRequestId: string | undefined;
  readonly createdBy: string;
  readonly registeredAt: EpochMs;
  /** Kept also where no custom health check is configured; not shown then. */
  health: Health;
  pendingHealth: { readonly health: Health; cancel(): void } | undefined;
}

export interface ServiceRecord {
  readonly id: string;
  readonly arn: string;
  readonly namespace: NamespaceRecord;
  readonly name: string;
  readonly creatorRequestId: string | undefined;
  readonly createdBy: string;
  readonly createdAt: EpochMs;
  readonly customHealth: boolean;
  readonly apiOnly: boolean;
  description: string | undefined;
  dns: DnsConfig | undefined;
  healthCheck: HealthCheckConfig | undefined;
  readonly instances: Map<string, InstanceRecord>;
  /** Running operation by instance id: Cloud Map takes one at a time for each. */
  readonly inFlight: Map<string, OperationRecord>;
  /** Registrations by CreatorRequestId. */
  readonly requests: Map<string, RememberedRequest>;
  /** Rises on register and deregister; health changes leave it. */
  revision: number;
}

export interface RememberedRequest {
  readonly instanceId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly operation: OperationRecord;
}

export interface OperationRecord {
  readonly id: string;
  readonly type: string;
  readonly owner: string;
  readonly targets: Readonly<Record<string, string>>;
  readonly namespaceId: string | undefined;
  readonly createdAt: EpochMs;
  readonly pendingAt: EpochMs;
  updatedAt: EpochMs;
  ended: "SUCCESS" | "FAIL" | undefined;
  error: { readonly code: string; readonly message: string } | undefined;
}

/** Everything that the modules of this folder share. */
export interface CloudMapState {
  readonly kernel: Kernel;
  readonly namespaces: Map<string, NamespaceRecord>;
  readonly services: Map<string, ServiceRecord>;
  readonly servicesByName: Map<string, ServiceRecord>;
  /** Instances by namespace id: those there, and those whose first registration runs. */
  readonly namespaceCounts: Map<string, number>;
  readonly namespaceArrivals: Map<string, number>;
  readonly operations: Map<string, OperationRecord>;
  readonly tags: Map<string, Map<string, string>>;
  /** Ids of deleted services by namespace and name: Cloud Map may give the same id again. */
  readonly formerServiceIds: Map<string, string>;
}

export const createState = (kernel: Kernel): CloudMapState => ({
  kernel,
  namespaces: new Map(),
  services: new Map(),
  servicesByName: new Map(),
  namespaceCounts: new Map(),
  namespaceArrivals: new Map(),
  operations: new Map(),
  tags: new Map(),
  formerServiceIds: new Map(),
});

export const invalidInput = (message: string): AwsError => new AwsError("InvalidInput", message);

/** Service names differ by case in HTTP namespaces only. */
export const serviceNameKey = (namespace: NamespaceRecord, name: string): string =>
  `${namespace.id}/${namespace.type === "HTTP" ? name : name.toLowerCase()}`;

export const resourceArn = (kernel: Kernel, owner: string, resource: string): string =>
  `arn:aws:servicediscovery:${kernel.region}:${owner}:${resource}`;

function findOwned<T extends { id: string; arn: string }>(
  records: ReadonlyMap<string, T>,
  input: {
    readonly reference: string | undefined;
    readonly ownerOf: (record: T) => string;
    readonly account: string;
  },
): T | undefined {
  const { reference, ownerOf, account } = input;
  if (typeof reference !== "string" || reference === "") throw invalidInput("The id is required.");
  if (reference.startsWith("arn:")) {
    const record = records.get(reference.slice(reference.lastIndexOf("/") + 1));
    return record?.arn === reference ? record : undefined;
  }
  const record = records.get(reference);
  // What another account shares is named by ARN:
  // https://docs.aws.amazon.com/cloud-map/latest/dg/sharing-namespaces.html
  return record !== undefined && ownerOf(record) === account ? record : undefined;
}

export function serviceOf(state: CloudMapState, reference: string | undefined): ServiceRecord {
  const ownerOf = (service: ServiceRecord): string => service.namespace.owner;
  const service = findOwned(state.services, { reference, ownerOf, account: state.kernel.account });
  if (service === undefined) throw new AwsError("ServiceNotFound", `Service not found: ${reference}`);
  return service;
}

export function namespaceOf(state: CloudMapState, reference: string | undefined): NamespaceRecord {
  const ownerOf = (namespace: NamespaceRecord): string => namespace.owner;
  const namespace = findOwned(state.namespaces, { reference, ownerOf, account: state.kernel.account });
  if (namespace === undefined) throw new AwsError("NamespaceNotFound", `Namespace not found: ${reference}`);
  return namespace;
}

/** Ids look like AWS's: a prefix and 16 characters of base 32. */
export function newId(kernel: Kernel, prefix: string, length = 16): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  let id = prefix;
  for (let index = 0; index < length; index += 1) id += alphabet[kernel.chance.int(0, alphabet.length - 1)];
  return id;
}
