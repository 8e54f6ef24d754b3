// RunTask and StartTask: tasks that no scheduler looks after.

import type { Failure, RunTaskRequest, StartTaskRequest, Tag, TaskOverride } from "@aws-sdk/client-ecs";
import { arnName } from "../../../shared/base/arn.ts";
import { AwsError } from "../kernel.ts";
import type { EcsContext } from "./context.ts";
import { checkLaunch, isOnFargate, launchSettings } from "./launch-settings.ts";
import { launchTask } from "./lifecycle.ts";
import { atMost, clusterOf, definitionOf, findInstance, findTask, invalid } from "./lookup.ts";
import type { ClusterRecord, InstanceRecord, TaskDefinitionRecord, TaskRecord } from "./model.ts";
import { lackOf, NO_HOSTS, placeAt } from "./placement.ts";
import { unfitFor } from "./placement-constraints.ts";
import { checkWishes } from "./placement-strategies.ts";
import { launchWaiting, placeOrWait } from "./provisioning.ts";
import type { TaskOrder } from "./tasks.ts";

/** At most 10 tasks a call: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html, API_StartTask. */
const MAX_RUN_COUNT = 10;
/** Same pages. */
const MAX_STARTED_BY_LENGTH = 128;

export interface Ran {
  readonly tasks: readonly TaskRecord[];
  readonly failures: Failure[];
}

interface Request {
  readonly group?: string | undefined;
  readonly startedBy?: string | undefined;
  readonly overrides?: TaskOverride | undefined;
  readonly tags?: readonly Tag[] | undefined;
  readonly propagateTags?: RunTaskRequest["propagateTags"];
  readonly enableECSManagedTags?: boolean | undefined;
}

function runTags(input: Request, cluster: ClusterRecord, definition: TaskDefinitionRecord): readonly Tag[] {
  const inherited = input.propagateTags === "TASK_DEFINITION" ? (definition.request.tags ?? []) : [];
  const managed =
    input.enableECSManagedTags === true ? [{ key: "aws:ecs:clusterName", value: cluster.name }] : [];
  return [...inherited, ...(input.tags ?? []), ...managed];
}

function check(input: Request, definition: TaskDefinitionRecord): void {
  if (input.group?.startsWith("service:") === true)
    throw invalid("Task groups that start with 'service:' are reserved.");
  if ((input.startedBy?.length ?? 0) > MAX_STARTED_BY_LENGTH)
    throw invalid(`startedBy cannot be longer than ${MAX_STARTED_BY_LENGTH} characters.`);
  if (input.propagateTags === "SERVICE")
    throw invalid("Tags cannot be propagated from a service to this task.");
  for (const { name } of input.overrides?.containerOverrides ?? []) {
    if (definition.containers.some((container) => container.name === name)) continue;
    throw invalid(`Override for container named ${name} is not a container in the TaskDefinition.`);
  }
}

function common(
  input: Request,
  cluster: ClusterRecord,
  definition: TaskDefinitionRecord,
): Omit<TaskOrder, "launch"> {
  check(input, definition);
  return {
    cluster,
    definition,
    group: input.group ?? `family:${definition.family}`,
    ...(input.startedBy !== undefined && { startedBy: input.startedBy }),
    ...(input.overrides !== undefined && { overrides: input.overrides }),
    tags: runTags(input, cluster, definition),
  };
}

function orderOf(context: EcsContext, input: RunTaskRequest): TaskOrder {
  const cluster = clusterOf(context, input.cluster);
  const definition = definitionOf(context, input.taskDefinition);
  const launch = launchSettings(input, cluster);
  checkLaunch(launch, definition);
  const { placementConstraints: constraints = [], placementStrategy: strategy = [] } = input;
  checkWishes({ constraints, strategy }, isOnFargate(launch));
  return { ...common(input, cluster, definition), launch, ...(strategy.length > 0 && { strategy }) };
}

/** Constraints of the call and of the task definition, over hosts that have no task of the call yet. */
function constrained(order: TaskOrder, input: RunTaskRequest, taken: ReadonlySet<InstanceRecord>): TaskOrder {
  const own = order.definition.request.placementConstraints ?? [];
  const unfit = unfitFor([...(input.placementConstraints ?? []), ...own], taken);
  return unfit === undefined ? order : { ...order, unfit };
}

function run(context: EcsContext, input: RunTaskRequest): Ran {
  const count = input.count ?? 1;
  if (count < 1 || count > MAX_RUN_COUNT) throw invalid("The count should be between 1 and 10.");
  const taken = new Set<InstanceRecord>();
  const order = constrained(orderOf(context, input), input, taken);
  const tasks: TaskRecord[] = [];
  const failures: Failure[] = [];
  const launched = new Map<string, number>();
  for (let number = 0; number < count; number += 1) {
    const place = placeOrWait(context, order, launched);
    if ("failure" in place) {
      if (place.failure === NO_HOSTS) throw invalid(place.failure);
      failures.push({ reason: place.failure });
    } else if (place.isAwaited === true) {
      tasks.push(launchWaiting(context, order, { place, placed: (instance) => void taken.add(instance) }));
    } else {
      tasks.push(launchTask(context, order, place));
      if (place.instance !== undefined) taken.add(place.instance);
    }
  }
  return { tasks, failures };
}

/** The same token with the same request answers the first call's tasks; with another request it is a conflict (API_RunTask). */
export function runOnce(context: EcsContext, input: RunTaskRequest): Ran {
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
    return { tasks, failures: [] };
  }
  const ran = run(context, input);
  if (clientToken !== undefined && ran.tasks.length > 0) {
    context.runTokens.set(clientToken, { input: text, taskArns: ran.tasks.map(({ arn }) => arn) });
  }
  return ran;
}

/** On the very hosts that are named; each that cannot take the task is a failure. */
export function startOn(context: EcsContext, input: StartTaskRequest): Ran {
  const cluster = clusterOf(context, input.cluster);
  const definition = definitionOf(context, input.taskDefinition);
  const references = input.containerInstances ?? [];
  if (references.length === 0) throw invalid("Container instances cannot be empty.");
  atMost(references, MAX_RUN_COUNT, "containerInstances");
  const launch = { ...launchSettings(input), launchType: "EC2" as const };
  checkLaunch(launch, definition);
  const order: TaskOrder = { ...common(input, cluster, definition), launch };
  const tasks: TaskRecord[] = [];
  const failures: Failure[] = [];
  for (const reference of references) {
    const instance = findInstance(cluster, reference);
    const failure = startFailure(instance, definition);
    if (instance !== undefined && failure === undefined) {
      tasks.push(launchTask(context, order, placeAt(context, order, instance)));
    } else {
      const arn =
        instance?.arn ??
        context.kernel.arn("ecs", `container-instance/${cluster.name}/${arnName(reference)}`);
      failures.push({ arn, reason: failure });
    }
  }
  return { tasks, failures };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html */
function startFailure(
  instance: InstanceRecord | undefined,
  definition: TaskDefinitionRecord,
): string | undefined {
  if (instance === undefined) return "MISSING";
  return instance.status === "ACTIVE" ? lackOf(instance, definition) : "INACTIVE";
}
