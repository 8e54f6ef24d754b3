// Lambda `reconcile`: doorbells from the FIFO queue, one pass for each key.

import middy from "@middy/core";
import type { SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { logFailure } from "../../shared/shell/middleware/log-failure.ts";
import { reconcileBatch } from "../../shared/shell/reconcile.ts";
import { rehearse } from "./rehearsal.ts";
import { wireReconcile } from "./wiring.ts";

const wiring = wireReconcile(process.env);
const { ports, inFlight } = wiring;
// Whatever a rehearsal meets, the function starts.
await rehearse(wiring).catch(() => undefined);

const fifoRecord = ({ messageId, body, attributes }: SQSRecord) => ({
  messageId,
  body,
  groupId: attributes.MessageGroupId ?? messageId,
});

const returned = ({ receiptHandle, attributes }: SQSRecord) => ({
  receipt: receiptHandle,
  deliveries: Number(attributes.ApproximateReceiveCount),
});

export const handler = middy(async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const { failedMessageIds } = await reconcileBatch(Records.map(fifoRecord), ports);
  const failed = new Set(failedMessageIds);
  await inFlight.retrySoon(Records.filter(({ messageId }) => failed.has(messageId)).map(returned));
  return { batchItemFailures: failedMessageIds.map((itemIdentifier) => ({ itemIdentifier })) };
}).use(logFailure(ports.log));
