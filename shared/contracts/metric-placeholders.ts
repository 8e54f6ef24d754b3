// The placeholders that queries of custom metrics may use, so that one text asks for either side.

export const METRIC_PLACEHOLDERS = [
  /** `candidate` or `control`. */
  "side",
  /** `targetgroup/name/id`, as CloudWatch's dimension TargetGroup has it. */
  "target_group",
  /** `app/name/id`, as CloudWatch's dimension LoadBalancer has it. */
  "load_balancer",
  /** The id of the service revision. */
  "revision",
  /** `family:revision`. */
  "task_definition",
  /** Seconds of a bin. */
  "period",
] as const;

export type MetricPlaceholder = (typeof METRIC_PLACEHOLDERS)[number];
