// CreateTaskSet, UpdateTaskSet, DeleteTaskSet, DescribeTaskSets, UpdateServicePrimaryTaskSet.

import type {
  CreateTaskSetRequest,
  CreateTaskSetResponse,
  DeleteTaskSetRequest,
  DeleteTaskSetResponse,
  DescribeTaskSetsRequest,
  DescribeTaskSetsResponse,
  Failure,
  TaskSet,
  UpdateServicePrimaryTaskSetRequest,
  UpdateServicePrimaryTaskSetResponse,
  UpdateTaskSetRequest,
  UpdateTaskSetResponse,
} from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import type { EcsContext } from "../context.ts";
import { clusterOf, invalid } from "../lookup.ts";
import { describeTaskSet, describeWithTags } from "../task-sets/describe.ts";
import {
  createTaskSet,
  deleteTaskSet,
  externalServiceOf,
  findTaskSet,
  makePrimary,
  scaleTaskSet,
  taskSetOf,
} from "../task-sets/task-sets.ts";

function find(context: EcsContext, input: { cluster: string | undefined; service: string | undefined }) {
  if (input.cluster === undefined) throw invalid("Cluster cannot be empty.");
  return externalServiceOf(clusterOf(context, input.cluster), input.service);
}

export const taskSetOperations = (context: EcsContext) => ({
  CreateTaskSet(input: CreateTaskSetRequest): CreateTaskSetResponse {
    const service = find(context, input);
    return { taskSet: describeWithTags(context, service, createTaskSet(context, service, input)) };
  },

  UpdateTaskSet(input: UpdateTaskSetRequest): UpdateTaskSetResponse {
    const service = find(context, input);
    const taskSet = taskSetOf(service, input.taskSet);
    scaleTaskSet(context, { service, taskSet }, input.scale);
    return { taskSet: describeTaskSet(context, service, taskSet) };
  },

  DeleteTaskSet(input: DeleteTaskSetRequest): DeleteTaskSetResponse {
    const service = find(context, input);
    const taskSet = taskSetOf(service, input.taskSet);
    deleteTaskSet(context, { service, taskSet }, input.force === true);
    return { taskSet: describeTaskSet(context, service, taskSet) };
  },

  DescribeTaskSets(input: DescribeTaskSetsRequest): DescribeTaskSetsResponse {
    const service = find(context, input);
    const describe = input.include?.includes("TAGS") === true ? describeWithTags : describeTaskSet;
    const references = input.taskSets ?? service.taskSets.map(({ id }) => id);
    const taskSets: TaskSet[] = [];
    const failures: Failure[] = [];
    for (const reference of new Set(references)) {
      const taskSet = findTaskSet(service, reference);
      if (taskSet !== undefined) taskSets.push(describe(context, service, taskSet));
      else {
        const id = `task-set/${service.cluster.name}/${service.name}/ecs-svc/${arnName(reference)}`;
        failures.push({ arn: context.kernel.arn("ecs", id), reason: "MISSING" });
      }
    }
    return { taskSets, failures };
  },

  UpdateServicePrimaryTaskSet(
    input: UpdateServicePrimaryTaskSetRequest,
  ): UpdateServicePrimaryTaskSetResponse {
    const service = find(context, input);
    const taskSet = taskSetOf(service, input.primaryTaskSet);
    makePrimary(context, service, taskSet);
    return { taskSet: describeTaskSet(context, service, taskSet) };
  },
});
