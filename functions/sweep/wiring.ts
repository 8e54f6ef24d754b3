// What the sweep touches: it reads AWS and the table, and writes to queues only.

import { systemClock } from "../../shared/adapters/aws/clock.ts";
import { createCloudMapClient, createRegistryReader } from "../../shared/adapters/aws/cloud-map.ts";
import { createDeadLetters } from "../../shared/adapters/aws/dead-letters.ts";
import { createEcsClient, createTaskReader } from "../../shared/adapters/aws/ecs-tasks.ts";
import { createLog } from "../../shared/adapters/aws/log.ts";
import { createPace, waitMs } from "../../shared/adapters/aws/pace.ts";
import type { Queue } from "../../shared/adapters/aws/sqs.ts";
import { createDelayQueue, createSqsClient, createWorkQueue } from "../../shared/adapters/aws/sqs.ts";
import { createFleetStore, createTimerIndex } from "../../shared/adapters/dynamodb/fleet.ts";
import { createStateStore } from "../../shared/adapters/dynamodb/store.ts";
import { createSweepMemory } from "../../shared/adapters/dynamodb/sweep-memory.ts";
import { createDynamoClient, tableOf } from "../../shared/adapters/dynamodb/table.ts";
import type { Environment } from "../../shared/contracts/environment.ts";
import { ENVIRONMENT, pairs, required } from "../../shared/contracts/environment.ts";
import type { SweepPorts } from "../../shared/shell/sweep-ports.ts";

const clock = systemClock;
/**
 * ECS refills 20 lists and describes a second: two fifths are ours, so that two clusters of 10,000 tasks
 * fit into one sweep's time-out; the call budget of the resync holds the average at a third.
 */
export const ecsLimits = { perSecond: 8, burst: 30, maxWaitMs: 30_000 };
/** DiscoverInstancesRevision takes 3,000/s: a tenth leaves it to the data plane. */
export const cloudMapLimits = { perSecond: 300, burst: 100, maxWaitMs: 30_000 };

export interface SweepWiring {
  readonly ports: SweepPorts;
  readonly queue: Queue;
}

export function wireSweep(environment: Environment): SweepWiring {
  const table = tableOf(createDynamoClient(environment), required(environment, ENVIRONMENT.table));
  const client = createSqsClient(environment);
  const queue = { client, url: required(environment, ENVIRONMENT.workQueueUrl) };
  const ecs = {
    client: createEcsClient(environment),
    pace: createPace({ limits: ecsLimits, clock, wait: waitMs }),
  };
  const cloudMap = {
    client: createCloudMapClient(environment),
    pace: createPace({ limits: cloudMapLimits, clock, wait: waitMs }),
  };
  const sources = new Map(pairs(required(environment, ENVIRONMENT.deadLetterQueues)));
  const ports = {
    fleet: createFleetStore(table),
    timers: createTimerIndex(table),
    memory: createSweepMemory(table),
    store: createStateStore(table),
    work: createWorkQueue(queue),
    delay: createDelayQueue({ client, url: required(environment, ENVIRONMENT.delayQueueUrl) }),
    deadLetters: createDeadLetters({ client, sources }),
    read: {
      tasks: createTaskReader({ ...ecs, clock }),
      registry: createRegistryReader({ ...cloudMap, clock }),
    },
    clock,
    log: createLog({ name: "sweep", clock }),
  };
  return { ports, queue };
}
