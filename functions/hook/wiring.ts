// What the hook touches: it reads the table, ECS and the load balancer, and rings the work queue.

import { systemClock } from "../../shared/adapters/aws/clock.ts";
import { createDeploymentReader } from "../../shared/adapters/aws/deployments.ts";
import { createEcsClient } from "../../shared/adapters/aws/ecs-tasks.ts";
import { createLog } from "../../shared/adapters/aws/log.ts";
import { createPace, PACE_LIMITS, waitMs } from "../../shared/adapters/aws/pace.ts";
import { createSqsClient, createWorkQueue } from "../../shared/adapters/aws/sqs.ts";
import { createElbClient, createTrafficReader } from "../../shared/adapters/aws/traffic.ts";
import { createStateStore } from "../../shared/adapters/dynamodb/store.ts";
import { createDynamoClient, tableOf } from "../../shared/adapters/dynamodb/table.ts";
import type { Environment } from "../../shared/contracts/environment.ts";
import { ENVIRONMENT, required, requiredMode } from "../../shared/contracts/environment.ts";
import type { HookPorts } from "../../shared/shell/hook.ts";

const clock = systemClock;

export function wireHook(environment: Environment): HookPorts {
  const ecs = {
    client: createEcsClient(environment),
    pace: createPace({ limits: PACE_LIMITS.ecs, clock, wait: waitMs }),
  };
  const elb = {
    client: createElbClient(environment),
    pace: createPace({ limits: PACE_LIMITS.elb, clock, wait: waitMs }),
  };
  return {
    store: createStateStore(
      tableOf(createDynamoClient(environment), required(environment, ENVIRONMENT.table)),
    ),
    work: createWorkQueue({
      client: createSqsClient(environment),
      url: required(environment, ENVIRONMENT.workQueueUrl),
    }),
    deployments: createDeploymentReader(ecs),
    traffic: createTrafficReader(elb),
    clock,
    wait: waitMs,
    log: createLog({ name: "hook", clock }),
    mode: requiredMode(environment),
  };
}
