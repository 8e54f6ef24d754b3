// What must survive a redeployment: the table, and the queues with the messages in them.

import type { StackProps } from "aws-cdk-lib";
import { Stack } from "aws-cdk-lib";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Key } from "aws-cdk-lib/aws-kms";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { ruleName } from "../constructs/event-route.ts";
import {
  deadLetterQueue,
  QueueWithDeadLetters,
  queueProtection,
} from "../constructs/queue-with-dead-letters.ts";
import { stateTable } from "../constructs/state-table.ts";
import type { QueueName } from "../pipeline.ts";
import { QUEUES } from "../pipeline.ts";
import type { EventRule } from "../rules.ts";
import { eventRules } from "../rules.ts";
import type { Settings } from "../settings.ts";

export interface StatefulProps extends StackProps {
  readonly settings: Settings;
}

export class StatefulStack extends Stack {
  readonly table: Table;
  readonly queues: Readonly<Record<QueueName, QueueWithDeadLetters>>;
  /** Events that EventBridge could not put into a queue. */
  readonly undelivered: Queue;
  readonly key: IKey | undefined;

  constructor(scope: Construct, id: string, { settings, ...stack }: StatefulProps) {
    super(scope, id, stack);
    this.key = settings.kmsKeyArn ? Key.fromKeyArn(this, "Key", settings.kmsKeyArn) : undefined;
    this.table = stateTable(this, "Table", this.key);
    this.queues = {
      ingress: this.#queue("Ingress", "ingress"),
      urgent: this.#queue("Urgent", "urgent"),
      work: this.#queue("Work", "work"),
      delay: this.#queue("Delay", "delay"),
    };
    this.undelivered = deadLetterQueue(this, "Undelivered", queueProtection(this.key));
    this.#admitRules(settings);
  }

  #queue(id: string, name: QueueName): QueueWithDeadLetters {
    return new QueueWithDeadLetters(this, id, { shape: QUEUES[name], key: this.key });
  }

  /** EventBridge may send for exactly the rules that feed the queue, and for none of another account. */
  #admitRules({ clusters, installation }: Settings): void {
    const rules = eventRules(clusters);
    const admit = (queue: Queue, admitted: readonly EventRule[]) =>
      queue.addToResourcePolicy(
        new PolicyStatement({
          sid: "EventBridgeRules",
          principals: [new ServicePrincipal("events.amazonaws.com")],
          actions: ["sqs:SendMessage"],
          resources: [queue.queueArn],
          conditions: {
            ArnEquals: {
              "aws:SourceArn": admitted.map((rule) => this.#ruleArn(ruleName(installation, rule))),
            },
            StringEquals: { "aws:SourceAccount": this.account },
          },
        }),
      );
    for (const name of ["ingress", "urgent"] as const) {
      admit(
        this.queues[name].queue,
        rules.filter((rule) => rule.queue === name),
      );
    }
    admit(this.undelivered, rules);
  }

  #ruleArn(name: string): string {
    return this.formatArn({ service: "events", resource: "rule", resourceName: name });
  }
}
