// One page for an operator: is work waiting, is work lost, do the functions keep up.

import { Duration } from "aws-cdk-lib";
import type { IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { Dashboard, GraphWidget } from "aws-cdk-lib/aws-cloudwatch";
import type { Function as Lambda } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { QUEUE_NAMES } from "../pipeline.ts";
import type { Watched } from "./alarms.ts";

const graph = (title: string, left: IMetric[]): GraphWidget =>
  new GraphWidget({ title, left, width: 8, height: 6, period: Duration.minutes(1) });

export function pipelineDashboard(
  scope: Construct,
  id: string,
  watched: Watched & { readonly name: string },
): void {
  const { queues, strays, functions, name } = watched;
  const each = (metric: (lambda: Lambda) => IMetric): IMetric[] => Object.values(functions).map(metric);
  const deadLetters = [
    ...QUEUE_NAMES.map((queue) => [queue, queues[queue].deadLetters] as const),
    ...Object.entries(strays),
  ];
  new Dashboard(scope, id, {
    dashboardName: name,
    widgets: [
      [
        graph(
          "Age of the oldest message, s",
          QUEUE_NAMES.map((label) => queues[label].queue.metricApproximateAgeOfOldestMessage({ label })),
        ),
        graph(
          "Messages received",
          QUEUE_NAMES.map((label) =>
            queues[label].queue.metricNumberOfMessagesReceived({ label, statistic: "Sum" }),
          ),
        ),
        graph(
          "Dead letters",
          deadLetters.map(([label, queue]) => queue.metricApproximateNumberOfMessagesVisible({ label })),
        ),
      ],
      [
        graph(
          "Invocations",
          each((lambda) => lambda.metricInvocations()),
        ),
        graph("Errors and throttles", [
          ...each((lambda) => lambda.metricErrors()),
          ...each((lambda) => lambda.metricThrottles()),
        ]),
        graph(
          "Duration p99, ms",
          each((lambda) => lambda.metricDuration({ statistic: "p99" })),
        ),
      ],
    ],
  });
}
