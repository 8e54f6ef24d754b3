// A new version of a service that runs and answers, and yet is bad: what deployments are guarded against. It is
// deployed as a revision of its own, so that whatever guards the service may stop it.

import { AppError } from "../../shared/base/errors.ts";
import type { ApplicationModel } from "../world/applications.ts";
import type { World } from "../world/world.ts";
import type { Break, ChaosContext, Undo } from "./break.ts";
import { shareOf } from "./parameters.ts";
import type { ServiceTarget } from "./targets.ts";
import { SERVICE, serviceOf } from "./targets.ts";

interface BadVersion {
  readonly target: ServiceTarget;
  /** For the sample application that runs as a real process. */
  readonly environment: { readonly name: string; readonly value: string };
  /** For the modelled application of a simulation. */
  readonly model: Partial<ApplicationModel>;
}

function deployBadVersion({ world }: ChaosContext, bad: BadVersion): Undo {
  const { ecs, applications } = world;
  const { cluster, service } = bad.target;
  const former = currentDefinition(world, bad.target);
  const { taskDefinition } = ecs.operations.DescribeTaskDefinition({ taskDefinition: former });
  const { family, containerDefinitions = [] } = taskDefinition ?? {};
  const { networkMode, cpu, memory, requiresCompatibilities, runtimePlatform } = taskDefinition ?? {};
  const [first, ...others] = containerDefinitions;
  if (first === undefined) throw new AppError("input", `${former} has no container`);
  const kept = (first.environment ?? []).filter(({ name }) => name !== bad.environment.name);
  const registered = ecs.operations.RegisterTaskDefinition({
    family,
    containerDefinitions: [{ ...first, environment: [...kept, bad.environment] }, ...others],
    ...(networkMode !== undefined && { networkMode }),
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
    ...(requiresCompatibilities !== undefined && { requiresCompatibilities }),
    ...(runtimePlatform !== undefined && { runtimePlatform }),
  });
  const taskDefinitionArn = registered.taskDefinition?.taskDefinitionArn ?? "";
  applications.set({ taskDefinitionArn }, bad.model);
  ecs.operations.UpdateService({ cluster, service, taskDefinition: taskDefinitionArn });
  return () => {
    applications.set({ taskDefinitionArn }, undefined);
    // Whoever rolled it back already, or deployed another version, has had the last word.
    if (currentDefinition(world, bad.target) === taskDefinitionArn)
      ecs.operations.UpdateService({ cluster, service, taskDefinition: former });
  };
}

function currentDefinition({ ecs }: World, { cluster, service }: ServiceTarget): string {
  const [found] = ecs.operations.DescribeServices({ cluster, services: [service] }).services ?? [];
  if (found?.deploymentController?.type === "EXTERNAL")
    throw new AppError(
      "input",
      `${cluster}/${service} is deployed by an external controller: give it a bad version by a task set`,
    );
  return found?.taskDefinition ?? "";
}

/** A slow answer at the 99th percentile, beside the usual one. */
const TAIL = 3;

export const versionBreaks: readonly Break[] = [
  {
    name: "failing-version",
    does: "a new version is deployed that answers requests with 500, and health checks with 200",
    parameters: [SERVICE, shareOf("percent of the requests that fail", 20)],
    slot: "version",
    apply: (context, given) =>
      deployBadVersion(context, {
        target: serviceOf(context.world, given),
        environment: { name: "FAIL_PERCENT", value: String(given.share() * 100) },
        model: { errorRate: given.share() },
      }),
  },
  {
    name: "slow-version",
    does: "a new version is deployed that answers late",
    parameters: [
      SERVICE,
      { name: "latency", kind: "duration", about: "how long an answer takes", default: "1s" },
    ],
    slot: "version",
    apply: (context, given) => {
      const latencyMs = given.duration("latency");
      return deployBadVersion(context, {
        target: serviceOf(context.world, given),
        environment: { name: "LATENCY_MS", value: String(latencyMs) },
        model: { medianMs: latencyMs, p99Ms: latencyMs * TAIL },
      });
    },
  },
];
