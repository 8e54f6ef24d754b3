// What discovery remembers about a key's registries. An instance's life is a union on `phase`; the
// transition table is in README.md.

import type { EpochMs } from "../../base/time.ts";

/** Cloud Map tells success only through the operation: until then an instance is neither in nor out. */
export type InstanceState =
  | {
      readonly phase: "registering";
      readonly taskId: string;
      readonly hash: string;
      /** Reused until the outcome is known, so that a repeated call runs once. */
      readonly requestId: string;
      /** Absent while the outcome of the call itself is unknown. */
      readonly operationId?: string;
      /** An earlier version of the instance is in the registry: this is an update. */
      readonly present: boolean;
      /** Somebody else started that operation: its end says nothing about our wish. */
      readonly adopted?: boolean;
      /** The first try of this attempt: an unknown outcome does not renew it. */
      readonly since: EpochMs;
      /** 1 for the first attempt. */
      readonly attempt: number;
    }
  | {
      readonly phase: "registered";
      readonly taskId: string;
      readonly hash: string;
      readonly since: EpochMs;
      /** What custom health says; a listing does not tell it. */
      readonly health: "HEALTHY" | "UNHEALTHY" | "UNKNOWN";
    }
  | {
      readonly phase: "deregistering";
      readonly taskId: string;
      readonly hash: string;
      readonly operationId?: string;
      readonly adopted?: boolean;
      readonly since: EpochMs;
      readonly attempt: number;
    }
  | {
      /** A try failed; `registered` says whether the instance is still in the registry. */
      readonly phase: "waiting";
      readonly taskId: string;
      readonly hash: string;
      readonly registered: boolean;
      /** Attempts that failed in a row. */
      readonly attempt: number;
      readonly code: string;
      readonly message: string;
      readonly nextTryAt: EpochMs;
    };

export interface RegistryState {
  readonly instances: Readonly<Record<string, InstanceState>>;
  /** When ListInstances was last compared with our memory; absent = must be listed before any write. */
  readonly listedAt?: EpochMs;
  /**
   * InstancesRevision that two listings, some time apart, have seen: the sweep lists again when it has moved.
   * One listing alone could be stale, and its drift would never be looked for again.
   */
  readonly revision?: number;
  /** Read just before the last listing: becomes `revision` when the next listing reads it again. */
  readonly seenRevision?: number;
  /** The registry's names, for the sweep's revision check: saves it two reads for each registry. */
  readonly place?: { readonly name: string; readonly namespaceName: string };
  /** Instances of other owners at the last listing: they count towards the limit, we never touch them. */
  readonly foreign: number;
  /** ECS itself registers this service's tasks here (serviceRegistries): hands off. */
  readonly ecsRegisters?: boolean;
  /** AWS throttled: nothing is written here before. */
  readonly slowUntil?: EpochMs;
}

/** A task that Fairlead itself will stop once it is out of discovery and clients have forgotten it. */
export interface DrainState {
  readonly askedAt: EpochMs;
  readonly outSince?: EpochMs;
  /** StopTask was tried so often; not again before `nextTryAt`, in case its event was lost or it failed. */
  readonly tries?: number;
  readonly nextTryAt?: EpochMs;
}

export interface DiscoveryState {
  readonly registries: Readonly<Record<string, RegistryState>>;
  readonly drains: Readonly<Record<string, DrainState>>;
  /** Container instances that drain or are about to be reclaimed, and since when that is known. */
  readonly leavingHosts: Readonly<Record<string, EpochMs>>;
}

export const initialDiscoveryState: DiscoveryState = { registries: {}, drains: {}, leavingHosts: {} };

export const emptyRegistry: RegistryState = { instances: {}, foreign: 0 };

/** In the registry as far as is known: Cloud Map confirmed it and no removal has been accepted. */
export const isIn = (entry: InstanceState): boolean =>
  entry.phase === "registered" ||
  (entry.phase === "registering" && entry.present) ||
  (entry.phase === "waiting" && entry.registered);
