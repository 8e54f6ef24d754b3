// The agent of a container instance: away and back, and how long an absence makes the host impaired.

import type { EcsContext } from "./context.ts";
import { setCheck, wholeSecond } from "./instance-health.ts";
import { setAgentConnected } from "./instances.ts";
import { cancelRepair, repair } from "./managed-instances.ts";
import type { InstanceRecord } from "./model.ts";
import { AGENT_IMPAIRED_AFTER_MS } from "./timing.ts";

export function disconnectAgent(context: EcsContext, instance: InstanceRecord): void {
  if (!instance.agentConnected) return;
  setAgentConnected(context, instance, false);
  if (instance.kind === "EXTERNAL") return;
  const since = context.kernel.now();
  instance.agentAwaySince = since;
  context.kernel.after(AGENT_IMPAIRED_AFTER_MS, () => {
    if (instance.agentConnected || instance.agentAwaySince !== since || instance.status === "INACTIVE")
      return;
    impair(context, instance, {
      type: "AGENT_CONNECTIVITY",
      reason: `Agent disconnected since ${wholeSecond(since)}`,
    });
  });
}

export function reconnectAgent(context: EcsContext, instance: InstanceRecord): void {
  instance.agentAwaySince = undefined;
  setAgentConnected(context, instance, true);
  if (instance.status !== "INACTIVE") heal(context, instance, "AGENT_CONNECTIVITY");
}

type CheckType = Parameters<typeof setCheck>[2]["type"];

export function impair(
  context: EcsContext,
  instance: InstanceRecord,
  check: { readonly type: CheckType; readonly reason: string },
): void {
  if (setCheck(context, instance, { ...check, status: "IMPAIRED" })) repair(context, instance);
}

export function heal(context: EcsContext, instance: InstanceRecord, type: CheckType): void {
  if (setCheck(context, instance, { type, status: "OK" })) cancelRepair(instance);
}
