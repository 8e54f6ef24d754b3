// Lambda `sweep`, once a minute: overdue timers, the slow full resync, dead letters.

import middy from "@middy/core";
import { warmStore } from "../../shared/adapters/dynamodb/store.ts";
import { logFailure } from "../../shared/shell/middleware/log-failure.ts";
import { sweep } from "../../shared/shell/sweep.ts";
import { wireSweep } from "./wiring.ts";

const ports = wireSweep(process.env);
await warmStore(ports.store);

export const handler = middy(async () => sweep(ports)).use(logFailure(ports.log));
