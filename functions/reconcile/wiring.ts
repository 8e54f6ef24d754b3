// What reconcile touches: the table, the queues, and AWS through one paced client for each service.

import { rehearsing } from "../../shared/adapters/aws/client.ts";
import { systemClock } from "../../shared/adapters/aws/clock.ts";
import {
  createCloudMapClient,
  createRegistryReader,
  createRegistryWriter,
} from "../../shared/adapters/aws/cloud-map.ts";
import { createEcsClient, createTaskReader, createTaskStopper } from "../../shared/adapters/aws/ecs-tasks.ts";
import { createEc2Client, createHostReader, createSsmClient } from "../../shared/adapters/aws/hosts.ts";
import { createInFlight } from "../../shared/adapters/aws/in-flight.ts";
import { createLog } from "../../shared/adapters/aws/log.ts";
import { PACE_LIMITS, waitMs } from "../../shared/adapters/aws/pace.ts";
import { createDelayQueue, createSqsClient, createWorkQueue } from "../../shared/adapters/aws/sqs.ts";
import { createHistoryStore } from "../../shared/adapters/dynamodb/history.ts";
import { createLeaseStore } from "../../shared/adapters/dynamodb/leases.ts";
import { createStateStore } from "../../shared/adapters/dynamodb/store.ts";
import type { Table } from "../../shared/adapters/dynamodb/table.ts";
import { createDynamoClient, tableOf } from "../../shared/adapters/dynamodb/table.ts";
import { millis } from "../../shared/base/time.ts";
import type { Environment } from "../../shared/contracts/environment.ts";
import { ENVIRONMENT, optionalNumber, required, requiredMode } from "../../shared/contracts/environment.ts";
import type { StateStore } from "../../shared/ports/state-store.ts";
import type { PassPorts } from "../../shared/shell/ports.ts";
import { paced } from "./paced.ts";
import { wireRollouts } from "./wire-rollouts.ts";

const clock = systemClock;
const DAY_MS = 86_400_000;

export interface ReconcileWiring {
  readonly ports: PassPorts;
  readonly inFlight: ReturnType<typeof createInFlight>;
  /** The store over a client that ends short of the network: see rehearsal.ts. */
  readonly muted: StateStore;
}

export function wireReconcile(environment: Environment): ReconcileWiring {
  const tableName = required(environment, ENVIRONMENT.table);
  const dynamo = createDynamoClient(environment);
  const table = tableOf(dynamo, tableName);
  const sqs = createSqsClient(environment);
  const work = { client: sqs, url: required(environment, ENVIRONMENT.workQueueUrl) };
  const retentionMs = millis(optionalNumber(environment, ENVIRONMENT.retentionDays, 30) * DAY_MS);
  const ports: PassPorts = {
    ...wireAws(environment, table),
    store: createStateStore(table),
    history: createHistoryStore(table, { retentionMs, wait: waitMs }),
    work: createWorkQueue(work),
    delay: createDelayQueue({ client: sqs, url: required(environment, ENVIRONMENT.delayQueueUrl) }),
    clock,
    wait: waitMs,
    log: createLog({ name: "reconcile", clock }),
    settings: {
      installation: required(environment, ENVIRONMENT.installation),
      mode: requiredMode(environment),
      watchesRollouts: environment[ENVIRONMENT.rollouts] === "watch",
      leavesWeights: environment[ENVIRONMENT.rollouts] === "deployments",
    },
  };
  const muted = createStateStore(tableOf(rehearsing(dynamo), tableName));
  return { ports, inFlight: createInFlight(work), muted };
}

function wireAws(environment: Environment, table: Table): Pick<PassPorts, "read" | "act"> {
  const ecsClient = createEcsClient(environment);
  const ecs = paced(ecsClient, PACE_LIMITS.ecs);
  const rollouts = wireRollouts(environment, ecsClient);
  const cloudMap = paced(createCloudMapClient(environment), PACE_LIMITS.servicediscovery);
  const ec2 = paced(createEc2Client(environment), PACE_LIMITS.ec2);
  const ssm = paced(createSsmClient(environment), PACE_LIMITS.ssm);
  return {
    read: {
      tasks: createTaskReader({ ...ecs, clock }),
      hosts: createHostReader({ ecs, ec2, ssm, clock }),
      registry: createRegistryReader({ ...cloudMap, clock }),
      ...rollouts.read,
    },
    act: {
      registry: createRegistryWriter(cloudMap),
      stopper: createTaskStopper(ecs),
      ...rollouts.act,
      leases: createLeaseStore(table),
    },
  };
}
