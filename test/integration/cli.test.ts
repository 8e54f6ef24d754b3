// The `fairlead` command as a user runs it: a process of its own.

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "fairlead-cli-"));
const stateFile = join(folder, "fairlead.json");
const environment = { ...process.env, FAIRLEAD_LOCAL_STATE: stateFile };

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function fairlead(...argv: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { cwd: root, env: environment, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(
      process.execPath,
      ["cli/fairlead.mjs", ...argv],
      options,
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

const fixture = (name: string): string => join("test/fixtures/events", name);

describe("events explain", () => {
  it("names rule, key and facts by the deployed patterns", async () => {
    const { code, stdout } = await fairlead(
      "events",
      "explain",
      fixture("ecs-task-running-ec2-bridge.json"),
      "-o",
      "json",
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      events: [
        {
          index: 0,
          rules: ["fairlead-task-settled"],
          outcome: { kind: "facts", routed: [{ key: "210987654321/eu-central-1/harbour/pilot" }] },
        },
      ],
    });
  }, 60_000);

  it("says why an event is dropped", async () => {
    const { code, stdout } = await fairlead("events", "explain", fixture("ecr-image-delete.json"));
    expect(code).toBe(0);
    expect(stdout).toContain("rule     none");
    expect(stdout).toContain("[no-rule]");
  }, 60_000);

  it("exits with 1 when an event is malformed, naming the path", async () => {
    const { code, stderr } = await fairlead("events", "explain", "package.json");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^fairlead: package\.json: event 1: [\w-]+: found nothing, expected a text$/m);
  }, 60_000);
});

describe("local", () => {
  it("runs the scenario once and prints the result as the last line", async () => {
    const running = fairlead("local", "--once", "--json", "--part", "discovery");
    const { code, stdout, stderr } = await running;
    expect(stderr).not.toContain("failed:");
    const result = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect(result).toEqual({
      ok: true,
      events: { in: expect.any(Number), dropped: expect.any(Number) },
      discovery: {
        registered: 15,
        expected: 15,
        registerMs: { p50: expect.any(Number), p99: expect.any(Number) },
        deregisterMs: { p50: expect.any(Number), p99: expect.any(Number) },
      },
      awsCalls: expect.objectContaining({
        "servicediscovery.RegisterInstance": expect.any(Number),
        "servicediscovery.DeregisterInstance": expect.any(Number),
        "dynamodb.UpdateItem": expect.any(Number),
      }),
    });
    expect(code).toBe(0);
    // Nothing is left behind.
    expect(existsSync(stateFile)).toBe(false);
  }, 240_000);

  it("says what is wrong with an images file before anything starts", async () => {
    const { code, stderr } = await fairlead("local", "--once", "--images", "package.json");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^fairlead: package\.json: name: [\s\S]*\nExpected is \{"my\/app"/);
    expect(stderr).not.toContain("starting");
  }, 30_000);

  it("is found by the other commands while it runs, and ends cleanly on a signal", async () => {
    const child = spawn(process.execPath, ["cli/main.ts", "local"], { cwd: root, env: environment });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    let stdout = "";
    let programs: readonly number[] = [];
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    try {
      await vi.waitFor(() => expect(stdout).toContain("registries are right"), {
        timeout: 60_000,
        interval: 200,
      });
      const { endpoint } = JSON.parse(readFileSync(stateFile, "utf8")) as { endpoint: string };
      expect(stdout).toContain(endpoint);
      programs = childrenOf(child.pid ?? 0);
      await checkVerbs();
      await fairlead("local", "break", "event-delay", "--share", "20");
      expect((await fairlead("local", "mend")).stdout).toBe("mended: event-delay --share 20\n");
      expect(stdout).toMatch(/broken: event-delay --share 20, until[\s\S]*mended: event-delay --share 20/);
    } finally {
      child.kill("SIGINT");
    }
    expect(await ended).toBe(0);
    expect(existsSync(stateFile)).toBe(false);
    // Nine tasks and more: /proc is there on Linux only.
    if (process.platform === "linux") expect(programs.length).toBeGreaterThanOrEqual(9);
    expect(programs.filter((pid) => statusOf(pid) !== "")).toEqual([]);
  }, 150_000);
});

/** The tasks' processes. */
function childrenOf(parent: number): readonly number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && statusOf(pid).includes(`\nPPid:\t${parent}\n`));
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

async function checkVerbs(): Promise<void> {
  const status = await fairlead("status", "-o", "json");
  const { services } = JSON.parse(status.stdout) as { services: { name: string; mode: string }[] };
  expect(services.map(({ name }) => name)).toEqual(["demo/api", "demo/edge", "demo/web"]);
  expect((await fairlead("why", "demo/web")).stdout).toContain("register ");
  expect((await fairlead("discover", "demo/api")).stdout).toMatch(
    /^api\.demo \(srv-\w+\): \d of \d registered/,
  );
  expect((await fairlead("__complete", "--", "why", "demo/e")).stdout).toBe("demo/edge\n");
  expect((await fairlead("why", "demo/nope")).stderr).toContain(
    "Managed keys:\n  demo/api\n  demo/edge\n  demo/web",
  );
  expect((await fairlead("approve", "demo/web")).code).toBe(1);
  await fairlead("pause", "demo/edge");
  expect((await fairlead("status")).stdout).toMatch(/demo\/edge .*paused/);
  expect((await fairlead("resume", "demo/edge")).stdout).toContain("goes on");
  const dryRun = await fairlead("apply", "-f", "local/scenario/fleet.yaml", "--dry-run");
  expect(dryRun.code).toBe(1);
  expect(dryRun.stdout).toContain('+ discovery.registries[0].service: "srv-web"');
  expect(await feedOf(3)).toContain("ECS Task State Change");
  if (process.platform === "linux") await checkLogs();
}

async function checkLogs(): Promise<void> {
  const ofWeb = (await fairlead("local", "logs", "demo/web", "-n", "1")).stdout.trimEnd().split("\n");
  expect(ofWeb.length).toBeGreaterThanOrEqual(3);
  expect(ofWeb[0]).toMatch(/^demo\/web \w{8} app \| version 1 listens on 127\./);
  expect((await fairlead("local", "logs")).stdout).toMatch(/^demo\/api +\w{32} +app +example\/api:1 +runs/m);
  const unknown = await fairlead("local", "logs", "nope");
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain('no program of "nope" has run');
}

/** So many lines of the live feed. */
function feedOf(lines: number): Promise<string> {
  const child = spawn(process.execPath, ["cli/main.ts", "events"], { cwd: root, env: environment });
  return new Promise((resolve) => {
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.split("\n").length > lines) child.kill("SIGINT");
    });
    child.once("exit", () => resolve(stdout));
  });
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));
