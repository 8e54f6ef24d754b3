// ECS, read and write, as far as discovery needs it. Reads are eventually consistent.
// Errors: AppError `throttled` | `transient` | `denied` | `missing` (cluster).

import type { HostRecord } from "../contracts/aggregate.ts";
import type { TaskFact, TaskGoneFact } from "../contracts/facts.ts";

export interface TaskReader {
  /** DescribeTasks, 100 a call. Tasks that ECS answers MISSING for come back as `task-gone`. */
  describeTasks(
    clusterArn: string,
    taskIds: readonly string[],
    options?: { readonly tags?: boolean },
  ): Promise<readonly (TaskFact | TaskGoneFact)[]>;
  /** DescribeContainerInstances, status only, 100 a call. Unknown ones are left out: they are gone. */
  instanceStatuses(clusterArn: string, arns: readonly string[]): Promise<Readonly<Record<string, string>>>;
  /** One ListTasks page (100) of tasks whose desiredStatus is RUNNING. */
  listTasks(
    clusterArn: string,
    options: { readonly next?: string; readonly containerInstanceArn?: string },
  ): Promise<{ readonly taskIds: readonly string[]; readonly next: string | undefined }>;
}

export interface HostReader {
  /**
   * Addresses of container instances: DescribeContainerInstances, then EC2 DescribeInstances, or SSM
   * DescribeInstanceInformation for `mi-…` (ECS Anywhere). Unknown ones are left out of the answer.
   */
  hosts(clusterArn: string, containerInstanceArns: readonly string[]): Promise<readonly HostRecord[]>;
  /** Public IPv4 addresses by network interface id (EC2 DescribeNetworkInterfaces). */
  publicIps(eniIds: readonly string[]): Promise<Readonly<Record<string, string>>>;
  /** The container instances of a cluster that run on this EC2 instance or managed node; usually one. */
  containerInstanceOf(
    hostId: string,
  ): Promise<{ readonly clusterArn: string; readonly arn: string } | undefined>;
}

export interface TaskStopper {
  /** StopTask: repeating it is harmless. */
  stopTask(clusterArn: string, taskArn: string, note: string): Promise<void>;
}
