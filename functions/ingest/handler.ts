// Lambda `ingest`: events and wake-ups from the urgent, ingress and delay queues become doorbells.

import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { ingestBatch } from "../../shared/shell/ingest.ts";
import { logFailure } from "../../shared/shell/middleware/log-failure.ts";
import { rehearse } from "./rehearsal.ts";
import { wireIngest } from "./wiring.ts";

const { ports, queue } = wireIngest(process.env);
// Whatever a rehearsal meets, the function starts.
await rehearse(queue, ports).catch(() => undefined);

export const handler = middy(async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const { failedMessageIds } = await ingestBatch(Records, ports);
  return { batchItemFailures: failedMessageIds.map((itemIdentifier) => ({ itemIdentifier })) };
}).use(logFailure(ports.log));
