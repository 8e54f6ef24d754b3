// `fairlead record`: saved events and a queue become a recording; nothing is lost on the way.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Message } from "@aws-sdk/client-sqs";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, describe, expect, it } from "vitest";
import { runProgram } from "../../cli/program.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import { readRecording } from "../../local/recording/format.ts";
import { recordQueue } from "../../local/recording/queue-source.ts";
import { createRecorder } from "../../local/recording/recorder.ts";
import { createWorld } from "../../local/world/world.ts";
import { epochMs } from "../../shared/base/time.ts";

const folder = mkdtempSync(join(tmpdir(), "fairlead-record-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string): string => join("test/fixtures/events", `${name}.json`);

async function fairlead(...argv: string[]) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const code = await runProgram(["record", ...argv], {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    environment: { FAIRLEAD_LOCAL_STATE: join(folder, "none.json") },
    interrupted: new AbortController().signal,
  });
  return { code, ...written };
}

describe("files", () => {
  it("are written to standard output, with what was done on standard error", async () => {
    const files = ["ecs-task-running-fargate", "ecs-task-running-fargate", "ecs-task-standalone"].map(
      fixture,
    );
    const { code, stdout, stderr } = await fairlead(...files, "--account", "999900001111");
    expect(code).toBe(0);
    expect(stderr).toMatch(/^2 events recorded; 1 duplicates left out, \d out of order, \d+ values redacted/);
    const recording = readRecording(stdout, "stdout");
    expect(recording.events).toHaveLength(2);
    expect(recording.header.account).toBe("999900001111");
    expect(stdout).not.toContain("210987654321");
  });

  it("are written to a file that does not exist yet", async () => {
    const out = join(folder, "out.jsonl");
    expect((await fairlead(fixture("ecs-task-standalone"), "--out", out)).code).toBe(0);
    const before = readFileSync(out, "utf8");
    const again = await fairlead(fixture("ecs-task-standalone"), "--out", out);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toContain(`${out} exists already and is not overwritten`);
    expect(readFileSync(out, "utf8")).toBe(before);
  });

  it.each([
    [[], "nothing to record: name a file, - or --queue"],
    [["/no/such/file"], "/no/such/file: there is no such file"],
    [["package.json"], "package.json: no EventBridge event was found"],
    [["x", "--account", "12"], '--account: found "12", expected 12 digits'],
    [["x", "--queue", "https://sqs.eu-west-1.amazonaws.com/1/q"], "either files or --queue, not both"],
    [["--queue", "https://sqs.eu-west-1.amazonaws.com/1/q"], "--out is missing"],
    [["package.json", "--out", join(folder, "no", "n")], `--out: there is no folder ${join(folder, "no")}`],
    [
      ["--queue", "events", "--out", join(folder, "n")],
      '--queue: found "events", expected the URL of a queue',
    ],
    [["package.json", "--for", "1h"], "--for belongs to --queue"],
    [
      ["--queue", "https://sqs.eu-west-1.amazonaws.com/1/q", "--out", join(folder, "n"), "--for", "soon"],
      '--for: found "soon", expected a time such as',
    ],
  ])("%j is refused", async (argv, message) => {
    const { code, stdout, stderr } = await fairlead(...argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(existsSync(join(folder, "n"))).toBe(false);
  });
});

it("tells the line of a file that holds no event, and leaves out what a replay could not read", async () => {
  const whole = JSON.stringify(JSON.parse(bodyOf("ecs-task-standalone")));
  const { account: _account, ...incomplete } = JSON.parse(whole) as Record<string, unknown>;
  const file = join(folder, "cut.jsonl");
  writeFileSync(file, [whole, JSON.stringify(incomplete), whole.slice(0, 100)].join("\n"));
  const { code, stdout, stderr } = await fairlead(file);
  expect(stderr).toContain(
    `${file}:2: no event here, left out: expected JSON with source, detail-type, account`,
  );
  expect(stderr).toContain("1 events recorded");
  expect(stderr).toContain("2 entries without an event");
  expect(readRecording(stdout, "x").events).toHaveLength(1);
  expect(code).toBe(0);
});

const bodyOf = (name: string): string => readFileSync(fixture(name), "utf8");

/** A queue that answers so many batches, then nothing and the end of the recording. */
function scripted(batches: readonly (readonly Message[])[], file: string) {
  const end = new AbortController();
  const deleted: string[] = [];
  const onDiskAtDeletion: string[] = [];
  const queue = [...batches];
  const send = async (command: { readonly input: object }): Promise<object> => {
    const { Entries } = command.input as { Entries?: readonly { ReceiptHandle: string }[] };
    if (Entries !== undefined) {
      onDiskAtDeletion.push(readFileSync(file, "utf8"));
      deleted.push(...Entries.map(({ ReceiptHandle }) => ReceiptHandle));
      return {};
    }
    const Messages = queue.shift();
    if (queue.length === 0) end.abort();
    return { Messages };
  };
  // -- reason: of the SDK's many overloads only the one that is called
  const client = { send } as unknown as Parameters<typeof recordQueue>[0]["client"];
  return { client, deleted, onDiskAtDeletion, signal: end.signal };
}

describe("a queue", () => {
  it("loses a message only when its event is on disk", async () => {
    const file = join(folder, "queue.jsonl");
    const batches: readonly (readonly Message[])[] = [
      [
        {
          Body: bodyOf("ecs-task-standalone"),
          ReceiptHandle: "1",
          Attributes: { SentTimestamp: "1793606400000" },
        },
      ],
      [
        { Body: bodyOf("ecs-task-running-fargate"), ReceiptHandle: "2" },
        { Body: "no event", ReceiptHandle: "3" },
      ],
      // Delivered again: recorded once, deleted again.
      [{ Body: bodyOf("ecs-task-standalone"), ReceiptHandle: "4" }],
    ];
    const { client, deleted, onDiskAtDeletion, signal } = scripted(batches, file);
    const recorder = createRecorder();
    expect(await recordQueue({ client, url: "q", file, recorder, signal })).toBe(1);
    expect(deleted).toEqual(["1", "2", "3", "4"]);
    expect(onDiskAtDeletion.map((text) => text.split('"atMs"').length - 1)).toEqual([1, 2, 2]);
    expect(recorder.summary).toMatchObject({ events: 2, duplicates: 1 });
    expect(readRecording(readFileSync(file, "utf8"), file).header.startedAt).toBe(1_793_606_400_000);
  });

  it("that brings no event leaves no file behind", async () => {
    const file = join(folder, "empty.jsonl");
    const { client, signal } = scripted([[]], file);
    await recordQueue({ client, url: "q", file, recorder: createRecorder(), signal });
    expect(existsSync(file)).toBe(false);
  });

  it("of SQS is read until the time is over", async () => {
    const world = createWorld({ seed: 1, startAt: epochMs(Date.UTC(2026, 0, 1)) });
    const { account, region } = world.kernel;
    const wire = await startWireFace({ world, account, region });
    process.env["AWS_ACCESS_KEY_ID"] ??= "test";
    process.env["AWS_SECRET_ACCESS_KEY"] ??= "test";
    const sqs = new SQSClient({ endpoint: wire.endpoint, region });
    try {
      const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "ecs-events" }));
      for (const name of ["ecs-task-standalone", "ecs-task-running-fargate"])
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: bodyOf(name) }));
      const out = join(folder, "sqs.jsonl");
      const place = ["--endpoint-url", wire.endpoint, "--region", region];
      const { code, stderr } = await fairlead("--queue", QueueUrl, "--out", out, "--for", "1s", ...place);
      expect(stderr).toContain("2 events recorded");
      expect(code).toBe(0);
      expect(readRecording(readFileSync(out, "utf8"), out).events).toHaveLength(2);
      const left = await sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl,
          AttributeNames: ["ApproximateNumberOfMessagesNotVisible"],
        }),
      );
      expect(left.Attributes).toEqual({ ApproximateNumberOfMessagesNotVisible: "0" });
    } finally {
      sqs.destroy();
      await wire.stop();
    }
  });

  it("keeps its messages when the file cannot be written", async () => {
    const { client, deleted, signal } = scripted([[{ Body: "{}", ReceiptHandle: "1" }]], folder);
    const source = { client, url: "q", file: join(folder, "no", "such"), recorder: createRecorder(), signal };
    await expect(recordQueue(source)).rejects.toThrow("ENOENT");
    expect(deleted).toEqual([]);
  });
});
