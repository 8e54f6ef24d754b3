// The witnesses as processes on loopback: each in a process group of its own, so that ending it also ends what
// it started. Nothing outlives this process, whatever ends it.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { DeleteTableCommand, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { startDynamoDbLocal, whyNoDynamoDbLocal } from "../../contract/dynamo-servers.ts";
import { ACCOUNT, REGION } from "../clients.ts";
import { WITNESS_PACKAGES } from "../pins.ts";
import type { Witness } from "../scenario.ts";
import type { Environment } from "./python.ts";
import { pythonEnvironment } from "./python.ts";

export interface RunningWitness {
  readonly endpoint: string;
  /** Back to how it was at the start: no scenario meets what another one left. */
  empty(): Promise<void>;
  stop(): Promise<void>;
}

/** What could be started, or the line that says why not. */
export type Started = RunningWitness | { readonly missing: string };

export async function startWitness(witness: Witness): Promise<Started> {
  if (witness === "dynamodb-local") return startDynamoDb();
  const environment = pythonEnvironment("witnesses", WITNESS_PACKAGES);
  if ("missing" in environment) return environment;
  return startProgram(COMMANDS[witness], environment);
}

async function startDynamoDb(): Promise<Started> {
  const missing = whyNoDynamoDbLocal();
  if (missing !== undefined) return { missing: missing.replace(/^.*skipped, /, "") };
  const server = await startDynamoDbLocal();
  const empty = async () => {
    const { TableNames: names = [] } = await server.client.send(new ListTablesCommand({}));
    for (const TableName of names) await server.client.send(new DeleteTableCommand({ TableName }));
  };
  return { endpoint: server.endpoint, empty, stop: () => server.stop() };
}

interface Command {
  readonly program: string;
  readonly resetPath: string;
  readonly parameters: (port: string) => readonly string[];
  readonly variables: (port: string) => Readonly<Record<string, string>>;
}

const COMMANDS: Readonly<Record<Exclude<Witness, "dynamodb-local">, Command>> = {
  moto: {
    program: "moto_server",
    resetPath: "/moto-api/reset",
    parameters: (port) => ["-H", "127.0.0.1", "-p", port],
    variables: () => ({}),
  },
  ministack: {
    program: "ministack",
    resetPath: "/_ministack/reset",
    parameters: () => [],
    variables: (port) => ({
      BIND_HOST: "127.0.0.1",
      MINISTACK_HOST: "127.0.0.1",
      GATEWAY_PORT: port,
      MINISTACK_ACCOUNT_ID: ACCOUNT,
      MINISTACK_REGION: REGION,
      LOG_LEVEL: "ERROR",
    }),
  },
};

async function startProgram(command: Command, environment: Exclude<Environment, { missing: string }>) {
  const port = String(await freePort());
  const child = spawn(environment.program(command.program), command.parameters(port), {
    detached: true,
    stdio: "ignore",
    cwd: tmpdir(),
    env: { ...process.env, ...command.variables(port), AWS_DEFAULT_REGION: REGION },
  });
  const kill = () => endGroup(child, "SIGKILL");
  process.once("exit", kill);
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      endGroup(child, "SIGTERM");
      await Promise.race([ended, sleep(GRACE_MS).then(kill)]);
    }
    kill();
    process.removeListener("exit", kill);
  };
  const empty = async () => {
    const { ok, status } = await fetch(endpoint + command.resetPath, { method: "POST" });
    if (!ok) throw new Error(`${command.program} could not be emptied: ${status}`);
  };
  if (await answers(endpoint, child)) return { endpoint, empty, stop };
  await stop();
  return { missing: `${command.program} did not answer within ${START_MS / 1000} s` };
}

const GRACE_MS = 3_000;
const START_MS = 60_000;

/** Any HTTP answer will do. */
async function answers(endpoint: string, child: ChildProcess): Promise<boolean> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    try {
      await fetch(endpoint, { signal: AbortSignal.timeout(2_000) });
      return true;
    } catch {
      await sleep(100);
    }
  }
  return false;
}

function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
