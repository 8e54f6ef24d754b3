// What the API touches: the table and the work queue, nothing else.

import { randomBytes } from "node:crypto";
import { systemClock } from "../../shared/adapters/aws/clock.ts";
import { createLog } from "../../shared/adapters/aws/log.ts";
import { waitMs } from "../../shared/adapters/aws/pace.ts";
import { createSqsClient, createWorkQueue } from "../../shared/adapters/aws/sqs.ts";
import { createFleetStore } from "../../shared/adapters/dynamodb/fleet.ts";
import { createHistoryStore } from "../../shared/adapters/dynamodb/history.ts";
import { createStateStore } from "../../shared/adapters/dynamodb/store.ts";
import { createDynamoClient, tableOf } from "../../shared/adapters/dynamodb/table.ts";
import type { Environment } from "../../shared/contracts/environment.ts";
import { ENVIRONMENT, required, requiredMode } from "../../shared/contracts/environment.ts";
import type { Log } from "../../shared/ports/log.ts";
import type { ApiPorts } from "../../shared/shell/api.ts";

const DECISION_BYTES = 6;

export interface ApiWiring {
  readonly ports: ApiPorts;
  readonly log: Log;
}

export function wireApi(environment: Environment): ApiWiring {
  const table = tableOf(createDynamoClient(environment), required(environment, ENVIRONMENT.table));
  const client = createSqsClient(environment);
  const ports: ApiPorts = {
    fleet: createFleetStore(table),
    store: createStateStore(table),
    // It appends nothing: how long records are kept is not its matter.
    history: createHistoryStore(table, { retentionMs: 0, wait: waitMs }),
    work: createWorkQueue({ client, url: required(environment, ENVIRONMENT.workQueueUrl) }),
    clock: systemClock,
    mode: requiredMode(environment),
    newDecisionId: () => `d-${randomBytes(DECISION_BYTES).toString("hex")}`,
  };
  return { ports, log: createLog({ name: "api", clock: systemClock }) };
}
