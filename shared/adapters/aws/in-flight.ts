// Messages that a failed pass gives back: a FIFO group is blocked until its failed message is visible
// again, so it is made visible after seconds, not after the queue's whole visibility time-out.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html

import { ChangeMessageVisibilityBatchCommand } from "@aws-sdk/client-sqs";
import type { Paced } from "./client.ts";
import { send } from "./client.ts";
import { unpaced } from "./pace.ts";
import type { Queue } from "./sqs.ts";

export interface Returned {
  readonly receipt: string;
  /** ApproximateReceiveCount: 1 on the first delivery. */
  readonly deliveries: number;
}

const LONGEST_PAUSE_S = 60;

/** Never throws: the visibility time-out brings the messages back anyway, only later. */
export function createInFlight(queue: Queue): { retrySoon(returned: readonly Returned[]): Promise<void> } {
  const to: Paced = { client: queue.client, pace: unpaced };
  return {
    retrySoon: async (returned) => {
      if (returned.length === 0) return;
      const Entries = returned.slice(0, 10).map(({ receipt, deliveries }, index) => ({
        Id: String(index),
        ReceiptHandle: receipt,
        VisibilityTimeout: Math.min(2 ** deliveries, LONGEST_PAUSE_S),
      }));
      try {
        await send(to, new ChangeMessageVisibilityBatchCommand({ QueueUrl: queue.url, Entries }));
      } catch {
        // Costs latency only, see above.
      }
    },
  };
}
