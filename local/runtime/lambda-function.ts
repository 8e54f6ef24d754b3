// A Lambda function: warm execution environments are used again, cold ones started as calls overlap, idle
// ones reaped; reserved concurrency is the limit. One object for one function of the template.

import { randomUUID } from "node:crypto";
import { basename, dirname, extname } from "node:path";
import { AwsError } from "../world/kernel.ts";
import type { FunctionError } from "./environment-messages.ts";
import type { ExecutionEnvironment, Outcome } from "./execution-environment.ts";
import { startEnvironment } from "./execution-environment.ts";

export interface FunctionSettings {
  readonly name: string;
  readonly arn: string;
  /** The bundle: one CommonJS file (`.mjs` for a module). */
  readonly codeFile: string;
  readonly exportName: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** 0 stops the function, as on AWS. */
  readonly reservedConcurrency?: number;
  readonly idleMs?: number;
  readonly onLog?: (line: LogLine) => void;
}

export interface LogLine {
  readonly function: string;
  /** undefined during initialisation. */
  readonly requestId: string | undefined;
  readonly at: number;
  readonly line: string;
}

export interface Invocation {
  readonly requestId: string;
  readonly durationMs: number;
  /** Set when this invocation started its environment. */
  readonly initMs?: number;
  /** What the handler returned, or the error: exactly one of them. */
  readonly result?: unknown;
  readonly error?: FunctionError;
}

export interface FunctionCounts {
  readonly invocations: number;
  readonly errors: number;
  readonly throttles: number;
  readonly coldStarts: number;
}

export interface LambdaFunction {
  readonly name: string;
  readonly arn: string;
  readonly settings: FunctionSettings;
  /** Waits for the handler. Throws AwsError `TooManyRequestsException` at the concurrency limit. */
  invoke(event: unknown): Promise<Invocation>;
  counts(): FunctionCounts;
  stop(): Promise<void>;
}

/** AWS keeps an idle environment for an unpublished time of minutes. */
const IDLE_MS = 120_000;

interface Warm {
  readonly environment: ExecutionEnvironment;
  reaper: NodeJS.Timeout | undefined;
}

interface Pool {
  readonly settings: FunctionSettings;
  readonly all: Set<ExecutionEnvironment>;
  readonly idle: Warm[];
  readonly counts: { invocations: number; errors: number; throttles: number; coldStarts: number };
  running: number;
  isStopped: boolean;
}

export function createLambdaFunction(settings: FunctionSettings): LambdaFunction {
  const counts = { invocations: 0, errors: 0, throttles: 0, coldStarts: 0 };
  const pool: Pool = { settings, all: new Set(), idle: [], counts, running: 0, isStopped: false };
  return {
    name: settings.name,
    arn: settings.arn,
    settings,
    invoke: (event) => invoke(pool, event),
    counts: () => ({ ...counts }),
    stop: async () => {
      pool.isStopped = true;
      for (const warm of pool.idle) clearTimeout(warm.reaper);
      await Promise.all([...pool.all].map((environment) => environment.stop()));
    },
  };
}

async function invoke(pool: Pool, event: unknown): Promise<Invocation> {
  const { settings, counts } = pool;
  if (pool.isStopped) throw new AwsError("ResourceNotFoundException", `function ${settings.name} is stopped`);
  if (pool.running >= (settings.reservedConcurrency ?? Number.POSITIVE_INFINITY)) {
    counts.throttles += 1;
    throw new AwsError("TooManyRequestsException", "Rate Exceeded.", {
      status: 429,
      fields: { Reason: "ReservedFunctionConcurrentInvocationLimitExceeded" },
    });
  }
  pool.running += 1;
  counts.invocations += 1;
  try {
    const invocation = await run(pool, JSON.stringify(event) ?? "null");
    if (invocation.error !== undefined) counts.errors += 1;
    return invocation;
  } finally {
    pool.running -= 1;
  }
}

async function run(pool: Pool, event: string): Promise<Invocation> {
  const requestId = randomUUID();
  const warm = takeIdle(pool);
  const environment = warm ?? startOne(pool);
  const init = warm === undefined ? await environment.ready : undefined;
  if (init !== undefined && "error" in init) {
    await discard(pool, environment);
    return { requestId, durationMs: 0, error: init.error };
  }
  const startedAt = performance.now();
  const deadlineAt = Date.now() + pool.settings.timeoutMs;
  const outcome = await environment.invoke({ requestId, event, deadlineAt });
  const durationMs = performance.now() - startedAt;
  if (outcome.kind === "failed" && outcome.isFatal) {
    log(pool, requestId, `${requestId} ${outcome.error.errorMessage}`);
    await discard(pool, environment);
  } else keepWarm(pool, environment);
  return {
    requestId,
    durationMs,
    ...(init === undefined ? {} : { initMs: init.initMs }),
    ...answerOf(outcome),
  };
}

const answerOf = (outcome: Outcome): { result: unknown } | { error: FunctionError } =>
  outcome.kind === "done" ? { result: JSON.parse(outcome.result) as unknown } : { error: outcome.error };

function log(pool: Pool, requestId: string | undefined, line: string): void {
  pool.settings.onLog?.({ function: pool.settings.name, requestId, at: Date.now(), line });
}

function startOne(pool: Pool): ExecutionEnvironment {
  const { name, arn, codeFile, exportName, memoryMb, variables } = pool.settings;
  const logStream = `local/[$LATEST]${randomUUID().replaceAll("-", "")}`;
  pool.counts.coldStarts += 1;
  const environment = startEnvironment({
    settings: { codeFile, exportName, functionName: name, functionArn: arn, memoryMb, logStream },
    variables: {
      ...variables,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: logStream,
      AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      LAMBDA_TASK_ROOT: dirname(codeFile),
      _HANDLER: `${basename(codeFile, extname(codeFile))}.${exportName}`,
    },
    onLog: (requestId, line) => log(pool, requestId, line),
  });
  pool.all.add(environment);
  return environment;
}

/** The most recently used first, so that the others can fall idle. */
function takeIdle(pool: Pool): ExecutionEnvironment | undefined {
  const warm = pool.idle.pop();
  clearTimeout(warm?.reaper);
  return warm?.environment;
}

function keepWarm(pool: Pool, environment: ExecutionEnvironment): void {
  if (pool.isStopped) return;
  const warm: Warm = { environment, reaper: undefined };
  warm.reaper = setTimeout(() => {
    pool.idle.splice(pool.idle.indexOf(warm), 1);
    void discard(pool, environment);
  }, pool.settings.idleMs ?? IDLE_MS);
  warm.reaper.unref();
  pool.idle.push(warm);
}

async function discard(pool: Pool, environment: ExecutionEnvironment): Promise<void> {
  pool.all.delete(environment);
  await environment.stop();
}
