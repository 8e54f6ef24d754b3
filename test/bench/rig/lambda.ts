// Runs a bundle under AWS's real runtime client: a small Runtime API gives it events, as Lambda's does.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RUNTIME_CLIENT } from "./places.ts";
import type { RuntimeClient } from "./prepare.ts";
import { cpuMs, peakRssMb } from "./usage.ts";

export interface LambdaSettings {
  /** Holds index.js or index.mjs with `handler`. */
  readonly folder: string;
  readonly client: RuntimeClient;
  readonly environment: Readonly<Record<string, string>>;
}

/** A phase of one process: what it used, and how long it took. */
export interface Phase {
  readonly cpuMs: number;
  readonly wallMs: number;
}

export interface Invocation extends Phase {
  /** The handler's answer, decoded. */
  readonly result: unknown;
}

/** A figure of a handler that fails its records is worth nothing. */
export function checkTaken({ result }: Invocation): void {
  const failures =
    (result as { readonly batchItemFailures?: readonly unknown[] } | null)?.batchItemFailures ?? [];
  if (failures.length > 0) throw new Error(`the handler gave ${failures.length} records back`);
}

export interface LambdaProcess {
  /** From the start of the process to its first call for an event. */
  readonly init: Phase;
  /** One at a time. Rejects when the handler failed or the process ended. */
  invoke(event: string): Promise<Invocation>;
  rssMb(): number;
  stop(): Promise<void>;
}

const stub = fileURLToPath(new URL("./rapid-client-stub.cjs", import.meta.url));
const FUNCTION_TIMEOUT_MS = 60_000;

export async function startLambda(settings: LambdaSettings): Promise<LambdaProcess> {
  const api = await startRuntimeApi();
  const startedAt = performance.now();
  const child = spawnClient(settings, api.port);
  const pid = child.pid ?? 0;
  child.once("exit", (code) => api.fail(new Error(`${settings.folder} ended with code ${code}`)));
  await api.ready();
  const init = { cpuMs: cpuMs(pid), wallMs: performance.now() - startedAt };
  let usedMs = init.cpuMs;
  return {
    init,
    invoke: async (event) => {
      const sentAt = performance.now();
      const body = await api.serve(event);
      const now = cpuMs(pid);
      const used = now - usedMs;
      usedMs = now;
      return { result: JSON.parse(body), cpuMs: used, wallMs: performance.now() - sentAt };
    },
    rssMb: () => peakRssMb(pid),
    stop: async () => {
      child.removeAllListeners("exit");
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      api.server.closeAllConnections();
      api.server.close();
    },
  };
}

function spawnClient({ folder, client, environment }: LambdaSettings, port: number): ChildProcess {
  const preload = client === "stub" ? ["--require", stub] : [];
  return spawn(process.execPath, [...preload, join(RUNTIME_CLIENT, "index.mjs"), "index.handler"], {
    cwd: folder,
    stdio: ["ignore", "ignore", process.env["BENCH_DEBUG"] === undefined ? "ignore" : "inherit"],
    env: {
      PATH: process.env["PATH"],
      ...lambdaEnvironment,
      ...environment,
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: "index.handler",
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
    },
  });
}

/** What Lambda itself sets. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const lambdaEnvironment = {
  TZ: ":UTC",
  LANG: "en_US.UTF-8",
  AWS_REGION: "eu-central-1",
  AWS_DEFAULT_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "ASIAEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "example",
  AWS_SESSION_TOKEN: "example",
  AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
  AWS_LAMBDA_FUNCTION_NAME: "bench",
  AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
  AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
  AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/bench",
  AWS_LAMBDA_LOG_STREAM_NAME: "bench",
} as const;

interface Waiting {
  resolve(body: string): void;
  reject(reason: Error): void;
}

interface RuntimeApi {
  readonly server: Server;
  readonly port: number;
  /** The client asked for its first event. */
  ready(): Promise<void>;
  serve(event: string): Promise<string>;
  fail(reason: Error): void;
}

class LocalRuntimeApi implements RuntimeApi {
  readonly server = createServer((request, response) => this.#handle(request, response));
  #next: ServerResponse | undefined;
  #event: string | undefined;
  #answer: Waiting | undefined;
  #failure: Error | undefined;
  #count = 0;
  readonly #ready = Promise.withResolvers<void>();

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  ready(): Promise<void> {
    return this.#ready.promise;
  }

  serve(event: string): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#answer = { resolve, reject };
      this.#event = event;
      this.#give();
    });
  }

  fail(reason: Error): void {
    this.#failure = reason;
    this.#ready.reject(reason);
    this.#answer?.reject(reason);
  }

  #give(): void {
    if (this.#next === undefined || this.#event === undefined) return;
    this.#count += 1;
    this.#next.writeHead(200, {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": `00000000-0000-4000-8000-${String(this.#count).padStart(12, "0")}`,
      "lambda-runtime-deadline-ms": String(Date.now() + FUNCTION_TIMEOUT_MS),
      "lambda-runtime-invoked-function-arn": "arn:aws:lambda:eu-central-1:111122223333:function:bench",
      "lambda-runtime-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
    });
    this.#next.end(this.#event);
    this.#next = undefined;
    this.#event = undefined;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? "";
    if (url.endsWith("/invocation/next")) {
      this.#next = response;
      this.#ready.resolve();
      this.#give();
      return;
    }
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString();
      response.writeHead(202, { "content-type": "application/json" }).end('{"status":"OK"}');
      if (url.endsWith("/response")) this.#answer?.resolve(body);
      else this.fail(new Error(`the handler failed: ${body.slice(0, 500)}`));
    });
  }
}

async function startRuntimeApi(): Promise<RuntimeApi> {
  const api = new LocalRuntimeApi();
  api.server.listen(0, "127.0.0.1");
  await once(api.server, "listening");
  return api;
}
