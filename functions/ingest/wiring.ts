// What ingest touches: the work queue and nothing else.

import { systemClock } from "../../shared/adapters/aws/clock.ts";
import { createLog } from "../../shared/adapters/aws/log.ts";
import { createSqsClient, createWorkQueue, warmQueue } from "../../shared/adapters/aws/sqs.ts";
import type { Environment } from "../../shared/contracts/environment.ts";
import { ENVIRONMENT, required } from "../../shared/contracts/environment.ts";
import type { IngestPorts } from "../../shared/shell/ingest.ts";

export async function wireIngest(environment: Environment): Promise<IngestPorts> {
  const queue = {
    client: createSqsClient(environment),
    url: required(environment, ENVIRONMENT.workQueueUrl),
  };
  await warmQueue(queue);
  return {
    work: createWorkQueue(queue),
    clock: systemClock,
    log: createLog({ name: "ingest", clock: systemClock }),
  };
}
