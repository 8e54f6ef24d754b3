// ListServiceDeployments, DescribeServiceDeployments, DescribeServiceRevisions, StopServiceDeployment,
// ContinueServiceDeployment.

import type {
  ContinueServiceDeploymentRequest,
  ContinueServiceDeploymentResponse,
  DescribeServiceDeploymentsRequest,
  DescribeServiceDeploymentsResponse,
  DescribeServiceRevisionsRequest,
  DescribeServiceRevisionsResponse,
  Failure,
  ListServiceDeploymentsRequest,
  ListServiceDeploymentsResponse,
  ServiceDeployment,
  ServiceRevision,
  StopServiceDeploymentRequest,
  StopServiceDeploymentResponse,
} from "@aws-sdk/client-ecs";
import { AwsError } from "../../kernel.ts";
import type { EcsContext } from "../context.ts";
import { deploymentBrief, describeRevision, describeServiceDeployment } from "../deployments/describe.ts";
import { sceneOf } from "../deployments/driver.ts";
import { settleHook } from "../deployments/hooks.ts";
import type { ServiceDeploymentRecord } from "../deployments/records.ts";
import { hasEnded } from "../deployments/records.ts";
import { atMost, clusterOf, invalid, limitOf, pageOf, serviceOf } from "../lookup.ts";
import type { DeploymentRecord, ServiceRecord } from "../model.ts";
import { Roster } from "../roster.ts";

interface Found<T> {
  readonly service: ServiceRecord;
  readonly item: T;
}

/** `arn:…:service-deployment/<cluster>/<service>/<id>` and the same with `service-revision`. */
function serviceOfArn(context: EcsContext, arn: string, kind: string): ServiceRecord | undefined {
  const [type, cluster = "", service = ""] = (arn.split(":")[5] ?? "").split("/");
  return type === kind ? context.clusters.get(cluster)?.services.get(service) : undefined;
}

function findDeployment(context: EcsContext, arn: string): Found<ServiceDeploymentRecord> | undefined {
  const service = serviceOfArn(context, arn, "service-deployment");
  const item = service?.serviceDeployments.findLast((one) => one.arn === arn);
  return service === undefined || item === undefined ? undefined : { service, item };
}

function findRevision(context: EcsContext, arn: string): Found<DeploymentRecord> | undefined {
  const service = serviceOfArn(context, arn, "service-revision");
  const item = service?.revisions.findLast((one) => one.revisionArn === arn);
  return service === undefined || item === undefined ? undefined : { service, item };
}

function deploymentOf(context: EcsContext, arn: string | undefined): Found<ServiceDeploymentRecord> {
  if (arn === undefined) throw invalid("serviceDeploymentArn cannot be empty.");
  const found = findDeployment(context, arn);
  if (found !== undefined) return found;
  throw new AwsError("ServiceDeploymentNotFoundException", "Service deployment not found.");
}

/** Asked to stop again, the deployment goes on stopping: stop-service-deployment. */
function requestStop(
  context: EcsContext,
  { service, item: record }: Found<ServiceDeploymentRecord>,
  stopType: StopServiceDeploymentRequest["stopType"],
): void {
  if (hasEnded(record)) {
    throw new AwsError(
      "ConflictException",
      `Service deployment in the ${record.status} state cannot be stopped.`,
    );
  }
  if (record.status !== "PENDING" && record.status !== "IN_PROGRESS") return;
  record.status = stopType === "ABORT" ? "STOP_REQUESTED" : "ROLLBACK_REQUESTED";
  record.updatedAt = context.kernel.now();
  context.touch(service);
}

