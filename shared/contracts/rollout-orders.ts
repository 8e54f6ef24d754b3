// What a rollout asks ECS for: the inputs of UpdateService and CreateTaskSet as far as Fairlead sets them.

import type { DurationMs } from "../base/time.ts";

/** UpdateService with a new task definition. What is not named here stays as the service has it. */
export interface DeploymentOrder {
  readonly clusterArn: string;
  readonly service: string;
  readonly taskDefinition: string;
  /** The deployment that decide saw: another one there now means that somebody was faster. */
  readonly expectedDeploymentArn?: string;
  /** Absent = the service's own strategy stays. */
  readonly strategy?: "ROLLING" | "BLUE_GREEN" | "LINEAR" | "CANARY";
  /** CANARY's and LINEAR's percent; waits of ECS are 0, since every wait is behind a hook. */
  readonly percent?: number;
  /** Stages with a PAUSE hook of ours. Hooks of others stay. */
  readonly pauseAt: readonly string[];
  readonly pauseTimeoutMs: DurationMs;
}

/** CreateTaskSet: network, launch type, platform and registries come from the set that is named as the model. */
export interface TaskSetOrder {
  readonly clusterArn: string;
  readonly service: string;
  readonly modelArn: string;
  readonly taskDefinition: string;
  /** Found again after a time-out: one set for each. */
  readonly externalId: string;
  /** Percent of the service's desired count. */
  readonly percent: number;
  readonly targetGroupArn?: string;
}
