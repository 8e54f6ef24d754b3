// Elastic Load Balancing, as rollouts need it. Errors: AppError `throttled` | `transient` | `denied` | `missing` |
// `conflict` (the weights are not the expected ones) | `busy` (another writer has the listener) | `input`.

import type { GroupHealth, RuleView } from "../contracts/rollout-views.ts";

export interface TrafficReader {
  /** DescribeRules, or DescribeListeners where the ARN is a listener's. */
  rule(arn: string): Promise<RuleView>;
  /**
   * The rule, or the listener, that forwards to the group: DescribeTargetGroups, DescribeListeners, DescribeRules.
   * undefined = none does. Where several do, the one that gives it the most weight; the first among equals.
   */
  ruleOf(targetGroupArn: string): Promise<RuleView | undefined>;
  /** DescribeTargetHealth, one call for each group. */
  health(targetGroupArns: readonly string[]): Promise<readonly GroupHealth[]>;
}

export interface TrafficWriter {
  /**
   * Reads again, then ModifyRule (ModifyListener) with every other action kept. Already so = success without
   * a write. There is no conditional write: a lease on the listener keeps it to one writer of ours.
   */
  setWeights(change: {
    readonly rule: string;
    readonly weights: Readonly<Record<string, number>>;
    readonly expected?: Readonly<Record<string, number>>;
    readonly stickiness: "keep" | "off";
    /** Asked after the read, before the write: no = `busy`, nothing was written. */
    readonly isDue?: () => boolean;
  }): Promise<void>;
  /** CreateRule before the production rule, tagged with the rollout; once for each rollout and header. */
  setHeaderRoute(route: {
    readonly listener: string;
    readonly rule: string;
    readonly header: string;
    readonly values: readonly string[];
    readonly targetGroupArn: string;
    readonly rollout: string;
  }): Promise<void>;
  /** DeleteRule of every rule tagged with the rollout. */
  removeHeaderRoutes(listener: string, rollout: string): Promise<void>;
}
