// One interface for every way in which ECS moves a service to a new revision. `decide` says in the driver's
// independent words where the rollout shall be; the driver says where it is, and proposes the next acts
// towards it. Pure and level-triggered: the same view and wish give the same acts, none when it is reached.

import type { Key } from "../../base/keys.ts";
import type { Reason } from "../../base/reasons.ts";
import type { EpochMs } from "../../base/time.ts";
import type { Proposal } from "../../contracts/actions.ts";
import type { RolloutPolicy } from "../../contracts/rollout-policy.ts";
import type { RolloutAsk, RolloutObservation } from "./observation.ts";
import type { Rollout } from "./state.ts";

export type Wish =
  /** The new revision exists, healthy, with the scale and without production traffic. */
  | { readonly kind: "ready"; readonly scale: number }
  /** So many percent of production on it (and at least so much capacity, where capacity can be partial). */
  | { readonly kind: "weight"; readonly weight: number; readonly scale: number }
  | { readonly kind: "header-route"; readonly header: string; readonly values: readonly string[] }
  /** Everything on it; the old one goes after the delay, in slices. */
  | { readonly kind: "finished" }
  /** Capacity of the old one first, then its traffic, then the new one goes. */
  | { readonly kind: "rolled-back" };

export interface DriverInput {
  readonly key: Key;
  readonly rollout: Rollout;
  readonly observation: RolloutObservation;
  readonly policy: RolloutPolicy;
  readonly now: EpochMs;
}

export interface Steering {
  /** What the driver learnt: merged into the rollout. */
  readonly learnt: Partial<
    Pick<
      Rollout,
      | "deploymentArn"
      | "taskSets"
      | "places"
      | "weight"
      | "weights"
      | "asked"
      | "routed"
      | "stopRefused"
      | "scale"
      | "openHook"
      | "drainedSince"
      | "shrinkingSince"
      | "trafficSince"
      | "target"
      | "source"
    >
  >;
  readonly proposals: readonly Proposal[];
  /** What must be read before it can go on; reads of this pass that failed are not asked for again. */
  readonly asks: readonly RolloutAsk[];
  /**
   * reached: nothing is left to do. moving: acts are proposed or ECS works. blocked: it must not go on now
   * (unhealthy capacity, drift); reasons say why. impossible: this driver cannot; needs an operator.
   * ended: ECS ended the deployment itself, `outcome` says how.
   */
  readonly standing: "reached" | "moving" | "blocked" | "impossible" | "ended";
  readonly outcome?: "promoted" | "rolled-back" | "failed" | "superseded";
  readonly reasons: readonly Reason[];
  /** When to look again without news. */
  readonly wakeAt: EpochMs | undefined;
}

export interface Driver {
  steer(input: DriverInput, wish: Wish): Steering;
}
