// What goes wrong with the tasks of one service. Reasons are in ECS's and the agent's own words:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html

import { AppError } from "../../shared/base/errors.ts";
import { millis } from "../../shared/base/time.ts";
import type { World } from "../world/world.ts";
import type { Break, ChaosContext, Undo } from "./break.ts";
import type { Given } from "./parameters.ts";
import { shareOf } from "./parameters.ts";
import type { ServiceTarget } from "./targets.ts";
import { onTaskStart, runningTasksOf, SERVICE, serviceOf, shareOfList } from "./targets.ts";

const AFFECTED = shareOf("percent of the tasks, of those that run and of those that start");
const AFTER = {
  name: "after",
  kind: "duration",
  about: "how long a task runs before it fails",
  default: "10s",
} as const;
const REVISION = {
  name: "revision",
  kind: "text",
  about: "only tasks of this task definition revision, such as 7",
} as const;

const isOfRevision = (taskDefinitionArn: string, revision: string | undefined): boolean =>
  revision === undefined || taskDefinitionArn.endsWith(`:${revision}`);

interface Fate {
  readonly target: ServiceTarget;
  readonly given: Given;
  /** Does to a task what is to be done; it may have ended meanwhile. */
  readonly strike: (taskId: string) => void;
}

/** Meets a share of the tasks that run now and of those that start until the undo. */
function meetTasks({ world }: ChaosContext, { target, given, strike }: Fate): Undo {
  const { kernel } = world;
  const share = given.share();
  const afterMs = given.duration("after");
  const revision = given.text("revision");
  const pending = new Set<() => void>();
  const strikeAfter = (taskId: string, waitMs: number): void => {
    const cancel = kernel.after(millis(waitMs), () => {
      pending.delete(cancel);
      if (runningTasksOf(world, target).some((task) => task.taskId === taskId)) strike(taskId);
    });
    pending.add(cancel);
  };
  const running = runningTasksOf(world, target).filter((task) =>
    isOfRevision(task.taskDefinitionArn, revision),
  );
  // Those that run have run for different times: they do not fail in the same instant.
  for (const task of shareOfList(running, share)) strikeAfter(task.taskId, kernel.chance.int(0, afterMs));
  const unlisten = onTaskStart(world, target, ({ taskId, taskDefinitionArn }) => {
    if (!isOfRevision(taskDefinitionArn, revision)) return;
    if (share >= 1 || kernel.chance.chance(share)) strikeAfter(taskId, afterMs);
  });
  return () => {
    unlisten();
    for (const cancel of pending) cancel();
  };
}

const exiting = (
  { name, does }: Pick<Break, "name" | "does">,
  exit: Parameters<World["ecs"]["killTask"]>[1],
): Break => ({
  name,
  does,
  parameters: [SERVICE, AFFECTED, AFTER, REVISION],
  apply: (context, given) =>
    meetTasks(context, {
      target: serviceOf(context.world, given),
      given,
      strike: (taskId) => context.world.ecs.killTask(taskId, exit),
    }),
});

const LOSE = {
  name: "lose",
  kind: "count",
  about: "running tasks that end at once, so that others must start",
  default: "1",
} as const;

/** Tasks fail before they run: what runs goes on, unless some are lost so that it is seen. */
function failStarts({ world }: ChaosContext, given: Given, reasonFor: (image: string) => string): Undo {
  const target = serviceOf(world, given);
  const lose = given.count("lose");
  world.ecs.failTasksOf(target, { kind: "fails-to-start", reason: reasonFor(imageOf(world, target)) });
  for (const { taskId } of runningTasksOf(world, target).slice(0, lose))
    world.ecs.killTask(taskId, { exitCode: 1 });
  return () => world.ecs.failTasksOf(target, undefined);
}

