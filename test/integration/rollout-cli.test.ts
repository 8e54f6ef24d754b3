// `fairlead rollout …` against the API over HTTP: signed, found through the state file of a running local AWS, with
// two people who are told apart by their keys.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runProgram } from "../../cli/program.ts";
import { createMemoryStores } from "../../local/faces/ports/memory-store.ts";
import type { FunctionUrl, FunctionUrlOptions } from "../../local/runtime/function-url.ts";
import { startFunctionUrl } from "../../local/runtime/function-url.ts";
import { minutes } from "../../shared/base/time.ts";
import type { Json } from "../../shared/contracts/aggregate.ts";
import type { RolloutCommand } from "../../shared/contracts/policy.ts";
import type { OrderAnswer, RolloutView } from "../../shared/contracts/rollout-api.ts";
import type { RolloutState } from "../../shared/core/rollout/state.ts";
import type { ApiPorts } from "../../shared/shell/api.ts";
import { answerApi } from "../../shared/shell/api.ts";
import { active, idle, KEY, NOW, rolloutPolicy } from "../support/rollout-builders.ts";

const folder = mkdtempSync(join(tmpdir(), "fairlead-rollout-"));
const stateFile = join(folder, "fairlead.json");
const userArn = (name: string) => `arn:aws:iam::111122223333:user/${name}`;

let stores = createMemoryStores();
const rung: string[] = [];
let decisions = 0;

const ports = (): ApiPorts => ({
  store: stores.state,
  fleet: stores.fleet,
  history: stores.history,
  work: {
    ring: async (doorbells) => {
      rung.push(...doorbells.map(({ key }) => key));
      return [];
    },
  },
  clock: { now: () => NOW },
  mode: "act",
  newDecisionId: () => {
    decisions += 1;
    return `d-${String(decisions).padStart(12, "0")}`;
  },
});

const lambda = {
  invoke: async (event: unknown) => ({ result: await answerApi(event, ports()) }),
} as unknown as FunctionUrlOptions["lambda"]; // -- reason: the URL only invokes

let url: FunctionUrl;

beforeAll(async () => {
  url = await startFunctionUrl({
    lambda,
    authType: "AWS_IAM",
    admit: async (accessKeyId) =>
      accessKeyId === "mallory"
        ? undefined
        : {
            accessKey: accessKeyId,
            accountId: "1",
            callerId: "c",
            userArn: userArn(accessKeyId),
            userId: "c",
          },
  });
  const place = {
    endpoint: "http://127.0.0.1:9",
    region: "eu-west-3",
    account: "111122223333",
    table: "t",
    workQueueUrl: "q",
  };
  writeFileSync(stateFile, JSON.stringify({ ...place, apiUrl: url.url, pid: process.pid }));
});

afterAll(async () => {
  await url.stop();
  rmSync(folder, { recursive: true });
});

async function put(state: RolloutState): Promise<void> {
  stores = createMemoryStores();
  rung.length = 0;
  decisions = 0;
  await stores.fleet.putPolicy(KEY, { rollout: rolloutPolicy() });
  const { state: empty } = await stores.state.load(KEY);
  const capabilities = { rollout: state as unknown as Json }; // -- reason: plain data, as the store keeps it
  await stores.state.commit(KEY, 0, { ...empty, version: 1, capabilities, decidedAt: NOW });
}

async function fairlead(user: string, ...argv: readonly string[]) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const code = await runProgram(["rollout", ...argv], {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    environment: { FAIRLEAD_LOCAL_STATE: stateFile, AWS_ACCESS_KEY_ID: user },
    interrupted: new AbortController().signal,
  });
  return { code, ...written };
}

const given = async () => (await stores.state.load(KEY)).commands as readonly RolloutCommand[];

