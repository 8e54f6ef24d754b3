// TaskSetWriter over ECS: task sets of services with the EXTERNAL deployment controller.

import type { CreateTaskSetRequest, LoadBalancer, TaskSet } from "@aws-sdk/client-ecs";
import {
  CreateTaskSetCommand,
  DeleteTaskSetCommand,
  DescribeTaskSetsCommand,
  UpdateServicePrimaryTaskSetCommand,
  UpdateTaskSetCommand,
} from "@aws-sdk/client-ecs";
import { AppError, isCode } from "../../base/errors.ts";
import { fingerprint } from "../../base/fingerprint.ts";
import type { TaskSetOrder } from "../../contracts/rollout-orders.ts";
import type { TaskSetWriter } from "../../ports/rollouts.ts";
import type { Paced } from "./client.ts";
import { send } from "./client.ts";

/** Calls: create 2 (1 when it was done before), all others 1. */
export function createTaskSetWriter(ecs: Paced): TaskSetWriter {
  return {
    create: (order) => create(ecs, order),
    scale: async (taskSetArn, percent) => {
      const scale = { unit: "PERCENT" as const, value: percent };
      await send(ecs, new UpdateTaskSetCommand({ ...placeOf(taskSetArn), taskSet: taskSetArn, scale }));
    },
    setPrimary: async (taskSetArn) => {
      const place = placeOf(taskSetArn);
      await send(ecs, new UpdateServicePrimaryTaskSetCommand({ ...place, primaryTaskSet: taskSetArn }));
    },
    delete: async (taskSetArn) => {
      try {
        await send(ecs, new DeleteTaskSetCommand({ ...placeOf(taskSetArn), taskSet: taskSetArn }));
      } catch (error) {
        if (isCode(error, "missing") && error.detail["name"] === "TaskSetNotFoundException") return;
        throw error;
      }
    },
  };
}

/** `arn:…:task-set/cluster/service/ecs-svc/id`: the calls want cluster and service by name. */
function placeOf(taskSetArn: string): { readonly cluster: string; readonly service: string } {
  const match = /:task-set\/([^/]+)\/([^/]+)\//.exec(taskSetArn);
  if (match === null) throw new AppError("input", `${taskSetArn} is not the ARN of a task set`);
  const [, cluster = "", service = ""] = match;
  return { cluster, service };
}

async function create(ecs: Paced, order: TaskSetOrder): Promise<string> {
  const { taskSets = [] } = await send(
    ecs,
    new DescribeTaskSetsCommand({ cluster: order.clusterArn, service: order.service }),
  );
  const before = taskSets.find(
    ({ externalId, status }) => externalId === order.externalId && status !== "DRAINING",
  );
  if (before?.taskSetArn !== undefined) return before.taskSetArn;
  const model = taskSets.find(({ taskSetArn }) => taskSetArn === order.modelArn);
  if (model === undefined) {
    throw new AppError("missing", `${order.service}: task set ${order.modelArn}, the model, is gone`);
  }
  return createLike(ecs, order, model);
}

async function createLike(ecs: Paced, order: TaskSetOrder, model: TaskSet): Promise<string> {
  try {
    const { taskSet } = await send(ecs, new CreateTaskSetCommand(requestFor(order, model)));
    if (taskSet?.taskSetArn !== undefined) return taskSet.taskSetArn;
  } catch (error) {
    // The quota of task sets comes as InvalidParameterException as well as LimitExceededException:
    // https://github.com/aws-samples/ecs-bg-external-controller/issues/6
    if (isCode(error, "input") && /exceeds the maximum limit/i.test(error.message)) {
      throw new AppError("limit", error.message, { cause: error, detail: error.detail });
    }
    // The set is there with another scale, and the listing above did not know it yet: the next look finds it.
    if (isCode(error, "input") && /clientToken/i.test(error.message)) {
      throw new AppError("conflict", error.message, { cause: error, detail: error.detail });
    }
    throw error;
  }
  throw new AppError("transient", `${order.service}: CreateTaskSet answered without an ARN`);
}

/** Pure: what the model has and the order does not name. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateTaskSet.html */
export function requestFor(order: TaskSetOrder, model: TaskSet): CreateTaskSetRequest {
  const { networkConfiguration, launchType, platformVersion, serviceRegistries = [] } = model;
  const providers = model.capacityProviderStrategy ?? [];
  return {
    cluster: order.clusterArn,
    service: order.service,
    externalId: order.externalId,
    taskDefinition: order.taskDefinition,
    scale: { unit: "PERCENT", value: order.percent },
    // At most 36 characters. One set for each name, also where the wish has grown since an answer was lost.
    clientToken: fingerprint(`${order.service} ${order.externalId}`),
    loadBalancers: balancersFor(order, model),
    ...(serviceRegistries.length > 0 && { serviceRegistries }),
    ...(networkConfiguration !== undefined && { networkConfiguration }),
    // ECS takes the one or the other.
    ...(providers.length > 0
      ? { capacityProviderStrategy: providers }
      : launchType !== undefined && { launchType }),
    ...(platformVersion !== undefined && { platformVersion }),
  };
}

function balancersFor({ targetGroupArn }: TaskSetOrder, model: TaskSet): LoadBalancer[] {
  if (targetGroupArn === undefined) return [];
  const { containerName, containerPort } = model.loadBalancers?.[0] ?? {};
  if (containerName !== undefined && containerPort !== undefined) {
    return [{ targetGroupArn, containerName, containerPort }];
  }
  throw new AppError(
    "input",
    `task set ${model.taskSetArn} has no load balancer: nothing says which container ${targetGroupArn} reaches`,
  );
}
