// Cloud Map. Writes are asynchronous: they answer with an operation that is polled to its end.
// Errors: AppError `throttled` | `transient` | `busy` (with detail.operationId when Cloud Map names the
// running one) | `limit` | `missing` | `denied` | `input`.

import type { OperationStatus, RegistryInstance, RegistrySettings } from "../contracts/registry.ts";

export type { OperationStatus, RegistryInstance, RegistrySettings };

export interface RegistryReader {
  /** GetService and ListTagsForResource. */
  settings(service: string): Promise<RegistrySettings>;
  /** ListInstances to its last page (100 a page). */
  instances(service: string): Promise<readonly RegistryInstance[]>;
  /** GetOperation. An unknown operation (they expire) is `missing`. The registry tells whose account to ask. */
  operation(operationId: string, service: string): Promise<OperationStatus>;
  /** DiscoverInstancesRevision: rises on register and deregister, not on health. Data plane, 3,000/s. */
  revision(service: Pick<RegistrySettings, "serviceId" | "name" | "namespaceName">): Promise<number>;
}

export interface RegistryWriter {
  /** Upsert. Repeating it with the same requestId runs once. Returns the operation's id. */
  register(input: {
    readonly service: string;
    readonly instanceId: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly requestId: string;
  }): Promise<string>;
  /** A missing instance is success: returns undefined when there was nothing to remove. */
  deregister(service: string, instanceId: string): Promise<string | undefined>;
  /** UpdateInstanceCustomHealthStatus: takes effect after about 30 s, repeats do not speed it up. */
  setHealth(service: string, instanceId: string, health: "HEALTHY" | "UNHEALTHY"): Promise<void>;
}
