// Lambda `sweep`, once a minute: overdue timers, the slow full resync, dead letters.

import middy from "@middy/core";
import { warmQueue } from "../../shared/adapters/aws/sqs.ts";
import { warmStore } from "../../shared/adapters/dynamodb/store.ts";
import { logFailure } from "../../shared/shell/middleware/log-failure.ts";
import { sweep } from "../../shared/shell/sweep.ts";
import { wireSweep } from "./wiring.ts";

const { ports, queue } = wireSweep(process.env);
await Promise.all([warmStore(ports.store), warmQueue(queue)]);

export const handler = middy(async () => sweep(ports)).use(logFailure(ports.log));
