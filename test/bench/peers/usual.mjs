// The usual shape of such a function: middy, Powertools, zod, the document client, and the clients that it
// may need one day. One conditional write for each event.

import { Logger } from "@aws-lambda-powertools/logger";
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { logMetrics } from "@aws-lambda-powertools/metrics/middleware";
import { Tracer } from "@aws-lambda-powertools/tracer";
import { captureLambdaHandler } from "@aws-lambda-powertools/tracer/middleware";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ECSClient } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { ServiceDiscoveryClient } from "@aws-sdk/client-servicediscovery";
import { SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import middy from "@middy/core";
import { writeEvent } from "./usual-write.mjs";

const logger = new Logger({ serviceName: "peer" });
const metrics = new Metrics({ namespace: "peer", serviceName: "peer" });
const tracer = new Tracer({ serviceName: "peer" });
const documents = DynamoDBDocumentClient.from(tracer.captureAWSv3Client(new DynamoDBClient({})));
export const others = [ECSClient, ElasticLoadBalancingV2Client, ServiceDiscoveryClient, SQSClient].map(
  (Client) => new Client({}),
);

export const handler = middy(async ({ Records }) => {
  for (const { body } of Records) await writeEvent(body, documents);
  metrics.addMetric("EventsIn", MetricUnit.Count, Records.length);
  logger.info("handled", { records: Records.length });
  return { batchItemFailures: [] };
})
  .use(captureLambdaHandler(tracer))
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics));