describe("looking", () => {
  beforeEach(() => put(active("stepping", { weight: 10 })));

  it("lists, gets, analyzes and shows history", async () => {
    const list = await fairlead("ada", "list");
    expect(list.stdout.split("\n")[1]).toMatch(/^quay\/crane +act +\.\. Progressing +1\/3 +10 +crane:8/);
    const got = await fairlead("ada", "get", "quay/crane");
    expect(got).toMatchObject({ code: 0, stderr: "" });
    expect(got.stdout).toMatch(/^Name: +quay\/crane\nStatus: +\.\. Progressing\n/);
    const json = JSON.parse((await fairlead("ada", "get", KEY, "-o", "json")).stdout) as RolloutView;
    expect(json.rollout).toMatchObject({ id: "r-0000abcd", setWeight: 10 });
    expect((await fairlead("ada", "analyze", "crane")).stdout).toContain("Nothing is analysed");
    expect((await fairlead("ada", "history", "quay/crane")).stdout).toContain("No rollout has ended yet.");
    expect(await given()).toEqual([]);
  });

  it("names what there is where a key is not managed", async () => {
    const { code, stderr } = await fairlead("ada", "get", "quay/winch");
    expect([code, stderr]).toEqual([
      2,
      'fairlead: "quay/winch" names no service with a rollout policy. Those that have one:\n  quay/crane\n',
    ]);
  });

  it("refuses a signer whom the URL does not let in", async () => {
    const { code, stderr } = await fairlead("mallory", "list");
    expect(code).toBe(2);
    expect(stderr).toContain("lambda:InvokeFunctionUrl");
  });
});

describe("orders", () => {
  it("print the decision id and what happens next, and name what was seen", async () => {
    const pause = { kind: "pause" } as const;
    await put(active("stepping", { steps: [pause], step: 0 }));
    expect(await fairlead("grace", "promote", "quay/crane")).toEqual({
      code: 0,
      stdout: "d-000000000001  r-0000abcd goes on from pause until promoted\n",
      stderr: "",
    });
    expect(await given()).toMatchObject([
      { verb: "promote", by: userArn("grace"), rollout: "r-0000abcd", step: 0 },
    ]);
    expect(rung).toEqual([KEY]);
  });

  it("are whole in JSON", async () => {
    await put(idle());
    const { stdout } = await fairlead("ada", "start", "quay/crane", "crane:8", "-o", "json");
    const answer = JSON.parse(stdout) as OrderAnswer;
    expect(answer).toMatchObject({
      decision: "d-000000000001",
      verb: "start",
      taskDefinition: "crane:8",
      by: userArn("ada"),
    });
  });

  it("of one's own are no approval: somebody else's is", async () => {
    const steps = [{ kind: "approve", expiresMs: minutes(60) }] as const;
    await put(active("stepping", { author: userArn("ada"), steps, step: 0 }));
    const own = await fairlead("ada", "approve", "quay/crane");
    expect(own.code).toBe(1);
    expect(own.stderr).toContain("who begins a rollout does not approve it");
    expect(await given()).toEqual([]);
    expect((await fairlead("grace", "approve", "quay/crane")).stdout).toContain(
      "step 1 of r-0000abcd is approved",
    );
    expect(await given()).toMatchObject([{ verb: "approve", by: userArn("grace") }]);
  });

  it("take every verb", async () => {
    await put(active("stepping"));
    for (const [verb, ...more] of [
      ["abort"],
      ["pause"],
      ["promote", "--full"],
      ["analyze", "--now"],
    ] as const) {
      expect(await fairlead("ada", verb ?? "", "quay/crane", ...more)).toMatchObject({ code: 0 });
    }
    await put(active("stepping", { paused: { by: "ada", since: NOW } }));
    expect(await fairlead("ada", "resume", "quay/crane")).toMatchObject({ code: 0 });
    await put(active("stuck"));
    expect(await fairlead("ada", "retry", "quay/crane")).toMatchObject({ code: 0 });
    await put(idle());
    expect(await fairlead("ada", "undo", "quay/crane", "--to", "crane:3")).toMatchObject({ code: 0 });
  });

  it("that come too late tell the remedy", async () => {
    await put(idle());
    const { code, stderr } = await fairlead("ada", "abort", "quay/crane");
    expect([code, stderr]).toEqual([
      1,
      "fairlead: No rollout is under way.\nStart one with `fairlead rollout start`.\n",
    ]);
  });
});
