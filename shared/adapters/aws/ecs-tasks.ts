// TaskReader and TaskStopper over ECS.

import type { Failure, Task } from "@aws-sdk/client-ecs";
import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  StopTaskCommand,
} from "@aws-sdk/client-ecs";
import { arnName } from "../../base/arn.ts";
import { AppError, isCode } from "../../base/errors.ts";
import type { TaskFact, TaskGoneFact } from "../../contracts/facts.ts";
import { taskFactOf } from "../../contracts/task-shape.ts";
import type { Clock } from "../../ports/clock.ts";
import type { TaskReader, TaskStopper } from "../../ports/tasks.ts";
import type { AwsClient, Paced } from "./client.ts";
import { CONTROL_PLANE, clientOptions, send } from "./client.ts";

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html */
const MAX_TASKS_PER_CALL = 100;
/** ECS cuts StopTask's reason off at 1,024 characters by refusing longer ones. */
const MAX_NOTE_LENGTH = 1_024;

export const createEcsClient = (environment: Readonly<Record<string, string | undefined>>): AwsClient =>
  new ECSClient(clientOptions(CONTROL_PLANE, environment));

export function createTaskReader(to: Paced & { readonly clock: Clock }): TaskReader {
  return {
    describeTasks: async (clusterArn, taskIds, options) => {
      const facts: (TaskFact | TaskGoneFact)[] = [];
      for (let from = 0; from < taskIds.length; from += MAX_TASKS_PER_CALL) {
        const tasks = taskIds.slice(from, from + MAX_TASKS_PER_CALL);
        const tags = options?.tags === true;
        const include = tags ? { include: ["TAGS" as const] } : {};
        const output = await send(to, new DescribeTasksCommand({ cluster: clusterArn, tasks, ...include }));
        const at = to.clock.now();
        facts.push(...(output.tasks ?? []).flatMap((task) => readable(task, { at, via: "describe", tags })));
        facts.push(...(output.failures ?? []).map((failure) => gone(failure, at)));
      }
      return facts;
    },
    instanceStatuses: (clusterArn, arns) => instanceStatuses(to, clusterArn, arns),
    listTasks: async (clusterArn, options) => {
      const output = await send(
        to,
        new ListTasksCommand({
          cluster: clusterArn,
          desiredStatus: "RUNNING",
          ...(options.next !== undefined && { nextToken: options.next }),
          ...(options.containerInstanceArn !== undefined && {
            containerInstance: options.containerInstanceArn,
          }),
        }),
      );
      return { taskIds: (output.taskArns ?? []).map(arnName), next: output.nextToken };
    },
  };
}

/** One task of a shape that we do not know must not hide the other 99 of its page. */
function readable(task: Task, from: Parameters<typeof taskFactOf>[1]): readonly TaskFact[] {
  try {
    return [taskFactOf({ ...task }, from)];
  } catch (error) {
    if (isCode(error, "input")) return [];
    throw error;
  }
}

async function instanceStatuses(
  to: Paced,
  cluster: string,
  arns: readonly string[],
): Promise<Record<string, string>> {
  const statuses: Record<string, string> = {};
  for (let from = 0; from < arns.length; from += MAX_TASKS_PER_CALL) {
    const containerInstances = arns.slice(from, from + MAX_TASKS_PER_CALL);
    const output = await send(to, new DescribeContainerInstancesCommand({ cluster, containerInstances }));
    for (const { containerInstanceArn, status } of output.containerInstances ?? []) {
      if (containerInstanceArn !== undefined && status !== undefined) statuses[containerInstanceArn] = status;
    }
  }
  return statuses;
}

function gone(failure: Failure, at: TaskGoneFact["at"]): TaskGoneFact {
  // Any other failure (ACCESS_DENIED by a tag condition) must not pass for a stopped task.
  if (failure.reason !== "MISSING") {
    const denied = failure.reason?.includes("DENIED") === true;
    throw new AppError(denied ? "denied" : "transient", `DescribeTasks: ${failure.arn}: ${failure.reason}`);
  }
  return { kind: "task-gone", taskId: arnName(failure.arn ?? ""), at };
}

export function createTaskStopper(to: Paced): TaskStopper {
  return {
    stopTask: async (clusterArn, taskArn, note) => {
      const command = new StopTaskCommand({
        cluster: clusterArn,
        task: taskArn,
        reason: note.slice(0, MAX_NOTE_LENGTH),
      });
      try {
        await send(to, command);
      } catch (error) {
        // ECS has no exception of its own for a task that stopped more than an hour ago.
        if (isCode(error, "input") && /task was not found/i.test(error.message)) return;
        throw error;
      }
    },
  };
}
