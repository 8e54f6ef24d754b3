// One execution environment: a worker thread with its own environment variables, initialised once, serving
// one invocation at a time, thrown away after a time-out or a crash.

import { Worker } from "node:worker_threads";
import type {
  EnvironmentReport,
  EnvironmentSettings,
  FunctionError,
  InvokeMessage,
} from "./environment-messages.ts";

export type Outcome =
  | { readonly kind: "done"; readonly result: string }
  /** `isFatal`: the environment is gone, the next invocation starts a new one. */
  | { readonly kind: "failed"; readonly error: FunctionError; readonly isFatal: boolean };

export interface ExecutionEnvironment {
  /** Milliseconds of initialisation, or why there is no environment. */
  readonly ready: Promise<{ readonly initMs: number } | { readonly error: FunctionError }>;
  invoke(message: InvokeMessage): Promise<Outcome>;
  stop(): Promise<void>;
}

export interface EnvironmentStart {
  readonly settings: EnvironmentSettings;
  readonly variables: Readonly<Record<string, string>>;
  onLog(requestId: string | undefined, line: string): void;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib */
const INIT_LIMIT_MS = 10_000;

type Waiting = (outcome: Outcome) => void;
type InitResult = { readonly initMs: number } | { readonly error: FunctionError };

export function startEnvironment(start: EnvironmentStart): ExecutionEnvironment {
  const worker = new Worker(new URL("./environment-worker.ts", import.meta.url), {
    workerData: start.settings,
    env: { ...start.variables },
    execArgv: ["--disable-warning=ExperimentalWarning"],
    resourceLimits: { maxOldGenerationSizeMb: start.settings.memoryMb },
  });
  let waiting: Waiting | undefined;
  let initialised: ((result: InitResult) => void) | undefined;
  const settle = (outcome: Outcome) => {
    waiting?.(outcome);
    waiting = undefined;
  };
  const die = (error: FunctionError) => {
    initialised?.({ error });
    settle({ kind: "failed", error, isFatal: true });
  };
  worker.on("message", (report: EnvironmentReport) => {
    if (report.kind === "log") start.onLog(report.requestId, report.line);
    else if (report.kind === "ready") initialised?.({ initMs: report.initMs });
    else if (report.kind === "init-failed") initialised?.({ error: report.error });
    else if (report.kind === "done") settle({ kind: "done", result: report.result });
    else settle({ kind: "failed", error: report.error, isFatal: false });
  });
  worker.on("error", (thrown: unknown) => die(crashOf(thrown)));
  worker.on("exit", (code) => die(exited(`exit status ${code}`)));

  const ready = new Promise<InitResult>((resolve) => {
    const limit = setTimeout(() => die(timedOut(INIT_LIMIT_MS)), INIT_LIMIT_MS);
    initialised = (result) => {
      clearTimeout(limit);
      initialised = undefined;
      resolve(result);
    };
  });
  return {
    ready,
    invoke: (message) => invoke(worker, message, (next) => (waiting = next)),
    stop: async () => {
      await worker.terminate();
    },
  };
}

async function invoke(
  worker: Worker,
  message: InvokeMessage,
  wait: (waiting: Waiting) => void,
): Promise<Outcome> {
  const limitMs = message.deadlineAt - Date.now();
  let limit: NodeJS.Timeout | undefined;
  const outcome = await new Promise<Outcome>((resolve) => {
    wait(resolve);
    limit = setTimeout(() => {
      const error = timedOut(limitMs, message.requestId);
      resolve({ kind: "failed", error, isFatal: true });
    }, limitMs);
    worker.postMessage(message);
  });
  clearTimeout(limit);
  if (outcome.kind === "failed" && outcome.isFatal) await worker.terminate();
  return outcome;
}

/** The texts that Lambda itself answers with. */
const timedOut = (limitMs: number, requestId?: string): FunctionError => ({
  errorType: "Sandbox.Timedout",
  errorMessage: `${requestId === undefined ? "" : `RequestId: ${requestId} `}Error: Task timed out after ${(limitMs / 1_000).toFixed(2)} seconds`,
});

const exited = (how: string): FunctionError => ({
  errorType: "Runtime.ExitError",
  errorMessage: `Error: Runtime exited with error: ${how}`,
});

function crashOf(thrown: unknown): FunctionError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if ((error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY") return exited("signal: killed");
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}
