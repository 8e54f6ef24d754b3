// ECS, as rollouts need it. Reads are eventually consistent. Errors: AppError `throttled` | `transient` |
// `denied` | `missing` | `input` | `limit` | `conflict`.

import type { DeploymentOrder, TaskSetOrder } from "../contracts/rollout-orders.ts";
import type { DeploymentView, RevisionView, ServiceView } from "../contracts/rollout-views.ts";

export interface DeploymentReader {
  /** DescribeServices; `missing` when there is none. */
  service(clusterArn: string, service: string): Promise<ServiceView>;
  /** DescribeServiceDeployments; without an ARN the newest of ListServiceDeployments. undefined = never one. */
  deployment(
    of: { readonly clusterArn: string; readonly service: string },
    deploymentArn?: string,
  ): Promise<DeploymentView | undefined>;
  /** DescribeServiceRevisions, at most 20. */
  revisions(arns: readonly string[]): Promise<readonly RevisionView[]>;
}

/** Every write may be repeated: what is already so is success. */
export interface DeploymentWriter {
  /** UpdateService after a fresh read; `conflict` when another deployment has begun. Answers the deployment's ARN. */
  start(order: DeploymentOrder): Promise<string | undefined>;
  /** ContinueServiceDeployment; a hook that is already answered is success. */
  continue(deploymentArn: string, hookId: string, answer: "CONTINUE" | "ROLLBACK"): Promise<void>;
  /** StopServiceDeployment; a deployment that has ended or goes back already is success. */
  stop(deploymentArn: string, how: "ROLLBACK" | "ABORT"): Promise<void>;
}

export interface TaskSetWriter {
  /** CreateTaskSet, once for each `externalId`. Answers its ARN. */
  create(order: TaskSetOrder): Promise<string>;
  /** UpdateTaskSet: percent of the service's desired count. */
  scale(taskSetArn: string, percent: number): Promise<void>;
  /** UpdateServicePrimaryTaskSet. */
  setPrimary(taskSetArn: string): Promise<void>;
  /** DeleteTaskSet, never by force: it must be scaled to 0. One that is gone is success. */
  delete(taskSetArn: string): Promise<void>;
}
