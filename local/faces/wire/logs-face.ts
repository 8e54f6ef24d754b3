// `/_local/logs` on the wire face's port: what the containers wrote. It is no AWS API, and as closed as the
// breaks of chaos-face.ts.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { LogsAnswer } from "../../runtime/processes/output.ts";
import { LOGS_PATH } from "../../runtime/processes/output.ts";
import type { ProcessRuntime } from "../../runtime/processes/process-runtime.ts";
import { answer, refusalOf } from "./this-machine.ts";

export type LogsFace = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export const isLogsRequest = ({ url }: IncomingMessage): boolean => url === LOGS_PATH;

/** Without a runtime no program runs: tasks are modelled. */
export function createLogsFace(runtime: Pick<ProcessRuntime, "outputs"> | undefined): LogsFace {
  return (request, response) => {
    const reply = (status: number, content: LogsAnswer) => answer(response, status, content);
    const refusal = refusalOf(request);
    if (refusal !== undefined) reply(403, { error: refusal });
    else if (runtime === undefined)
      reply(409, { error: "tasks are modelled here: no program runs, so nothing was written" });
    else reply(200, { outputs: runtime.outputs() });
    return Promise.resolve();
  };
}
