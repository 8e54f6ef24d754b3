// The command line in process: what is refused, how, and with which exit code.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runProgram } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "fairlead-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** No `fairlead local` of the machine is found. */
const nowhere = { FAIRLEAD_LOCAL_STATE: join(folder, "none.json") };

async function run(argv: readonly string[], environment: Record<string, string> = {}) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const code = await runProgram(argv, {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    environment: { ...nowhere, ...environment },
    interrupted: new AbortController().signal,
  });
  return { code, ...written };
}

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const place = {
  FAIRLEAD_TABLE: "t",
  FAIRLEAD_WORK_QUEUE_URL: "https://sqs.eu-west-3.amazonaws.com/123123123123/work.fifo",
};

describe("usage", () => {
  it("is shown with --help, and every verb has one", async () => {
    const { code, stdout } = await run(["--help"]);
    expect(code).toBe(0);
    for (const verb of [
      "local",
      "status",
      "events",
      "record",
      "why",
      "rollout",
      "discover",
      "apply",
      "pause",
      "resume",
      "approve",
      "stop",
    ]) {
      expect(stdout).toContain(`\n  ${verb} `);
      expect((await run([verb, "--help"])).stdout).toContain(`Usage: fairlead ${verb}`);
    }
    expect(stdout).toContain("Exit codes: 0 ok; 1");
    expect(stdout).not.toContain("__complete");
  });

  it.each([
    [[], "Usage: fairlead"],
    [["statu"], "Did you mean status?"],
    [["why"], "missing required argument 'key'"],
    [["status", "-o", "xml"], "Allowed choices are table, json."],
    [["why", "a/b", "--limit", "-1"], "Allowed is a whole number from 0 to 1000."],
    [["local", "--port", "70000"], "Allowed is a whole number from 1 to 65535."],
    [["local", "--seed", "x"], "Allowed is a whole number from 0 to 4294967295."],
    [["kill-switch", "maybe"], "Allowed choices are on, off."],
    [["completion", "tcsh"], "Allowed choices are bash, zsh, fish, powershell."],
    [["rollout", "list"], "no installation found: start `fairlead local`, or name its API with --api-url"],
    [["rollout", "start", "quay/crane"], "missing required argument 'task-definition'"],
    [["rollout", "get", "a/b", "--api-url", "moon"], '--api-url: found "moon", expected https://'],
    [["rollout", "list", "--table", "t"], "no API is named: use --api-url or FAIRLEAD_API_URL"],
    [["rollout", "history", "a/b", "-n", "0"], "Allowed is a whole number from 1 to 200."],
    [["apply"], "required option '-f, --file <file>' not specified"],
    [["status"], "no installation found: start `fairlead local`, or name one"],
    [["status", "--table", "t"], "no work queue is named: use --work-queue-url or FAIRLEAD_WORK_QUEUE_URL"],
    [["status", "--table", "t", "--work-queue-url", "q"], 'found "q", expected https://sqs.<region>'],
    [
      ["status", "--table", "t", "--work-queue-url", place.FAIRLEAD_WORK_QUEUE_URL, "--endpoint-url", "moon"],
      '--endpoint-url: found "moon", expected http://',
    ],
    [["events", "explain", "/no/such/file"], "/no/such/file: there is no such file"],
    [["apply", "-f", "/"], "/: it is a folder, a file is expected"],
  ])("%j is refused", async (argv, message) => {
    const { code, stdout, stderr } = await run(argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe("input files", () => {
  it("are refused by file, place, what was found and what is allowed", async () => {
    const path = file(
      "fleet.yaml",
      "version: 1\nservices:\n  quay/crane:\n    discovery:\n      mode: acts\n      registries: []\n",
    );
    const { code, stderr } = await run(["apply", "-f", path], place);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `${path}:5: services["quay/crane"].discovery.mode: found "acts", expected observe | approve | act`,
    );
    expect(stderr).toContain(`${path}:6: services["quay/crane"].discovery.registries: found a list of 0`);
  });

  it("are refused when they hold no events", async () => {
    const path = file("events.txt", "hello");
    const { code, stderr } = await run(["events", "explain", path]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${path}: neither JSON nor JSON lines`);
  });

  it("do not steer the terminal that shows what was found", async () => {
    const { code, stderr } = await run(["why", "\u001b[2J\u009bx"], {
      FAIRLEAD_LOCAL_STATE: file("none.json", "{}"),
      FAIRLEAD_TABLE: "t",
      FAIRLEAD_WORK_QUEUE_URL: "\u001b[2J\u009bx",
    });
    expect(code).toBe(2);
    expect(stderr).toContain("\\u001b[2J\\u009bx");
  });
});

describe("an endpoint that does not answer", () => {
  it("is told as such", async () => {
    const aws = {
      AWS_ENDPOINT_URL: "http://127.0.0.1:9",
      FAIRLEAD_WORK_QUEUE_URL: "http://127.0.0.1:9/123123123123/q",
    };
    process.env["AWS_ACCESS_KEY_ID"] ??= "test";
    process.env["AWS_SECRET_ACCESS_KEY"] ??= "test";
    const { code, stderr } = await run(["status", "--region", "eu-west-3"], { ...place, ...aws });
    expect(code).toBe(2);
    expect(stderr).toContain("Is the endpoint running? Check --endpoint-url");
  });
});

describe("completion", () => {
  it.each([
    ["bash", "complete -o default -F _fairlead fairlead"],
    ["zsh", "#compdef fairlead"],
    ["fish", "complete -c fairlead"],
    ["powershell", "Register-ArgumentCompleter"],
  ])("prints a script for %s that asks the program itself", async (shell, text) => {
    const { code, stdout } = await run(["completion", shell]);
    expect(code).toBe(0);
    expect(stdout).toContain(text);
    expect(stdout).toContain("fairlead __complete");
  });

  it.each([
    [["sta"], ["status"]],
    [
      ["kill-switch", ""],
      ["on", "off"],
    ],
    [["events", "e"], ["explain"]],
    [
      ["why", "quay/crane", "-o", ""],
      ["table", "json"],
    ],
    [["why", "quay/crane", "--l"], ["--limit"]],
    [["local", "--on"], ["--once"]],
    [
      ["local", "break", "event-"],
      ["event-loss", "event-duplication", "event-delay"],
    ],
    [["local", "break", "oom", "--sha"], ["--share"]],
    [["--region", "x", "stat"], ["status"]],
    [["why", ""], []],
  ])("of %j is %j", async (words, found) => {
    const { code, stdout } = await run(["__complete", "--", ...words]);
    expect(code).toBe(0);
    expect(stdout.split("\n").filter((line) => line !== "")).toEqual(found);
  });
});
