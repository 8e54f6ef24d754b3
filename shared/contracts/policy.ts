// The effective policy of one key, as the store keeps it: plain data, already checked when it was
// written (contracts/manifest.ts does that for people, with zod; hot functions only read it).

import type { DurationMs } from "../base/time.ts";
import type { RolloutPolicy } from "./rollout-policy.ts";

/** observe: say what would be done. approve: do it once approved. act: do it. */
export type Mode = "observe" | "approve" | "act";

export interface RegistryPolicy {
  /** Cloud Map service id (`srv-…`) or ARN for a namespace of another account. */
  readonly service: string;
  /** The container whose port and health count; default: the task's first container. */
  readonly container?: string;
  /** Container port to publish; absent = register an address without a port. */
  readonly port?: number;
  /** Names the port in attributes and in the instance id; default: the port number. */
  readonly portName?: string;
  readonly address: "ipv4" | "ipv6" | "dualstack" | "public";
  /** Wait for HEALTHY, not only RUNNING. Whose health: `container` if set, else the task's. */
  readonly requireHealthy: boolean;
  /** Custom attributes: values may hold `{{name}}` placeholders, see core/discovery/attributes.ts. */
  readonly attributes: Readonly<Record<string, string>>;
  /** For API clients that weigh instances; published as attribute `weight`. DNS cannot weigh. */
  readonly weight?: number;
}

export interface DiscoveryPolicy {
  readonly mode: Mode;
  readonly registries: readonly RegistryPolicy[];
  /** At most this share of a registry's own instances leaves in one pass, 0 < share <= 1. */
  readonly maxRemoveShare: number;
  /** An operator's word that the last healthy instance may go and the share does not bind. */
  readonly force: boolean;
  /** Between deregistration and a stop by Fairlead: DNS TTL plus what clients cache. */
  readonly drainMs: DurationMs;
}

export interface ServicePolicy {
  readonly rollout?: RolloutPolicy;
  readonly discovery?: DiscoveryPolicy;
}

export const ROLLOUT_VERBS = [
  "start",
  "promote",
  "promote-full",
  "approve",
  "abort",
  "retry",
  "undo",
  "pause",
  "resume",
  "analyze",
] as const;
export type RolloutVerb = (typeof ROLLOUT_VERBS)[number];

/** An operator's word about a rollout. `id` is the decision id that the command printed. */
export interface RolloutCommand {
  readonly type: "rollout";
  readonly id: string;
  readonly verb: RolloutVerb;
  readonly by: string;
  readonly at: number;
  /** The rollout, step and revision that were seen: an approval of anything else is void. */
  readonly rollout?: string;
  readonly step?: number;
  readonly revision?: string;
  /** start: where to; `family:revision` or ARN. */
  readonly taskDefinition?: string;
}

/** An operator's word: one conditional write plus a doorbell; it never waits behind a queue. */
export type Command =
  | { readonly type: "pause"; readonly by: string; readonly at: number }
  | {
      readonly type: "approve";
      readonly by: string;
      readonly at: number;
      readonly proposalIds: readonly string[];
    }
  /** Drain the task out of discovery, then stop it. */
  | { readonly type: "stop-task"; readonly by: string; readonly at: number; readonly taskId: string }
  | RolloutCommand;

/** The account-wide switches, one item. */
export interface Control {
  /** Stops every outward act; decisions and reasons go on. */
  readonly killSwitch: boolean;
  /** Until then, acts are paced: AWS throttled one of us. */
  readonly slowUntil: number;
}
