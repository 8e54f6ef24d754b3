// A run as a list of steps: what was written to the table, what was ordered, and every write of ours to AWS with
// the service just before and after it. Checkers see nothing else, so that a trace can also be written by hand.

import type { Key } from "../../../shared/base/keys.ts";
import type { EpochMs } from "../../../shared/base/time.ts";
import type { Proposal } from "../../../shared/contracts/actions.ts";
import type { RolloutCommand } from "../../../shared/contracts/policy.ts";
import type { RolloutPolicy } from "../../../shared/contracts/rollout-policy.ts";
import type { Active, Rollout, RolloutState } from "../../../shared/core/rollout/state.ts";
import type { ServiceNow } from "./snapshot.ts";

export interface CallStep {
  readonly kind: "call";
  readonly at: EpochMs;
  readonly key: Key;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly before: ServiceNow;
  readonly after: ServiceNow;
  /** AWS's error: the call had no effect. */
  readonly refused?: string;
}

export interface CommitStep {
  readonly kind: "commit";
  readonly at: EpochMs;
  readonly key: Key;
  readonly version: number;
  readonly state: RolloutState;
  readonly intents: readonly Proposal[];
}

export interface OrderStep {
  readonly kind: "order";
  readonly at: EpochMs;
  readonly key: Key;
  readonly command: RolloutCommand;
}

/** A read of metrics that was answered, with what the world really served up to then. */
export interface MetricsStep {
  readonly kind: "metrics";
  readonly at: EpochMs;
  /** The newest point of any series; undefined: no point at all. */
  readonly newest: EpochMs | undefined;
  /** One name for each metric that was asked for. */
  readonly metrics?: readonly string[];
}

export type Step = CallStep | CommitStep | OrderStep | MetricsStep;

/** What a checker may know besides the trace. */
export interface Known {
  readonly policyOf: (key: Key) => RolloutPolicy;
  /** Requests that a target group has answered by now. */
  readonly served: (group: string) => number;
  /** AWS answers reads with what was: what is there now can be known to nobody. */
  readonly mayBeStale: () => boolean;
  /** Whether AWS itself answered moments ago that somebody in the group is healthy: more nobody can know. */
  readonly wasReadHealthy: (group: string, at: EpochMs) => boolean;
}

/** Says what is wrong with the step, if anything; remembers what it needs. */
export type Checker = (step: Step) => string | undefined;
export interface Invariant {
  readonly id: string;
  readonly create: (known: Known) => Checker;
}

export const rolloutOf = (state: RolloutState | undefined): Rollout | undefined =>
  state === undefined || state.phase === "idle" ? undefined : state.rollout;

export const isActive = (state: RolloutState | undefined): state is Active =>
  state !== undefined && state.phase !== "idle";

/** The last committed state of every key. */
export function memoryOfStates(): {
  note(step: Step): void;
  of(key: Key): RolloutState | undefined;
} {
  const states = new Map<Key, RolloutState>();
  return {
    note: (step) => {
      if (step.kind === "commit") states.set(step.key, step.state);
    },
    of: (key) => states.get(key),
  };
}

interface ForwardGroup {
  readonly TargetGroupArn?: string;
  readonly Weight?: number;
}

/** The weights that a ModifyRule or ModifyListener writes. */
export function weightsIn(call: CallStep): readonly (readonly [group: string, weight: number])[] | undefined {
  if (call.operation !== "ModifyRule" && call.operation !== "ModifyListener") return undefined;
  const actions = (call.input["Actions"] ?? call.input["DefaultActions"] ?? []) as readonly {
    readonly ForwardConfig?: { readonly TargetGroups?: readonly ForwardGroup[] };
  }[];
  return actions
    .flatMap(({ ForwardConfig }) => ForwardConfig?.TargetGroups ?? [])
    .map(({ TargetGroupArn = "", Weight = 0 }) => [TargetGroupArn, Weight] as const);
}

export const weightOf = (now: ServiceNow, group: string | undefined): number =>
  now.groups.find(({ arn }) => arn === group)?.weight ?? 0;

/** The set that a task set call is about, as it stood before. */
export const setOf = ({ before, input }: CallStep) =>
  before.taskSets.find(({ arn }) => {
    const named = String(input["taskSet"] ?? input["primaryTaskSet"] ?? "");
    return arn === named || arn.endsWith(`/${named.split("/").at(-1)}`);
  });
