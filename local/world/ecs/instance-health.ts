// Health checks of container instances, and their event, `ECS Container Instance Health Change`:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-health.html

import type { EpochMs } from "../../../shared/base/time.ts";
import { isoInstant } from "../../../shared/base/time.ts";
import type { EcsContext } from "./context.ts";
import type { InstanceCheck, InstanceCheckType, InstanceRecord } from "./model.ts";

type InstanceCheckStatus = InstanceCheck["status"];

/** Which checks a kind of host has (same page). */
const CHECKS: Readonly<Record<InstanceRecord["kind"], readonly InstanceCheckType[]>> = {
  EC2: ["CONTAINER_RUNTIME", "AGENT_CONNECTIVITY"],
  MANAGED_INSTANCES: ["ACCELERATED_COMPUTE", "AGENT_CONNECTIVITY", "DAEMON"],
  EXTERNAL: [],
};

/** The worst of all checks counts, in this order (same page). */
const WORST_FIRST: readonly InstanceCheckStatus[] = ["IMPAIRED", "INSUFFICIENT_DATA", "INITIALIZING", "OK"];

export const checksOf = (instance: InstanceRecord): readonly InstanceCheck[] =>
  CHECKS[instance.kind].map(
    (type) =>
      instance.checks.get(type) ?? {
        type,
        status: "OK",
        reason: undefined,
        changedAt: instance.registeredAt,
      },
  );

export function overallStatus(instance: InstanceRecord): InstanceCheckStatus {
  const seen = new Set(checksOf(instance).map(({ status }) => status));
  return WORST_FIRST.find((status) => seen.has(status)) ?? "OK";
}

/** True when something changed; only then an event is sent. Hosts outside AWS have no such checks. */
export function setCheck(
  context: EcsContext,
  instance: InstanceRecord,
  change: {
    readonly type: InstanceCheckType;
    readonly status: InstanceCheckStatus;
    readonly reason?: string;
  },
): boolean {
  const before = checksOf(instance).find(({ type }) => type === change.type);
  if (before === undefined || before.status === change.status) return false;
  const { type, status, reason } = change;
  instance.checks.set(type, { type, status, reason, changedAt: context.kernel.now() });
  emitHealth(context, instance);
  return true;
}

/** As these events write instants. */
export const wholeSecond = (at: EpochMs): string => `${isoInstant(at).slice(0, 19)}Z`;

function emitHealth(context: EcsContext, instance: InstanceRecord): void {
  const { kernel } = context;
  kernel.emit({
    source: "aws.ecs",
    detailType: "ECS Container Instance Health Change",
    resources: [instance.arn],
    detail: {
      clusterArn: instance.cluster.arn,
      containerInstanceArn: instance.arn,
      capacityProviderName: instance.capacityProvider ?? null,
      ec2InstanceId: instance.hostId,
      overallStatus: overallStatus(instance),
      healthChecks: checksOf(instance).map(({ type, status, reason, changedAt }) => ({
        type,
        status,
        lastStatusChange: wholeSecond(changedAt),
        lastUpdated: wholeSecond(kernel.now()),
        statusReason: reason ?? null,
      })),
    },
  });
}
