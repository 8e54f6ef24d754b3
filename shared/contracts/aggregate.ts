// Everything a key has in the table, in one piece: loaded with one Query, committed with one
// conditional UpdateItem.

import type { Key } from "../base/keys.ts";
import type { Reason } from "../base/reasons.ts";
import type { EpochMs } from "../base/time.ts";
import type { Outcome, Proposal } from "./actions.ts";
import type { TaskFact } from "./facts.ts";
import type { Command, Mode, ServicePolicy } from "./policy.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** A container instance's facts, kept under its own key: services look addresses up here. */
export interface HostRecord {
  readonly containerInstanceArn: string;
  readonly status: string;
  readonly ec2InstanceId?: string;
  readonly instanceType?: string;
  readonly availabilityZone?: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly publicIp?: string;
  readonly version: number;
}

export interface KeyState {
  /** Raised by every commit; 0 = nothing stored yet. The fence against a second worker. */
  readonly version: number;
  readonly tasks: Readonly<Record<string, TaskFact>>;
  readonly capabilities: Readonly<Record<string, Json>>;
  /** Accepted in the last commit and not yet settled: after a crash their outcome is unknown. */
  readonly intents: readonly Proposal[];
  /** Held for approval (mode approve) or only shown (mode observe). */
  readonly awaiting: readonly Proposal[];
  /** The last pass's verdict of each capability, also when nothing was done. */
  readonly reasons: Readonly<Record<string, readonly Reason[]>>;
  readonly decidedAt: EpochMs;
  /** Passes in hand, see core/pacing.ts. */
  readonly credit?: number;
  /** Fingerprint of the policy that was decided by: the sweep rings a key whose policy changed unheard. */
  readonly policyMark?: string;
  readonly wakeAt?: EpochMs;
  /** On the key of a container instance: what its last event said. */
  readonly host?: HostRecord;
  /** Container instances of this key's tasks, by ARN: read once, so that an event needs no Describe call. */
  readonly hosts?: Readonly<Record<string, HostRecord>>;
  /** Public addresses by network interface id, likewise. */
  readonly publicIps?: Readonly<Record<string, string>>;
  /** Passes in a row that failed; from the limit on only the sweep is heard (quarantine). */
  readonly failures: number;
}

export interface Aggregate {
  readonly key: Key;
  readonly policy: ServicePolicy | undefined;
  readonly commands: readonly Command[];
  readonly state: KeyState;
}

/** One line of history: what a pass decided, from which inputs, and what came of it. */
export interface DecisionRecord {
  readonly key: Key;
  readonly at: EpochMs;
  /** The state version that the decision produced: orders records of one millisecond. */
  readonly version: number;
  readonly capability: string;
  readonly mode: Mode;
  readonly reasons: readonly Reason[];
  readonly actions: readonly { readonly proposal: Proposal; readonly outcome: Outcome }[];
}
