// Runs inside the worker thread of one execution environment: loads the bundle once, then serves one
// invocation at a time. It imports nothing of the project, so that a bundle meets only what Lambda would give.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { compileFunction, constants } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import type {
  EnvironmentReport,
  EnvironmentSettings,
  FunctionError,
  InvokeMessage,
} from "./environment-messages.ts";

type Handler = (event: unknown, context: object) => unknown;

const settings = workerData as EnvironmentSettings;
let requestId: string | undefined;

const report = (message: EnvironmentReport): void => parentPort?.postMessage(message);

/** Whole lines only; an unfinished one waits for its rest. */
function captureLines(stream: NodeJS.WriteStream): void {
  let rest = "";
  stream.write = (chunk: string | Uint8Array): boolean => {
    rest += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      report({ kind: "log", requestId, line: rest.slice(0, end) });
      rest = rest.slice(end + 1);
    }
    return true;
  };
}

function errorOf(thrown: unknown): FunctionError {
  if (!(thrown instanceof Error)) return { errorType: typeof thrown, errorMessage: String(thrown) };
  return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? "").split("\n") };
}

/**
 * As CommonJS whatever package.json lies above it: on Lambda there is none, here the repository's own says
 * that `.js` files are modules.
 */
async function loadCommonJs(file: string): Promise<unknown> {
  const names = ["exports", "require", "module", "__filename", "__dirname"];
  const options = { filename: file, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
  const run = compileFunction(await readFile(file, "utf8"), names, options);
  const module: { exports: unknown } = { exports: {} };
  run.call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
  return module.exports;
}

async function load(): Promise<Handler> {
  const { codeFile, exportName } = settings;
  const isModule = codeFile.endsWith(".mjs");
  const module: unknown = isModule
    ? await import(pathToFileURL(codeFile).href)
    : await loadCommonJs(codeFile);
  const handler: unknown = (module as Record<string, unknown>)[exportName];
  if (typeof handler === "function") return handler as Handler;
  throw Object.assign(new Error(`index.${exportName} is undefined or not exported`), {
    name: "Runtime.HandlerNotFound",
  });
}

function contextOf(message: InvokeMessage): object {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: settings.functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: settings.functionArn,
    memoryLimitInMB: String(settings.memoryMb),
    awsRequestId: message.requestId,
    logGroupName: `/aws/lambda/${settings.functionName}`,
    logStreamName: settings.logStream,
    getRemainingTimeInMillis: () => Math.max(0, message.deadlineAt - Date.now()),
  };
}

async function serve(handler: Handler, message: InvokeMessage): Promise<void> {
  requestId = message.requestId;
  try {
    const result = await handler(JSON.parse(message.event), contextOf(message));
    report({ kind: "done", requestId: message.requestId, result: JSON.stringify(result) ?? "null" });
  } catch (error) {
    report({ kind: "failed", requestId: message.requestId, error: errorOf(error) });
  }
}

captureLines(process.stdout);
captureLines(process.stderr);
const startedAt = performance.now();
try {
  const handler = await load();
  parentPort?.on("message", (message: InvokeMessage) => void serve(handler, message));
  report({ kind: "ready", initMs: performance.now() - startedAt });
} catch (error) {
  report({ kind: "init-failed", error: errorOf(error) });
}
