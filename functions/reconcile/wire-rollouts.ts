// What only rollouts touch. Most passes see none, so the clients of these services are made at the first use;
// their code is in the bundle as any other's (loading it late was tried: unused schemas no longer fall away, and
// the bundle grows by a third).

import type { AwsClient, Paced } from "../../shared/adapters/aws/client.ts";
import { lazyClient } from "../../shared/adapters/aws/client.ts";
import {
  createCloudWatchClient,
  createCloudWatchReader,
} from "../../shared/adapters/aws/cloudwatch-metrics.ts";
import { createDeploymentReader, createDeploymentWriter } from "../../shared/adapters/aws/deployments.ts";
import { createEventBridgeClient, createEventSender } from "../../shared/adapters/aws/event-sender.ts";
import type { PaceLimits } from "../../shared/adapters/aws/pace.ts";
import { PACE_LIMITS } from "../../shared/adapters/aws/pace.ts";
import { environmentCredentials } from "../../shared/adapters/aws/sign.ts";
import { createTaskSetWriter } from "../../shared/adapters/aws/task-sets.ts";
import {
  createElbClient,
  createTrafficReader,
  createTrafficWriter,
} from "../../shared/adapters/aws/traffic.ts";
import { createMetricReader } from "../../shared/adapters/http/metric-reader.ts";
import { createNotifier } from "../../shared/adapters/http/notifier.ts";
import { createPrometheusReader } from "../../shared/adapters/http/prometheus.ts";
import { createHttpClient } from "../../shared/adapters/http/request.ts";
import { createWebhookCaller } from "../../shared/adapters/http/webhook-caller.ts";
import { createWebhookMetricReader } from "../../shared/adapters/http/webhook-metrics.ts";
import type { Environment } from "../../shared/contracts/environment.ts";
import type { ActPorts, ReadPorts } from "../../shared/shell/ports.ts";
import { paced } from "./paced.ts";

interface RolloutPorts {
  readonly read: Pick<ReadPorts, "deployments" | "traffic" | "metrics">;
  readonly act: Pick<ActPorts, "deployments" | "taskSets" | "traffic" | "notifier" | "webhooks">;
}

export function wireRollouts(environment: Environment, ecs: AwsClient): RolloutPorts {
  const lazy = (create: (from: Environment) => AwsClient, limits: PaceLimits): Paced =>
    paced(
      lazyClient(() => create(environment)),
      limits,
    );
  const elb = lazy(createElbClient, PACE_LIMITS.elb);
  const writes = paced(ecs, PACE_LIMITS.deploymentWrites);
  // Local runs call programs on this machine; nothing in an account may.
  const http = createHttpClient({ loopback: Boolean(environment["AWS_ENDPOINT_URL"]) });
  const events = createEventSender(lazy(createEventBridgeClient, PACE_LIMITS.events));
  return {
    read: {
      deployments: createDeploymentReader(paced(ecs, PACE_LIMITS.deploymentReads)),
      traffic: createTrafficReader(elb),
      metrics: createMetricReader({
        cloudwatch: createCloudWatchReader(lazy(createCloudWatchClient, PACE_LIMITS.cloudwatch)),
        prometheus: createPrometheusReader({ http, credentials: environmentCredentials(environment) }),
        webhook: createWebhookMetricReader(http),
      }),
    },
    act: {
      deployments: createDeploymentWriter(writes),
      taskSets: createTaskSetWriter(writes),
      traffic: createTrafficWriter(elb),
      notifier: createNotifier({ http, events }),
      webhooks: createWebhookCaller(http),
    },
  };
}
