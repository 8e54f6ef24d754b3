// What may be replaced at any time: rules, functions, alarms, dashboard.

import { join } from "node:path";
import type { StackProps } from "aws-cdk-lib";
import { CfnOutput, Duration, Stack } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { Role } from "aws-cdk-lib/aws-iam";
import type { Function as Lambda } from "aws-cdk-lib/aws-lambda";
import { FunctionUrl, FunctionUrlAuthType, InvokeMode } from "aws-cdk-lib/aws-lambda";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { ENVIRONMENT } from "../../shared/contracts/environment.ts";
import { TABLE } from "../../shared/contracts/table.ts";
import type { Watched } from "../constructs/alarms.ts";
import { PipelineAlarms } from "../constructs/alarms.ts";
import { pipelineDashboard } from "../constructs/dashboard.ts";
import { EventRoute } from "../constructs/event-route.ts";
import { hookRole } from "../constructs/hook-role.ts";
import { functionName, PipelineFunction } from "../constructs/pipeline-function.ts";
import { queueFeed } from "../constructs/queue-feed.ts";
import { deadLetterQueue, queueProtection } from "../constructs/queue-with-dead-letters.ts";
import type { Owned } from "../permissions.ts";
import { permissionsOf } from "../permissions.ts";
import type { FunctionName, QueueName } from "../pipeline.ts";
import { QUEUE_NAMES, QUEUES, SWEEP_RATE_MINUTES } from "../pipeline.ts";
import { eventRules } from "../rules.ts";
import type { Settings } from "../settings.ts";
import type { StatefulStack } from "./stateful.ts";

export interface StatelessProps extends StackProps {
  readonly settings: Settings;
  readonly stateful: StatefulStack;
  /** Holds a folder with index.mjs for each function. */
  readonly bundles: string;
}

const idOf = (name: string): string =>
  name.replace(/(^|-)([a-z])/g, (_all, _dash, letter: string) => letter.toUpperCase());

export class StatelessStack extends Stack {
  readonly #props: StatelessProps;
  readonly #missedSweeps: Queue;
  readonly #hookRole: Role;

  constructor(scope: Construct, id: string, props: StatelessProps) {
    super(scope, id, props);
    this.#props = props;
    const { settings, stateful } = props;
    this.#missedSweeps = deadLetterQueue(this, "MissedSweeps", queueProtection(stateful.key));
    this.#hookRole = hookRole(this, "HookInvoker", functionName(settings, "hook"));
    const functions = {
      ingest: this.#function("ingest"),
      reconcile: this.#function("reconcile"),
      sweep: this.#function("sweep"),
      api: this.#function("api"),
      hook: this.#function("hook"),
    };
    this.#entrances(functions);
    this.#feeds(functions);
    this.#rules();
    this.#schedule(functions.sweep);
    const strays = { undelivered: stateful.undelivered, missedSweeps: this.#missedSweeps };
    this.#watch({ functions, queues: stateful.queues, strays });
    this.templateOptions.description = `Fairlead ${settings.installation}: ${settings.mode}`;
  }

  #function(name: FunctionName): Lambda {
    const { settings, stateful, bundles } = this.#props;
    return new PipelineFunction(this, idOf(name), {
      name,
      settings,
      key: stateful.key,
      code: join(bundles, name),
      environment: this.#environment(),
      permissions: (logs) => permissionsOf(name, { settings, owned: this.#owned(logs) }),
      ...(name === "sweep" ? { missed: this.#missedSweeps } : {}),
    }).function;
  }

  #environment(): Record<string, string> {
    const { settings, stateful } = this.#props;
    const { queues, undelivered, table } = stateful;
    const pairs = QUEUE_NAMES.map(
      (name) => `${queues[name].deadLetters.queueUrl}=${queues[name].queue.queueUrl}`,
    );
    return {
      [ENVIRONMENT.table]: table.tableName,
      [ENVIRONMENT.workQueueUrl]: queues.work.queue.queueUrl,
      [ENVIRONMENT.delayQueueUrl]: queues.delay.queue.queueUrl,
      // EventBridge keeps the event as the body, so what it could not deliver goes the bulk way again.
      [ENVIRONMENT.deadLetterQueues]: [
        ...pairs,
        `${undelivered.queueUrl}=${queues.ingress.queue.queueUrl}`,
      ].join(","),
      [ENVIRONMENT.mode]: settings.mode,
      [ENVIRONMENT.installation]: settings.installation,
      [ENVIRONMENT.retentionDays]: String(settings.retentionDays),
      [ENVIRONMENT.rollouts]: settings.rollouts,
    };
  }

  #owned(logs: string): Owned {
    const { table, queues, undelivered } = this.#props.stateful;
    const arns = ({ queue, deadLetters }: (typeof queues)[QueueName]) => ({
      queue: queue.queueArn,
      deadLetters: deadLetters.queueArn,
    });
    return {
      table: table.tableArn,
      index: `${table.tableArn}/index/${TABLE.indexName}`,
      queues: {
        ingress: arns(queues.ingress),
        urgent: arns(queues.urgent),
        work: arns(queues.work),
        delay: arns(queues.delay),
      },
      undelivered: undelivered.queueArn,
      missedSweeps: this.#missedSweeps.queueArn,
      hookRole: this.#hookRole.roleArn,
      logs,
    };
  }

  #feeds(functions: Readonly<Record<FunctionName, Lambda>>): void {
    for (const name of QUEUE_NAMES) {
      const shape = QUEUES[name];
      const { queue } = this.#props.stateful.queues[name];
      queueFeed(this, `${idOf(name)}Feed`, { shape, queue, target: functions[shape.feeds] });
    }
  }

  #rules(): void {
    const { settings, stateful } = this.#props;
    for (const rule of eventRules(settings.clusters)) {
      new EventRoute(this, `${idOf(rule.name)}Route`, {
        rule,
        installation: settings.installation,
        queue: stateful.queues[rule.queue].queue,
        undelivered: stateful.undelivered,
      });
    }
  }

  /**
   * What people and ECS call. Callers of the URL sign with credentials of this account that may
   * `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction`: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
   */
  #entrances({ api, hook }: Readonly<Record<"api" | "hook", Lambda>>): void {
    const { url } = new FunctionUrl(this, "ApiUrl", {
      function: api,
      authType: FunctionUrlAuthType.AWS_IAM,
      invokeMode: InvokeMode.BUFFERED,
    });
    new CfnOutput(this, "ApiAddress", { description: "For `fairlead --api-url`", value: url });
    new CfnOutput(this, "HookFunctionArn", {
      description: "hookTargetArn of a service",
      value: hook.functionArn,
    });
    new CfnOutput(this, "HookRoleArn", { description: "Its roleArn", value: this.#hookRole.roleArn });
  }

  #schedule(sweep: Lambda): void {
    new Rule(this, "SweepSchedule", {
      ruleName: `${this.#props.settings.installation}-sweep`,
      description: "Starts a sweep",
      schedule: Schedule.rate(Duration.minutes(SWEEP_RATE_MINUTES)),
      targets: [
        new LambdaFunction(sweep, {
          deadLetterQueue: this.#missedSweeps,
          retryAttempts: 2,
          maxEventAge: Duration.minutes(1),
        }),
      ],
    });
  }

  #watch(watched: Watched): void {
    const { installation, alarmTopicArn } = this.#props.settings;
    const topic = alarmTopicArn ? Topic.fromTopicArn(this, "AlarmTopic", alarmTopicArn) : undefined;
    new PipelineAlarms(this, "Alarms", { watched, topic });
    pipelineDashboard(this, "Dashboard", { ...watched, name: installation });
  }
}
