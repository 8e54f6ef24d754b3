// DeploymentReader and DeploymentWriter over ECS.

import type { Service } from "@aws-sdk/client-ecs";
import {
  ContinueServiceDeploymentCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  DescribeServicesCommand,
  ListServiceDeploymentsCommand,
  StopServiceDeploymentCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import { AppError, isCode } from "../../base/errors.ts";
import type { DeploymentOrder } from "../../contracts/rollout-orders.ts";
import type { DeploymentView, RevisionView } from "../../contracts/rollout-views.ts";
import type { DeploymentReader, DeploymentWriter } from "../../ports/rollouts.ts";
import type { Paced } from "./client.ts";
import { send } from "./client.ts";
import { configurationFor, isCarriedOut, isDeploying, isSameDefinition } from "./deployment-order.ts";
import { deploymentView, hasEnded, isGoingBack, revisionView, serviceView } from "./deployment-view.ts";

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html */
const MAX_REVISIONS = 20;

/** Calls: service 1, deployment 1 (2 without an ARN), revisions 1. */
export function createDeploymentReader(ecs: Paced): DeploymentReader {
  return {
    service: async (clusterArn, service) => serviceView(await readService(ecs, clusterArn, service)),
    deployment: async (of, deploymentArn) => {
      const arn = deploymentArn ?? (await newestDeployment(ecs, of));
      return arn === undefined ? undefined : readDeployment(ecs, arn);
    },
    revisions: (arns) => readRevisions(ecs, arns),
  };
}

async function readService(ecs: Paced, cluster: string, service: string): Promise<Service> {
  const { services = [], failures = [] } = await send(
    ecs,
    new DescribeServicesCommand({ cluster, services: [service] }),
  );
  const found = services[0];
  if (found !== undefined) return found;
  throw refusal("DescribeServices", service, failures[0]?.reason);
}

/** Describe calls answer 200 and say in `failures` what is wrong with each name. */
function refusal(call: string, what: string, reason = "MISSING"): AppError {
  const code = reason === "MISSING" ? "missing" : reason.includes("DENIED") ? "denied" : "transient";
  return new AppError(code, `${call}: ${what}: ${reason}`);
}

async function newestDeployment(
  ecs: Paced,
  of: { readonly clusterArn: string; readonly service: string },
): Promise<string | undefined> {
  const { serviceDeployments = [] } = await send(
    ecs,
    new ListServiceDeploymentsCommand({ cluster: of.clusterArn, service: of.service, maxResults: 1 }),
  );
  return serviceDeployments[0]?.serviceDeploymentArn;
}

async function readDeployment(ecs: Paced, arn: string): Promise<DeploymentView> {
  const { serviceDeployments = [], failures = [] } = await send(
    ecs,
    new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }),
  );
  const found = serviceDeployments[0];
  if (found !== undefined) return deploymentView(found);
  throw refusal("DescribeServiceDeployments", arn, failures[0]?.reason);
}

async function readRevisions(ecs: Paced, arns: readonly string[]): Promise<readonly RevisionView[]> {
  if (arns.length === 0) return [];
  const serviceRevisionArns = [...new Set(arns)].slice(0, MAX_REVISIONS);
  const { serviceRevisions = [], failures = [] } = await send(
    ecs,
    new DescribeServiceRevisionsCommand({ serviceRevisionArns }),
  );
  // Old revisions are forgotten in time: the others are still worth reading. Anything else is no answer.
  const denied = failures.find(({ reason }) => reason !== "MISSING");
  if (denied !== undefined) throw refusal("DescribeServiceRevisions", denied.arn ?? "", denied.reason);
  return serviceRevisions.map(revisionView);
}

/** Calls: start 2 (1 when it was done before), continue 1, stop 1; one more where ECS refuses. */
export function createDeploymentWriter(ecs: Paced): DeploymentWriter {
  return {
    start: (order) => start(ecs, order),
    continue: (deploymentArn, hookId, answer) => continueHook(ecs, { deploymentArn, hookId, answer }),
    stop: (deploymentArn, how) => stop(ecs, deploymentArn, how),
  };
}

async function start(ecs: Paced, order: DeploymentOrder): Promise<string | undefined> {
  const service = await readService(ecs, order.clusterArn, order.service);
  const current = service.currentServiceDeployment;
  const { expectedDeploymentArn: expected } = order;
  const isNews = expected !== undefined && current !== expected;
  if ((isNews || isDeploying(service)) && isCarriedOut(order, service)) return current;
  if (isNews) {
    throw new AppError("conflict", `${order.service}: deployment ${current} began before this one`, {
      detail: { expected, found: current ?? "" },
    });
  }
  const deploymentConfiguration = configurationFor(order, service.deploymentConfiguration);
  const { service: updated } = await send(
    ecs,
    new UpdateServiceCommand({
      cluster: order.clusterArn,
      service: order.service,
      taskDefinition: order.taskDefinition,
      ...(deploymentConfiguration !== undefined && { deploymentConfiguration }),
      // Nothing else would change, and ECS would begin no deployment.
      ...(isSameDefinition(order.taskDefinition, service.taskDefinition ?? "") && {
        forceNewDeployment: true,
      }),
    }),
  );
  const begun = updated?.currentServiceDeployment;
  return begun === current ? undefined : begun;
}

interface HookAnswer {
  readonly deploymentArn: string;
  readonly hookId: string;
  readonly answer: "CONTINUE" | "ROLLBACK";
}

async function continueHook(ecs: Paced, { deploymentArn, hookId, answer }: HookAnswer): Promise<void> {
  const command = new ContinueServiceDeploymentCommand({
    serviceDeploymentArn: deploymentArn,
    hookId,
    action: answer,
  });
  try {
    await send(ecs, command);
  } catch (error) {
    // AWS documents no exception for a hook that is answered already: only the deployment can tell.
    if (!isCode(error, "input") && !isCode(error, "conflict")) throw error;
    const deployment = await readDeployment(ecs, deploymentArn);
    const status = deployment.hooks.find((hook) => hook.hookId === hookId)?.status;
    if (status === "AWAITING_ACTION") throw error;
    // FAILED: answered with ROLLBACK, and the deployment turns round in a moment.
    if (answer === "CONTINUE" || status === "FAILED" || isOver(deployment)) return;
    throw new AppError("conflict", `hook ${hookId} was answered otherwise, ${deploymentArn} goes on`, {
      cause: error,
    });
  }
}

/** Nothing is left that an answer of ROLLBACK could send back. */
const isOver = (deployment: DeploymentView): boolean => hasEnded(deployment) || isGoingBack(deployment);

async function stop(ecs: Paced, deploymentArn: string, how: "ROLLBACK" | "ABORT"): Promise<void> {
  const command = new StopServiceDeploymentCommand({ serviceDeploymentArn: deploymentArn, stopType: how });
  try {
    await send(ecs, command);
  } catch (error) {
    // ConflictException for one that has ended; other refusals must be looked into.
    if (!isCode(error, "input") && !isCode(error, "conflict")) throw error;
    if (!isOver(await readDeployment(ecs, deploymentArn))) throw error;
  }
}
