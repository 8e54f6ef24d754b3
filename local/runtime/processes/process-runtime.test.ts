// Real processes on loopback: they start, say what they are, end in every way, and never outlive their starter.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { seconds } from "../../../shared/base/time.ts";
import type { LocalImage } from "../../images/images.ts";
import { LOCAL_IMAGES } from "../../images/images.ts";
import type { ContainerExit, ContainerLaunch } from "../../world/ecs/container-runtime.ts";
import { loopbackObstacle } from "./loopback.ts";
import { canMeasureMemory } from "./memory.ts";
import type { ProcessRuntime, ProcessRuntimeOptions } from "./process-runtime.ts";
import { createProcessRuntime } from "./process-runtime.ts";

const obstacle = await loopbackObstacle();

const script = (code: string): LocalImage => ({ program: process.execPath, arguments: ["-e", code] });

const FOREVER = "setInterval(() => undefined, 1e6);";
const IMAGES = new Map<string, LocalImage>([
  ...LOCAL_IMAGES,
  ["test/exit", script("console.log('bye'); process.exit(7)")],
  ["test/stubborn", script(`process.on("SIGTERM", () => console.log("no")); console.log("up"); ${FOREVER}`)],
  ["test/hungry", script("const a = []; setInterval(() => a.push(Buffer.alloc(2e7, 1)), 20);")],
  ["test/env", script(`console.log(JSON.stringify(process.env)); ${FOREVER}`)],
  ["test/folder", { ...script(`console.log(process.cwd()); ${FOREVER}`), folder: "/" }],
  ["test/tagged", { ...script(FOREVER), tags: ["1"] }],
  ["test/absent", { program: "/nowhere/program", arguments: [] }],
]);

const open: ProcessRuntime[] = [];

function runtimeWith(options: Partial<ProcessRuntimeOptions> = {}): ProcessRuntime {
  const runtime = createProcessRuntime({ images: IMAGES, enter: (tell) => tell(), ...options });
  open.push(runtime);
  return runtime;
}

afterEach(async () => {
  for (const runtime of open.splice(0)) await runtime.end(200);
});

let nextPort = 20_100;
let tasks = 0;

function launchOf(image: string, overrides: Partial<ContainerLaunch> = {}): ContainerLaunch {
  tasks += 1;
  nextPort += 1;
  return {
    taskArn: "arn:task",
    taskId: `task-${tasks}`,
    clusterName: "test",
    serviceName: undefined,
    container: "app",
    image,
    command: undefined,
    environment: {},
    secrets: [],
    address: obstacle === undefined ? "127.1.250.7" : "127.0.0.1",
    ports: [{ containerPort: 8080, hostPort: nextPort }],
    memoryMb: undefined,
    stopTimeoutMs: seconds(30),
    ...overrides,
  };
}

function run(runtime: ProcessRuntime, launch: ContainerLaunch) {
  let tellStart = (_: string) => {};
  let tellExit = (_: ContainerExit) => {};
  const started = new Promise<string>((resolve) => {
    tellStart = resolve;
  });
  const exited = new Promise<ContainerExit>((resolve) => {
    tellExit = resolve;
  });
  runtime.start(launch, { started: () => tellStart("started"), failed: tellStart, exited: tellExit });
  const lines = () => runtime.linesOf(launch.taskId, "app");
  return { started, exited, lines, url: `http://${launch.address}:${launch.ports[0]?.hostPort}` };
}

const said = (lines: () => readonly string[], text: string) =>
  vi.waitFor(() => expect(lines().join("\n")).toContain(text), { timeout: 8_000, interval: 20 });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

