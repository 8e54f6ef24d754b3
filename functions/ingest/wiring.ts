// What ingest touches: the work queue and nothing else.

import { systemClock } from "../../shared/adapters/aws/clock.ts";
import { createLog } from "../../shared/adapters/aws/log.ts";
import type { Queue } from "../../shared/adapters/aws/sqs.ts";
import { createSqsClient, createWorkQueue } from "../../shared/adapters/aws/sqs.ts";
import type { Environment } from "../../shared/contracts/environment.ts";
import { ENVIRONMENT, required } from "../../shared/contracts/environment.ts";
import type { IngestPorts } from "../../shared/shell/ingest.ts";

export interface IngestWiring {
  readonly ports: IngestPorts;
  readonly queue: Queue;
}

export function wireIngest(environment: Environment): IngestWiring {
  const queue = {
    client: createSqsClient(environment),
    url: required(environment, ENVIRONMENT.workQueueUrl),
  };
  const ports = {
    work: createWorkQueue(queue),
    clock: systemClock,
    log: createLog({ name: "ingest", clock: systemClock }),
  };
  return { ports, queue };
}
