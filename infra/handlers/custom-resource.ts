// The entry of the custom resource's function: CloudFormation waits for a PUT to its URL, an hour at most, so every
// way out of here sends one.

import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { ResourceEvent } from "./listener-rule.ts";
import { applyRule } from "./listener-rule.ts";

interface CustomResourceEvent extends ResourceEvent {
  readonly RequestId: string;
  readonly ResponseURL: string;
}

/** The account's other controllers use up the same ten calls a second; a deployment can wait for a few seconds. */
const elb = new ElasticLoadBalancingV2Client({ maxAttempts: 8 });

export async function handler(event: CustomResourceEvent): Promise<void> {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId } = event;
  const about = { StackId, RequestId, LogicalResourceId };
  const answer = await applyRule(event, elb).then(
    (ruleArn) => ({ Status: "SUCCESS", PhysicalResourceId: ruleArn, Data: { RuleArn: ruleArn } }),
    (error: unknown) => ({
      Status: "FAILED",
      PhysicalResourceId: PhysicalResourceId ?? `${LogicalResourceId}-not-created`,
      Reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    }),
  );
  await fetch(event.ResponseURL, { method: "PUT", body: JSON.stringify({ ...about, ...answer }) });
}
