// What ECS hands to a Lambda lifecycle hook, and what it takes back.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html

import type { Key } from "../base/keys.ts";
import { keyOf } from "../base/keys.ts";
import type { Dict } from "./guards.ts";
import { isDict } from "./guards.ts";

export interface HookCall {
  readonly key: Key;
  /** One for each hook and stage; the same however often ECS asks again. */
  readonly executionId: string;
  readonly stage: string;
  readonly deploymentArn: string;
  readonly clusterArn: string;
  readonly serviceArn: string;
  readonly targetRevisionArn: string;
  /** Percent of the traffic that the stage moves, on the new revision; absent where the stage moves none. */
  readonly targetShare?: number;
  /** What this function answered before in the same execution, beside what the service's settings give. */
  readonly details: Dict;
}

export interface HookAnswer {
  /** A missing or unknown status, a crash and a time-out all roll the deployment back. */
  readonly hookStatus: "SUCCEEDED" | "FAILED" | "IN_PROGRESS";
  /** Seconds until ECS asks again; 30 when absent. */
  readonly callBackDelay?: number;
  /** ECS hands it back with the next call. */
  readonly hookDetails?: Readonly<Record<string, number>>;
}

/** `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME` */
const serviceArnPattern = /^(arn:[^:]+:ecs:([^:]+):(\d{12})):service\/([^/]+)\/([^/]+)$/;

const textAt = (from: Dict, name: string): string =>
  typeof from[name] === "string" ? (from[name] as string) : "";

/** undefined when it is no such payload: the caller must still answer something. */
export function parseHookCall(payload: unknown): HookCall | undefined {
  if (!isDict(payload)) return undefined;
  const { executionDetails, hookDetails } = payload;
  if (!isDict(executionDetails)) return undefined;
  const serviceArn = textAt(executionDetails, "serviceArn");
  const [, prefix, region = "", account = "", cluster = "", name = ""] =
    serviceArnPattern.exec(serviceArn) ?? [];
  if (prefix === undefined) return undefined;
  const targetRevisionArn = textAt(executionDetails, "targetServiceRevisionArn");
  const stage = textAt(payload, "lifecycleStage");
  const targetShare = shareOf(executionDetails, { stage, targetRevisionArn });
  return {
    key: keyOf({ kind: "service", account, region, cluster, name }),
    executionId: textAt(payload, "executionId"),
    stage,
    deploymentArn: textAt(payload, "resourceArn"),
    clusterArn: `${prefix}:cluster/${cluster}`,
    serviceArn,
    targetRevisionArn,
    ...(targetShare !== undefined && { targetShare }),
    details: isDict(hookDetails) ? hookDetails : {},
  };
}

/** ECS fills the weights of the listener that the stage is about, and leaves the other empty. */
function shareOf(
  details: Dict,
  { stage, targetRevisionArn }: { readonly stage: string; readonly targetRevisionArn: string },
): number | undefined {
  const weights = details[stage === "TEST_TRAFFIC_SHIFT" ? "testTrafficWeights" : "productionTrafficWeights"];
  const share = isDict(weights) ? weights[targetRevisionArn] : undefined;
  return typeof share === "number" ? share : undefined;
}