function continueHook(context: EcsContext, input: ContinueServiceDeploymentRequest): void {
  const { service, item: record } = deploymentOf(context, input.serviceDeploymentArn);
  const { action = "CONTINUE", hookId } = input;
  if (action !== "CONTINUE" && action !== "ROLLBACK") throw invalid(`Invalid action: ${String(action)}.`);
  if (record.status !== "IN_PROGRESS") throw invalid("Service deployment is not in progress.");
  const hook = record.hooks.find((one) => one.hookId === hookId && one.hook.targetType === "PAUSE");
  if (hook === undefined) throw invalid(`Lifecycle hook ${hookId} was not found.`);
  if (hook.status !== "AWAITING_ACTION") throw invalid(`Lifecycle hook ${hookId} is not awaiting an action.`);
  const scene = sceneOf(context, service, record);
  if (action === "CONTINUE") settleHook(scene, hook, { status: "SUCCEEDED" });
  else {
    settleHook(scene, hook, {
      status: "FAILED",
      failure: `Pause hook ${hookId} was continued with ROLLBACK.`,
    });
  }
}

function listDeployments(
  context: EcsContext,
  input: ListServiceDeploymentsRequest,
): ListServiceDeploymentsResponse {
  const service = serviceOf(clusterOf(context, input.cluster), input.service);
  const newestFirst = new Roster<{ readonly order: number; readonly record: ServiceDeploymentRecord }>();
  // A page token names an order that rises: newest first means counting backwards.
  for (const record of service.serviceDeployments.toReversed()) {
    newestFirst.add({ order: Number.MAX_SAFE_INTEGER - record.order, record });
  }
  const { before, after } = input.createdAt ?? {};
  const page = pageOf(newestFirst, {
    nextToken: input.nextToken,
    limit: limitOf(input.maxResults, 20),
    accepts: ({ record }) =>
      (input.status === undefined || input.status.length === 0 || input.status.includes(record.status)) &&
      (before === undefined || record.createdAt < before.getTime()) &&
      (after === undefined || record.createdAt > after.getTime()),
  });
  return {
    serviceDeployments: page.items.map(({ record }) => deploymentBrief(service, record)),
    ...(page.nextToken !== undefined && { nextToken: page.nextToken }),
  };
}

function describeDeployments(
  context: EcsContext,
  arns: readonly string[] | undefined,
): DescribeServiceDeploymentsResponse {
  atMost(arns, 20, "serviceDeploymentArns");
  const serviceDeployments: ServiceDeployment[] = [];
  const failures: Failure[] = [];
  for (const arn of new Set(arns)) {
    const found = findDeployment(context, arn);
    if (found === undefined) failures.push({ arn, reason: "MISSING" });
    else serviceDeployments.push(describeServiceDeployment(found.service, found.item));
  }
  return { serviceDeployments, failures };
}

function describeRevisions(
  context: EcsContext,
  arns: readonly string[] | undefined,
): DescribeServiceRevisionsResponse {
  atMost(arns, 20, "serviceRevisionArns");
  const serviceRevisions: ServiceRevision[] = [];
  const failures: Failure[] = [];
  for (const arn of new Set(arns)) {
    const found = findRevision(context, arn);
    if (found === undefined) failures.push({ arn, reason: "MISSING" });
    else serviceRevisions.push(describeRevision(found.service, found.item));
  }
  return { serviceRevisions, failures };
}

export const deploymentOperations = (context: EcsContext) => ({
  /** Newest first, 20 a page: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html */
  ListServiceDeployments: (input: ListServiceDeploymentsRequest): ListServiceDeploymentsResponse =>
    listDeployments(context, input),

  DescribeServiceDeployments: (
    input: DescribeServiceDeploymentsRequest,
  ): DescribeServiceDeploymentsResponse => describeDeployments(context, input.serviceDeploymentArns),

  DescribeServiceRevisions: (input: DescribeServiceRevisionsRequest): DescribeServiceRevisionsResponse =>
    describeRevisions(context, input.serviceRevisionArns),

  StopServiceDeployment(input: StopServiceDeploymentRequest): StopServiceDeploymentResponse {
    const found = deploymentOf(context, input.serviceDeploymentArn);
    requestStop(context, found, input.stopType);
    return { serviceDeploymentArn: found.item.arn };
  },

  ContinueServiceDeployment(input: ContinueServiceDeploymentRequest): ContinueServiceDeploymentResponse {
    continueHook(context, input);
    return { serviceDeploymentArn: input.serviceDeploymentArn };
  },
});
