// `fairlead local break` and `mend` against a wire face, as a running `fairlead local` has it; and what the
// endpoint refuses.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeServicesCommand, ECSClient } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runProgram } from "../../cli/program.ts";
import { createChaos } from "../../local/chaos/chaos.ts";
import { CHAOS_PATH } from "../../local/chaos/order.ts";
import { createChaosFace } from "../../local/faces/wire/chaos-face.ts";
import type { WireFace } from "../../local/faces/wire/server.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import { createWorld } from "../../local/world/world.ts";
import { epochMs, minutes } from "../../shared/base/time.ts";

const folder = mkdtempSync(join(tmpdir(), "fairlead-chaos-"));
const stateFile = join(folder, "fairlead.json");
const START = epochMs(Date.UTC(2026, 0, 1));
const world = createWorld({ seed: 1, startAt: START, ecs: { clusters: ["demo"] } });
const chaos = createChaos(world);
let wire: WireFace;

beforeAll(async () => {
  for (const family of ["web", "api"]) {
    world.call("ecs", "RegisterTaskDefinition", {
      family,
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      containerDefinitions: [{ name: "app", image: "example/app:1" }],
    });
    world.call("ecs", "CreateService", {
      cluster: "demo",
      serviceName: family,
      taskDefinition: family,
      desiredCount: 2,
      launchType: "FARGATE",
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } },
    });
  }
  world.advanceTo(epochMs(START + minutes(2)));
  const { account, region } = world.kernel;
  const face = createChaosFace(chaos, (run) => run());
  wire = await startWireFace({ world, account, region, chaos: face, onCall: chaos.api.check });
  writeFileSync(stateFile, JSON.stringify({ endpoint: wire.endpoint, pid: process.pid }));
});

afterAll(async () => {
  await wire.stop();
  rmSync(folder, { recursive: true });
});

async function fairlead(...argv: string[]) {
  return run(argv, stateFile);
}

async function run(argv: readonly string[], state: string) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const code = await runProgram(["local", ...argv], {
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    environment: { FAIRLEAD_LOCAL_STATE: state },
    interrupted: new AbortController().signal,
  });
  return { code, ...written };
}

describe("fairlead local break", () => {
  it("breaks, lists and mends", async () => {
    const broken = await fairlead("break", "oom", "--service", "web", "--share", "50");
    expect(broken).toEqual({
      code: 0,
      stdout: "broken: oom --service demo/web --share 50, until `fairlead local mend oom`\n",
      stderr: "",
    });
    const listed = await fairlead("break");
    expect(listed.stdout).toMatch(/^ {2}crash-loop +the tasks' program ends with exit code 1/m);
    expect(listed.stdout).toMatch(/Broken now\n {2}oom --service demo\/web --share 50, until/);
    const json = JSON.parse((await fairlead("break", "-o", "json")).stdout) as { active: unknown[] };
    expect(json.active).toMatchObject([{ name: "oom", options: { service: "demo/web", share: "50" } }]);
    expect((await fairlead("mend")).stdout).toBe("mended: oom --service demo/web --share 50\n");
    expect((await fairlead("mend")).stdout).toBe("Nothing was broken.\n");
    expect((await fairlead("mend", "oom")).stdout).toBe("oom was not active.\n");
    expect(chaos.active()).toEqual([]);
  });

  it("shows the end of what ends by itself", async () => {
    expect((await fairlead("break", "event-loss", "--for", "60s")).stdout).toBe(
      "broken: event-loss --for 60s, until 00:03:00 UTC\n",
    );
    await fairlead("mend");
  });

  it("makes an API refuse a real client", async () => {
    await fairlead("break", "api-outage", "--api", "ecs");
    const ecs = new ECSClient({
      endpoint: wire.endpoint,
      region: wire.region,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      maxAttempts: 1,
    });
    const ask = () => ecs.send(new DescribeServicesCommand({ cluster: "demo", services: ["web"] }));
    await expect(ask()).rejects.toMatchObject({
      name: "ServerException",
      $metadata: { httpStatusCode: 500 },
    });
    await fairlead("mend");
    await expect(ask()).resolves.toMatchObject({ services: [{ serviceName: "web" }] });
    ecs.destroy();
  });

  it.each([
    [["break", "omo"], 'there is no break "omo". Did you mean oom?'],
    [
      ["break", "oom", "--service", "demo/shop"],
      "names no service. Services of the local AWS:\n  demo/web\n  demo/api",
    ],
    [["break", "oom"], "--service is missing. Services of the local AWS:\n  demo/web\n  demo/api"],
    [["break", "--share", "5"], "--share belongs to a break: name one"],
    [["mend", "oim"], "Did you mean oom?"],
  ])("%j is refused with a way out", async (argv, message) => {
    const { code, stderr, stdout } = await fairlead(...argv);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("says that nothing is running, and still lists what there is", async () => {
    const nowhere = join(folder, "none.json");
    const refused = await run(["break", "oom"], nowhere);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("no `fairlead local` is running: start it with `npm start`");
    const listed = await run(["break"], nowhere);
    expect(listed.code).toBe(0);
    expect(listed.stdout).toContain("  spot-reclaim ");
    expect(listed.stdout).toContain("there is nothing to break yet");
  });
});

/** By node:http, which sends whatever headers it is told to. */
function post(
  headers: Readonly<Record<string, string>>,
  body: string,
  method = "POST",
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(`${wire.endpoint}${CHAOS_PATH}`, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

describe("the endpoint", () => {
  const json = { "content-type": "application/json" };
  const order = JSON.stringify({ action: "break", name: "event-loss" });

  it.each([
    ["a web page", { ...json, origin: "https://example.com" }],
    ["a form", { "content-type": "text/plain" }],
    ["a name that was pointed at this machine", { ...json, host: "rebound.example:80" }],
  ])("refuses %s", async (_who, headers) => {
    expect(await post(headers, order)).toBe(403);
    expect(chaos.active()).toEqual([]);
  });

  it("takes GET and POST only, and no more than an order", async () => {
    expect(await post(json, order, "PUT")).toBe(405);
    expect(await post(json, `${order}${" ".repeat(70_000)}`)).toBe(400);
    expect(chaos.active()).toEqual([]);
  });

  it.each(["", "[]", "{}", '{"action":"break"}', '{"action":"break","name":"oom","options":{"share":5}}'])(
    "refuses %j as no order",
    async (body) => {
      expect(await post(json, body)).toBe(400);
    },
  );
});
