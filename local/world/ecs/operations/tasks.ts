// RunTask, StartTask, StopTask, DescribeTasks, ListTasks.

import type {
  DescribeTasksRequest,
  DescribeTasksResponse,
  Failure,
  ListTasksRequest,
  ListTasksResponse,
  RunTaskRequest,
  RunTaskResponse,
  StartTaskRequest,
  StartTaskResponse,
  StopTaskRequest,
  StopTaskResponse,
  Task,
} from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import type { EcsContext } from "../context.ts";
import { describeTask } from "../describe.ts";
import { stopTask } from "../lifecycle.ts";
import { atMost, clusterOf, findInstance, findTask, invalid, limitOf, pageOf, serviceOf } from "../lookup.ts";
import type { ClusterRecord, TaskRecord } from "../model.ts";
import type { Roster } from "../roster.ts";
import type { Ran } from "../standalone-tasks.ts";
import { runOnce, startOn } from "../standalone-tasks.ts";

const ranView = ({ tasks, failures }: Ran) => ({
  tasks: tasks.map((task) => describeTask(task, { tags: true })),
  failures,
});

interface TaskListing {
  readonly roster: Roster<TaskRecord>;
  accepts(task: TaskRecord): boolean;
}

/** Live tasks of a service or host have an index of their own; stopped ones are found in the cluster's. */
function listingOf(cluster: ClusterRecord, input: ListTasksRequest): TaskListing {
  const desired = input.desiredStatus ?? "RUNNING";
  const service = input.serviceName === undefined ? undefined : serviceOf(cluster, input.serviceName);
  const instance =
    input.containerInstance === undefined ? undefined : findInstance(cluster, input.containerInstance);
  if (input.containerInstance !== undefined && instance === undefined) {
    throw invalid("The specified container instance was not found.");
  }
  const live = desired === "RUNNING" ? (service?.tasks ?? instance?.tasks) : undefined;
  return {
    roster: live ?? cluster.tasks,
    accepts: (task) =>
      task.desiredStatus === desired &&
      (service === undefined || task.service === service) &&
      (instance === undefined || task.instance === instance) &&
      (input.family === undefined || task.definition.family === input.family) &&
      (input.startedBy === undefined || task.startedBy === input.startedBy) &&
      (input.launchType === undefined || task.launchType === input.launchType),
  };
}

function describeAll(context: EcsContext, input: DescribeTasksRequest): DescribeTasksResponse {
  const cluster = clusterOf(context, input.cluster);
  if ((input.tasks ?? []).length === 0) throw invalid("Tasks cannot be empty.");
  atMost(input.tasks, 100, "tasks");
  const tags = input.include?.includes("TAGS") === true;
  const tasks: Task[] = [];
  const failures: Failure[] = [];
  for (const reference of new Set(input.tasks)) {
    const task = findTask(cluster, reference);
    if (task !== undefined) tasks.push(describeTask(task, { tags }));
    else {
      failures.push({
        arn: context.kernel.arn("ecs", `task/${cluster.name}/${arnName(reference)}`),
        reason: "MISSING",
      });
    }
  }
  return { tasks, failures };
}

export const taskOperations = (context: EcsContext) => ({
  RunTask: (input: RunTaskRequest): RunTaskResponse => ranView(runOnce(context, input)),

  StartTask: (input: StartTaskRequest): StartTaskResponse => ranView(startOn(context, input)),

  StopTask(input: StopTaskRequest): StopTaskResponse {
    const cluster = clusterOf(context, input.cluster);
    const task = findTask(cluster, input.task ?? "");
    if (task === undefined) throw invalid("The referenced task was not found.");
    stopTask(context, task, { code: "UserInitiated", reason: input.reason ?? "Task stopped by user" });
    return { task: describeTask(task, { tags: false }) };
  },

  DescribeTasks: (input: DescribeTasksRequest): DescribeTasksResponse => describeAll(context, input),

  ListTasks(input: ListTasksRequest): ListTasksResponse {
    const cluster = clusterOf(context, input.cluster);
    const { roster, accepts } = listingOf(cluster, input);
    const page = pageOf(roster, {
      nextToken: input.nextToken,
      limit: limitOf(input.maxResults, 100),
      accepts,
    });
    return {
      taskArns: page.items.map(({ arn }) => arn),
      ...(page.nextToken !== undefined && { nextToken: page.nextToken }),
    };
  },
});
