// What an order adds to a service's own deployment configuration: pure. Everything that the service has and
// that the order does not name stays: alarms, circuit breaker, percents, other people's hooks.

import type { DeploymentConfiguration, DeploymentLifecycleHook, Service } from "@aws-sdk/client-ecs";
import type { DeploymentOrder } from "../../contracts/rollout-orders.ts";

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html: 1 minute to 14 days. */
const MAX_PAUSE_MINUTES = 20_160;
const MINUTE_MS = 60_000;

/** undefined: the service's own configuration serves, nothing is sent. */
export function configurationFor(
  order: DeploymentOrder,
  current: DeploymentConfiguration | undefined,
): DeploymentConfiguration | undefined {
  if (order.strategy === undefined && order.pauseAt.length === 0) return undefined;
  const strategy = order.strategy ?? current?.strategy ?? "ROLLING";
  // Each goes with its own strategy only: sent with another one, ECS refuses the call.
  const { linearConfiguration, canaryConfiguration, earlySuccessCriteria, ...kept } = current ?? {};
  return {
    ...kept,
    strategy,
    lifecycleHooks: hooksFor(order, current?.lifecycleHooks ?? []),
    ...(strategy === "ROLLING" ? earlySuccess(earlySuccessCriteria) : { bakeTimeInMinutes: 0 }),
    ...(strategy === "LINEAR" && {
      linearConfiguration: {
        ...shareOf("stepPercent", order.percent ?? linearConfiguration?.stepPercent),
        stepBakeTimeInMinutes: 0,
      },
    }),
    ...(strategy === "CANARY" && {
      canaryConfiguration: {
        ...shareOf("canaryPercent", order.percent ?? canaryConfiguration?.canaryPercent),
        canaryBakeTimeInMinutes: 0,
      },
    }),
  };
}

const earlySuccess = (earlySuccessCriteria: DeploymentConfiguration["earlySuccessCriteria"]) =>
  earlySuccessCriteria === undefined ? {} : { earlySuccessCriteria };

const shareOf = (name: "stepPercent" | "canaryPercent", percent: number | undefined) =>
  percent === undefined ? {} : { [name]: percent };

/**
 * A stage with two PAUSE hooks would wait for two answers, so ours takes the place of any other PAUSE there. PAUSE
 * hooks carry no mark, but the stages that are not ours stay with whoever set them.
 */
function hooksFor(
  { pauseAt, pauseTimeoutMs }: DeploymentOrder,
  current: readonly DeploymentLifecycleHook[],
): DeploymentLifecycleHook[] {
  const ours: ReadonlySet<string> = new Set(pauseAt);
  const others = current.flatMap((hook): DeploymentLifecycleHook[] => {
    if (hook.targetType !== "PAUSE") return [hook];
    const lifecycleStages = (hook.lifecycleStages ?? []).filter((stage) => !ours.has(stage));
    return lifecycleStages.length === 0 ? [] : [{ ...hook, lifecycleStages }];
  });
  if (pauseAt.length === 0) return others;
  const timeoutInMinutes = Math.min(MAX_PAUSE_MINUTES, Math.max(1, Math.ceil(pauseTimeoutMs / MINUTE_MS)));
  return [
    ...others,
    {
      targetType: "PAUSE",
      // -- reason: the SDK's enum is closed, the stages of ECS are not
      lifecycleStages: [...pauseAt] as NonNullable<DeploymentLifecycleHook["lifecycleStages"]>,
      // Should Fairlead be gone that long, the service goes back to what is known to work.
      timeoutConfiguration: { timeoutInMinutes, action: "ROLLBACK" },
    },
  ];
}

/** `family:revision` names what the ARN ends in. */
export const isSameDefinition = (one: string, other: string): boolean => nameOf(one) === nameOf(other);

const nameOf = (definition: string): string => definition.slice(definition.lastIndexOf("/") + 1);

/**
 * Whether the order was carried out already and only its answer was lost: the service runs this definition, with
 * the strategy and the PAUSE stages of the order.
 */
export function isCarriedOut(order: DeploymentOrder, service: Service): boolean {
  if (!isSameDefinition(order.taskDefinition, service.taskDefinition ?? "")) return false;
  const { strategy = "ROLLING", lifecycleHooks = [] } = service.deploymentConfiguration ?? {};
  if (order.strategy !== undefined && order.strategy !== strategy) return false;
  const paused = lifecycleHooks.flatMap((hook) =>
    hook.targetType === "PAUSE" ? (hook.lifecycleStages ?? []) : [],
  );
  return order.pauseAt.every((stage) => paused.some((one) => one === stage));
}

/** A deployment of the newest revision is under way: `deployments` tells it without another call. */
export const isDeploying = ({ deployments = [] }: Service): boolean =>
  deployments.some(({ status, rolloutState }) => status === "PRIMARY" && rolloutState === "IN_PROGRESS");
