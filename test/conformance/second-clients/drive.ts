// The second clients: boto3 and the AWS CLI drive whole rollouts on the local AWS. They read AWS's models with
// code that shares nothing with the SDK that everything else here is written with.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startOurs } from "../ours.ts";
import { CLIENT_PACKAGES } from "../pins.ts";
import { pythonEnvironment } from "../witnesses/python.ts";
import { driveCli } from "./cli-rollout.ts";

export interface Driven {
  readonly failures: readonly string[];
  readonly skipped: readonly string[];
  readonly checks: readonly { readonly client: string; readonly checks: number }[];
}

/** Bake times are whole minutes: one lasts a second here, and a task still takes its time to start. */
const SPEED = 60;
const TIMEOUT_MS = 240_000;
const ROLLOUT = fileURLToPath(new URL("rollout.py", import.meta.url));

export async function driveSecondClients(say: (line: string) => void): Promise<Driven> {
  const environment = pythonEnvironment("clients", CLIENT_PACKAGES);
  if ("missing" in environment) return { failures: [], skipped: [environment.missing], checks: [] };
  const failures: string[] = [];
  const checks: { client: string; checks: number }[] = [];
  const drives = [
    { client: "boto3", run: (endpoint: string) => runPython(environment.program("python"), endpoint) },
    { client: "AWS CLI", run: (endpoint: string) => driveCli(environment.program("aws"), endpoint) },
  ];
  for (const { client, run } of drives) {
    const ours = await startOurs({ speed: SPEED });
    const from = performance.now();
    try {
      const result = await run(ours.endpoint);
      failures.push(...result.failures.map((line) => `${client}: ${line}`));
      checks.push({ client, checks: result.checks });
      say(`${client}: ${result.checks} checks, ${((performance.now() - from) / 1_000).toFixed(1)} s`);
    } finally {
      await ours.stop();
    }
  }
  return { failures, skipped: [], checks };
}

interface Result {
  readonly failures: readonly string[];
  readonly checks: number;
}

function runPython(python: string, endpoint: string): Promise<Result> {
  const child = spawn(python, ["-B", ROLLOUT, endpoint], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      process.removeListener("exit", kill);
      const last = errors.trim().split("\n").slice(-LINES_OF_ERROR);
      resolve({
        checks: output.split("\n").filter((line) => line.startsWith("ok ")).length,
        failures: code === 0 ? [] : [`ended with ${signal ?? code}`, ...last],
      });
    });
  });
}

const LINES_OF_ERROR = 8;
