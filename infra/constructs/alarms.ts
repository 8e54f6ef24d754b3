// What an operator must hear of: work that waits, work that was given up, functions that fail, and a sweep
// that does not run.

import { Duration } from "aws-cdk-lib";
import type { AlarmProps, IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { Alarm, ComparisonOperator, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { Function as Lambda } from "aws-cdk-lib/aws-lambda";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { FunctionName, QueueName } from "../pipeline.ts";
import { QUEUE_NAMES, QUEUES, SWEEP_SILENCE_MINUTES } from "../pipeline.ts";

export interface Watched {
  readonly functions: Readonly<Record<FunctionName, Lambda>>;
  readonly queues: Readonly<Record<QueueName, { readonly queue: IQueue; readonly deadLetters: IQueue }>>;
  /** Dead-letter queues that belong to no queue. */
  readonly strays: Readonly<Record<string, IQueue>>;
}

const everyMinute = { period: Duration.minutes(1) };

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

type Rest = Omit<AlarmProps, "metric" | "evaluationPeriods">;

export class PipelineAlarms extends Construct {
  readonly #topic: ITopic | undefined;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly watched: Watched; readonly topic: ITopic | undefined },
  ) {
    super(scope, id);
    this.#topic = props.topic;
    this.#queues(props.watched);
    this.#functions(props.watched);
    this.#alarm(
      "SweepSilent",
      props.watched.functions.sweep.metricInvocations({ ...everyMinute, statistic: "Sum" }),
      {
        alarmDescription: "No sweep ran: lost events and overdue timers stay unrepaired",
        threshold: 1,
        comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluationPeriods: SWEEP_SILENCE_MINUTES,
        treatMissingData: TreatMissingData.BREACHING,
      },
    );
  }

  #queues({ queues, strays }: Watched): void {
    for (const name of QUEUE_NAMES) {
      const { queue, deadLetters } = queues[name];
      this.#alarm(`${capitalised(name)}Waits`, queue.metricApproximateAgeOfOldestMessage(everyMinute), {
        alarmDescription: `The oldest message on ${name} waits too long`,
        threshold: QUEUES[name].alarmAgeSeconds,
        evaluationPeriods: 3,
      });
      this.#deadLetters(name, deadLetters);
    }
    for (const [name, queue] of Object.entries(strays)) this.#deadLetters(name, queue);
  }

  #deadLetters(name: string, queue: IQueue): void {
    this.#alarm(
      `${capitalised(name)}DeadLetters`,
      queue.metricApproximateNumberOfMessagesVisible(everyMinute),
      {
        alarmDescription: `Messages of ${name} were given up; the sweep sends them back within its budget`,
        threshold: 1,
      },
    );
  }

  #functions({ functions }: Watched): void {
    for (const [name, lambda] of Object.entries(functions)) {
      this.#alarm(`${capitalised(name)}Errors`, lambda.metricErrors(everyMinute), {
        alarmDescription: `${name} fails: see its log`,
        threshold: 1,
        evaluationPeriods: 2,
      });
      this.#alarm(`${capitalised(name)}Throttles`, lambda.metricThrottles(everyMinute), {
        alarmDescription: `${name} has reached its reserved concurrency`,
        threshold: 1,
        evaluationPeriods: 2,
      });
    }
  }

  #alarm(id: string, metric: IMetric, rest: Rest & { readonly evaluationPeriods?: number }): void {
    const alarm = new Alarm(this, id, {
      metric,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...rest,
    });
    if (this.#topic) alarm.addAlarmAction(new SnsAction(this.#topic));
  }
}