describe("a container as a process", () => {
  it("answers on the task's own address with its version, and ends with 0 after SIGTERM", async () => {
    const runtime = runtimeWith();
    const launch = launchOf("111122223333.dkr.ecr.us-east-1.amazonaws.com/example/web:4.2");
    const { started, exited, lines, url } = run(runtime, launch);
    expect(await started).toBe("started");
    await said(lines, "listens");
    const answer = await fetch(`${url}/`);
    expect(await answer.json()).toMatchObject({ version: "4.2", service: "web" });
    expect((await fetch(`${url}/health`)).status).toBe(200);
    runtime.stop(launch.taskId);
    expect(await exited).toEqual({ exitCode: 0 });
    expect(runtime.pids()).toEqual([]);
  });

  it("finishes open requests after SIGTERM", async () => {
    const runtime = runtimeWith();
    const launch = launchOf("example/web:1", { environment: { LATENCY_MS: "300" } });
    const { exited, lines, url } = run(runtime, launch);
    await said(lines, "listens");
    const answer = fetch(`${url}/`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    runtime.stop(launch.taskId);
    expect((await answer).status).toBe(200);
    expect(await exited).toEqual({ exitCode: 0 });
  });

  it("tells the exit code and keeps the last lines", async () => {
    const { exited, lines } = run(runtimeWith(), launchOf("test/exit"));
    expect(await exited).toEqual({ exitCode: 7 });
    await said(lines, "bye");
  });

  it("is killed when it does not end within its stop time-out", async () => {
    const runtime = runtimeWith();
    const launch = launchOf("test/stubborn", { stopTimeoutMs: seconds(0.2) });
    const { exited, lines } = run(runtime, launch);
    await said(lines, "up");
    runtime.stop(launch.taskId);
    expect(await exited).toEqual({ exitCode: 137 });
    await said(lines, "no");
  });

  it.runIf(canMeasureMemory)("is killed when it takes more memory than its limit", async () => {
    const { exited } = run(runtimeWith(), launchOf("test/hungry", { memoryMb: 150 }));
    expect(await exited).toEqual({
      exitCode: 137,
      reason: "OutOfMemoryError: Container killed due to memory usage",
    });
  });

  it("sees its definition's environment, where to listen, and nothing of ours", async () => {
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "mine");
    const secrets = new Map([["arn:aws:ssm:us-east-1:1:parameter/key", "s3cret"]]);
    const launch = launchOf("test/env:9", {
      environment: { MODE: "dark", PORT: "8080" },
      secrets: [{ name: "KEY", valueFrom: "arn:aws:ssm:us-east-1:1:parameter/key" }],
    });
    const { lines } = run(runtimeWith({ secrets }), launch);
    await said(lines, "}");
    const seen = JSON.parse(lines().join("")) as Record<string, string>;
    const port = String(launch.ports[0]?.hostPort);
    expect(seen).toMatchObject({
      MODE: "dark",
      KEY: "s3cret",
      IMAGE_TAG: "9",
      HOST: launch.address,
      PORT: port,
      PORT_8080: port,
    });
    expect(seen).not.toHaveProperty("AWS_SECRET_ACCESS_KEY");
  });

  it.each([
    ["example/none:1", /^CannotPullContainerError: .*example\/none:1: not found$/],
    ["test/tagged:2", /^CannotPullContainerError: /],
    ["test/absent", /^CannotStartContainerError: .*ENOENT/],
  ])("refuses %s as ECS does", async (image, reason) => {
    expect(await run(runtimeWith(), launchOf(image)).started).toMatch(reason);
  });

  it("refuses a secret that is not there", async () => {
    const valueFrom = "arn:aws:secretsmanager:us-east-1:1:secret:db";
    const launch = launchOf("example/web:1", { secrets: [{ name: "DB", valueFrom }] });
    expect(await run(runtimeWith(), launch).started).toMatch(
      /^ResourceInitializationError: .*from asm.*secret:db/,
    );
  });

  it("runs in its image's folder, and what it wrote is kept with whose it was", async () => {
    const runtime = runtimeWith();
    const launch = launchOf("test/folder", { serviceName: "web" });
    const { started, exited, lines } = run(runtime, launch);
    await started;
    await said(lines, "/");
    const owner = { taskId: launch.taskId, cluster: "test", service: "web", container: "app" };
    const output = { ...owner, image: "test/folder", lines: ["/"] };
    expect(runtime.outputs()).toEqual([{ ...output, hasEnded: false }]);
    runtime.stop(launch.taskId);
    await exited;
    expect(runtime.outputs()).toEqual([{ ...output, hasEnded: true }]);
  });

  it("runs health checks in the container's surroundings", async () => {
    const runtime = runtimeWith();
    const launch = launchOf("test/env", { environment: { MODE: "dark" } });
    await run(runtime, launch).started;
    const check = (command: readonly string[], timeoutMs = seconds(5)) =>
      new Promise<boolean>((resolve) =>
        runtime.check(launch.taskId, { container: "app", command, timeoutMs }, resolve),
      );
    expect(await check(["CMD-SHELL", 'test "$MODE" = dark'])).toBe(true);
    expect(await check(["CMD-SHELL", "exit 1"])).toBe(false);
    expect(await check(["CMD", "/nowhere/check"])).toBe(false);
    expect(await check(["CMD-SHELL", "sleep 5"], seconds(0.1))).toBe(false);
  });
});

describe("the end of whoever started the programs", () => {
  it("kills what does not end by itself", async () => {
    const runtime = runtimeWith();
    const { lines } = run(runtime, launchOf("test/stubborn"));
    await said(lines, "up");
    const pids = runtime.pids();
    await runtime.end(200);
    expect(pids).toHaveLength(1);
    expect(pids.filter(isAlive)).toEqual([]);
    const late = run(runtime, launchOf("example/web:1"));
    expect(await late.started).toContain("ends");
  });

  it.each(["SIGKILL", "uncaught"])("leaves no process behind after %s of the parent", async (way) => {
    const parent = spawn(
      process.execPath,
      [fileURLToPath(new URL("../../../test/fixtures/programs/starts-programs.ts", import.meta.url)), way],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
    const pids = JSON.parse(line) as number[];
    expect(pids).toHaveLength(3);
    if (way === "SIGKILL") {
      expect(pids.filter(isAlive)).toEqual(pids);
      parent.kill("SIGKILL");
    }
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 8_000, interval: 20 });
  });
});
