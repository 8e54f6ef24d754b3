// What the virtual ECS needs of the virtual Elastic Load Balancing: target groups to register tasks in, their
// health, and the weights of a rule that a deployment shifts.

export interface Target {
  /** An IP address, or `i-…` for groups of type `instance`. */
  readonly id: string;
  readonly port: number;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html */
export type TargetHealthState = "initial" | "healthy" | "unhealthy" | "unused" | "draining" | "unavailable";

export interface TargetHealthView {
  readonly state: TargetHealthState;
  /** `Target.FailedHealthChecks`, `Elb.RegistrationInProgress`… */
  readonly reason?: string;
  readonly description?: string;
}

export interface TargetGroupView {
  readonly arn: string;
  readonly name: string;
  readonly targetType: "ip" | "instance";
  readonly port: number;
  readonly deregistrationDelayMs: number;
  /** Load balancers with a rule that names the group: none = its targets are `unused`. */
  readonly loadBalancerArns: readonly string[];
}

/** Who asks: ECS registers and shifts with its own rights; nothing here is throttled or checked against a role. */
export interface Balancing {
  targetGroup(arn: string): TargetGroupView | undefined;
  /** Again with the same target: nothing changes. A draining target comes back. */
  registerTarget(groupArn: string, target: Target): void;
  /** The target drains for the group's deregistration delay, or less when no request is open. */
  deregisterTarget(groupArn: string, target: Target): void;
  /** undefined: not registered, or drained to the end. */
  targetHealth(groupArn: string, target: Target): TargetHealthView | undefined;
  /** The forward weights of a listener's rule, or of a listener's default action; undefined: there is none. */
  weightsOf(ruleOrListenerArn: string): ReadonlyMap<string, number> | undefined;
  /** Replaces the weights and nothing else of the rule. Effective for requests after the propagation delay. */
  setWeights(ruleOrListenerArn: string, weights: ReadonlyMap<string, number>): void;
  /** Any change of a target's state, its disappearance (undefined) included. */
  onTargetHealth(
    listener: (groupArn: string, target: Target, state: TargetHealthState | undefined) => void,
  ): void;
}

/** An AWS without load balancers. */
export const NO_BALANCING: Balancing = {
  targetGroup: () => undefined,
  registerTarget: () => undefined,
  deregisterTarget: () => undefined,
  targetHealth: () => undefined,
  weightsOf: () => undefined,
  setWeights: () => undefined,
  onTargetHealth: () => undefined,
};
