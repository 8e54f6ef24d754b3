// Cloud Map as data: what reads of a registry answer.

export interface RegistryInstance {
  readonly instanceId: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface RegistrySettings {
  readonly serviceId: string;
  readonly name: string;
  readonly namespaceName?: string;
  /** HealthCheckCustomConfig is set: UpdateInstanceCustomHealthStatus works. */
  readonly customHealth: boolean;
  /** Tagged AmazonECSManaged (Service Connect): never written to. */
  readonly ecsManaged: boolean;
  /** DNS record types, e.g. A, AAAA, SRV, CNAME; empty for API-only services. */
  readonly recordTypes: readonly string[];
}

export type OperationStatus =
  | { readonly status: "pending" }
  | { readonly status: "success" }
  /** Code as in https://docs.aws.amazon.com/cloud-map/latest/api/API_Operation.html `ErrorCode`. */
  | { readonly status: "failed"; readonly code: string; readonly message: string };
