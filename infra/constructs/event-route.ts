// One EventBridge rule on the default bus that feeds one queue. Undeliverable events keep a day of retries,
// then a dead-letter queue.

import { CfnRule } from "aws-cdk-lib/aws-events";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { EventRule } from "../rules.ts";

export interface EventRouteProps {
  readonly rule: EventRule;
  readonly installation: string;
  readonly queue: IQueue;
  readonly undelivered: IQueue;
}

/** Rules have fixed names, so that the queues' policies can name them without depending on them. */
export const ruleName = (installation: string, rule: EventRule): string => `${installation}-${rule.name}`;

export class EventRoute extends Construct {
  constructor(scope: Construct, id: string, { rule, installation, queue, undelivered }: EventRouteProps) {
    super(scope, id);
    new CfnRule(this, "Rule", {
      name: ruleName(installation, rule),
      description: rule.description,
      eventPattern: rule.pattern,
      targets: [{ id: rule.queue, arn: queue.queueArn, deadLetterConfig: { arn: undelivered.queueArn } }],
    });
  }
}
