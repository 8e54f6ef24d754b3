// middy middleware: an error that leaves a handler is logged once, without the event, and thrown on, so
// that Lambda retries and counts it.

import type middy from "@middy/core";
import { AppError } from "../../base/errors.ts";
import type { Log } from "../../ports/log.ts";

export const logFailure = (log: Log): middy.MiddlewareObj => ({
  onError: ({ error }) => {
    const code = error instanceof AppError ? error.code : "defect";
    log.error("handler failed", { code, error: error instanceof Error ? error.message : String(error) });
  },
});
