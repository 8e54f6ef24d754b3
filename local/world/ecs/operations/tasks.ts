// RunTask, StopTask, DescribeTasks, ListTasks.

import type {
  DescribeTasksRequest,
  DescribeTasksResponse,
  Failure,
  ListTasksRequest,
  ListTasksResponse,
  RunTaskRequest,
  RunTaskResponse,
  StopTaskRequest,
  StopTaskResponse,
  Tag,
  Task,
} from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import { AwsError } from "../../kernel.ts";
import type { EcsContext } from "../context.ts";
import { describeTask } from "../describe.ts";
import { checkLaunch, launchSettings } from "../launch-settings.ts";
import { launchTask, stopTask } from "../lifecycle.ts";
import {
  atMost,
  clusterOf,
  definitionOf,
  findInstance,
  findTask,
  invalid,
  limitOf,
  pageOf,
  serviceOf,
} from "../lookup.ts";
import type { ClusterRecord, TaskDefinitionRecord, TaskRecord } from "../model.ts";
import { findPlace } from "../placement.ts";
import type { Roster } from "../roster.ts";
import type { TaskOrder } from "../tasks.ts";

/** At most 10 tasks a call: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html */
const MAX_RUN_COUNT = 10;

function runTags(
  input: RunTaskRequest,
  cluster: ClusterRecord,
  definition: TaskDefinitionRecord,
): readonly Tag[] {
  const inherited = input.propagateTags === "TASK_DEFINITION" ? (definition.request.tags ?? []) : [];
  const managed =
    input.enableECSManagedTags === true ? [{ key: "aws:ecs:clusterName", value: cluster.name }] : [];
  return [...inherited, ...(input.tags ?? []), ...managed];
}

function orderOf(context: EcsContext, input: RunTaskRequest): TaskOrder {
  const cluster = clusterOf(context, input.cluster);
  const definition = definitionOf(context, input.taskDefinition);
  const launch = launchSettings(input);
  checkLaunch(launch, definition);
  if (input.group?.startsWith("service:") === true)
    throw invalid("Task groups that start with 'service:' are reserved.");
  return {
    cluster,
    definition,
    launch,
    group: input.group ?? `family:${definition.family}`,
    ...(input.startedBy !== undefined && { startedBy: input.startedBy }),
    ...(input.overrides !== undefined && { overrides: input.overrides }),
    tags: runTags(input, cluster, definition),
  };
}

function run(context: EcsContext, input: RunTaskRequest): { tasks: TaskRecord[]; failures: Failure[] } {
  const count = input.count ?? 1;
  if (count < 1 || count > MAX_RUN_COUNT) throw invalid("The count should be between 1 and 10.");
  const order = orderOf(context, input);
  const tasks: TaskRecord[] = [];
  const failures: Failure[] = [];
  const launched = new Map<string, number>();
  for (let number = 0; number < count; number += 1) {
    const place = findPlace(context, order, launched);
    if (!("failure" in place)) tasks.push(launchTask(context, order, place));
    else if (place.failure.startsWith("No Container Instances")) throw invalid(place.failure);
    else failures.push({ reason: place.failure });
  }
  return { tasks, failures };
}

/** The same token with the same request answers the first call's tasks; with another request it is a conflict (API_RunTask). */
function runOnce(context: EcsContext, input: RunTaskRequest): RunTaskResponse {
  const { clientToken, ...rest } = input;
  const text = JSON.stringify(rest);
  const before = clientToken === undefined ? undefined : context.runTokens.get(clientToken);
  if (before !== undefined && before.input !== text) {
    throw new AwsError("ConflictException", "The clientToken was used with other parameters.", {
      fields: { resourceIds: [...before.taskArns] },
    });
  }
  if (before !== undefined) {
    const cluster = clusterOf(context, input.cluster);
    const tasks = before.taskArns.map((arn) => findTask(cluster, arn)).filter((task) => task !== undefined);
    return { tasks: tasks.map((task) => describeTask(task, { tags: true })), failures: [] };
  }
  const { tasks, failures } = run(context, input);
  if (clientToken !== undefined && tasks.length > 0) {
    context.runTokens.set(clientToken, { input: text, taskArns: tasks.map(({ arn }) => arn) });
  }
  return { tasks: tasks.map((task) => describeTask(task, { tags: true })), failures };
}

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
  RunTask: (input: RunTaskRequest): RunTaskResponse => runOnce(context, input),

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