function imageOf({ ecs }: World, { cluster, service }: ServiceTarget): string {
  const { services } = ecs.operations.DescribeServices({ cluster, services: [service] });
  const taskDefinition = services?.[0]?.taskDefinition;
  if (taskDefinition === undefined) return "example/app:1";
  const { taskDefinition: found } = ecs.operations.DescribeTaskDefinition({ taskDefinition });
  return found?.containerDefinitions?.[0]?.image ?? "example/app:1";
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html */
const PULL_FAILURES: Readonly<Record<string, (image: string) => string>> = {
  "not-found": (image) =>
    `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found`,
  "rate-limit": (image) =>
    `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${image}: toomanyrequests: Rate exceeded`,
  timeout: (image) =>
    `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${image}: dial tcp: i/o timeout`,
  "disk-full": (image) =>
    `CannotPullContainerError: failed to register layer of ${image}: no space left on device`,
};

function pullFailure(cause: string): (image: string) => string {
  const found = Object.hasOwn(PULL_FAILURES, cause) ? PULL_FAILURES[cause] : undefined;
  if (found !== undefined) return found;
  const allowed = Object.keys(PULL_FAILURES).join(", ");
  throw new AppError("input", `--cause: found "${cause}", expected one of ${allowed}`);
}

const imagePullFailure: Break = {
  name: "image-pull-failure",
  does: "tasks that start find no image: TaskFailedToStart with CannotPullContainerError",
  slot: "starts",
  parameters: [
    SERVICE,
    { name: "cause", kind: "text", about: Object.keys(PULL_FAILURES).join(", "), default: "not-found" },
    LOSE,
  ],
  apply: (context, given) => failStarts(context, given, pullFailure(given.text("cause") ?? "not-found")),
};

const secretMissing: Break = {
  name: "secret-missing",
  does: "tasks that start cannot read their secret: TaskFailedToStart with ResourceInitializationError",
  slot: "starts",
  parameters: [
    SERVICE,
    { name: "secret", kind: "text", about: "the secret's name", default: "demo/database" },
    LOSE,
  ],
  apply: (context, given) => {
    const secret = context.world.kernel.arn("secretsmanager", `secret:${given.text("secret")}`);
    // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html
    const reason = `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${secret} from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.`;
    return failStarts(context, given, () => reason);
  },
};

const healthCheckFailing: Break = {
  name: "health-check-failing",
  does: "the container health check of the tasks fails, and ECS replaces them",
  parameters: [SERVICE, AFFECTED, { ...AFTER, default: "5s" }, REVISION],
  apply: (context, given) => {
    const { world } = context;
    const target = serviceOf(world, given);
    requireHealthCheck(world, target);
    const struck = new Set<string>();
    const end = meetTasks(context, {
      target,
      given,
      strike: (taskId) => {
        struck.add(taskId);
        world.ecs.setTaskHealth(taskId, "UNHEALTHY");
      },
    });
    return () => {
      end();
      for (const { taskId } of runningTasksOf(world, target))
        if (struck.has(taskId)) world.ecs.setTaskHealth(taskId, "HEALTHY");
    };
  },
};

function requireHealthCheck({ ecs }: World, { cluster, service }: ServiceTarget): void {
  const { services } = ecs.operations.DescribeServices({ cluster, services: [service] });
  const { taskDefinition } = ecs.operations.DescribeTaskDefinition({
    taskDefinition: services?.[0]?.taskDefinition ?? "",
  });
  const isChecked = taskDefinition?.containerDefinitions?.some(
    ({ healthCheck }) => healthCheck !== undefined,
  );
  if (isChecked === true) return;
  throw new AppError(
    "input",
    `${cluster}/${service} has no container health check that could fail: add one to its task definition`,
  );
}

export const taskBreaks: readonly Break[] = [
  exiting(
    {
      name: "crash-loop",
      does: "the tasks' program ends with exit code 1 a while after its start, again and again",
    },
    { exitCode: 1 },
  ),
  exiting(
    { name: "oom", does: "the tasks run out of memory: exit code 137 with OutOfMemoryError" },
    { exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" },
  ),
  imagePullFailure,
  secretMissing,
  healthCheckFailing,
];
