// Lambda `api`, behind a Function URL that asks for IAM: what rollouts do, and the operator's orders to them.

import middy from "@middy/core";
import { warmStore } from "../../shared/adapters/dynamodb/store.ts";
import { answerApi } from "../../shared/shell/api.ts";
import { logFailure } from "../../shared/shell/middleware/log-failure.ts";
import { wireApi } from "./wiring.ts";

const { ports, log } = wireApi(process.env);
await warmStore(ports.store);

export const handler = middy((event: unknown) => answerApi(event, ports)).use(logFailure(log));
