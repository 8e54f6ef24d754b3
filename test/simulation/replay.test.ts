// The round trip: what a simulated world sent is recorded and replayed, and the registries end as they did; and
// real events, where their samples are beside this clone.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Recording } from "../../local/recording/format.ts";
import { readRecording } from "../../local/recording/format.ts";
import { findEvents } from "../../local/recording/read-events.ts";
import { createRecorder } from "../../local/recording/recorder.ts";
import { noFaults } from "./faults.ts";
import { defaultPolicies, replay } from "./replay.ts";
import { renderReplay, replayFile } from "./replay-file.ts";
import type { Observed } from "./run.ts";
import { runSeed } from "./run.ts";

/** By AWS's way of saying it: a line for each instance, without what the registry itself made up. */
const linesOf = (instances: readonly { instanceId: string; attributes: object }[]): readonly string[] =>
  instances
    .map(({ instanceId, attributes }) => `${instanceId} ${JSON.stringify(attributes)}`)
    .filter((line) => !line.startsWith("foreign-"))
    .sort();

async function recorded(seed: number): Promise<{ recording: Recording; observed: Observed }> {
  let observed: Observed | undefined;
  const received: Parameters<ReturnType<typeof createRecorder>["take"]>[0][number][] = [];
  const result = await runSeed({
    seed,
    profile: noFaults,
    observe: (seen) => {
      observed = seen;
      seen.world.kernel.onEvent((event) => received.push({ event, at: seen.world.kernel.now() }));
    },
  });
  expect(result.faults).toEqual([]);
  if (observed === undefined) throw new Error("nothing was observed");
  const text = createRecorder().take(received);
  const hosts = observed.hosts.map(({ ec2InstanceId: hostId, privateIp }) => ({ hostId, privateIp }));
  return { recording: { ...readRecording(text, "recorded"), hosts }, observed };
}

const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

describe("a recording of a simulated world", () => {
  it.each(seeds)("replays to the same registries (seed %i)", async (seed) => {
    const { recording, observed } = await recorded(seed);
    const policies = observed.fleet.members.map(({ key, policy }) => [key, { discovery: policy }] as const);
    const { world } = observed;
    const hasCustomHealth = (Id: string) =>
      JSON.stringify(world.call("servicediscovery", "GetService", { Id })).includes(
        "HealthCheckCustomConfig",
      );
    const result = await replay({ recording, policies, hasCustomHealth });
    expect(result.faults).toEqual([]);
    expect(result.unmanaged).toEqual([]);
    expect(result.registries.size).toBeGreaterThan(0);
    for (const [name, instances] of result.registries) {
      expect(linesOf(instances)).toEqual(linesOf(world.cloudMap.instancesOf(name)));
    }
  });

  it("replays alike twice", async () => {
    const { recording } = await recorded(3);
    const runs = [await replay({ recording }), await replay({ recording })];
    const [first, second] = runs.map((run) => renderReplay(run).join("\n"));
    expect(first).toBe(second);
    expect(first).toContain("register ");
    expect(first).toContain("No invariant was broken");
  });

  it("shows a planted bug", async () => {
    const { recording } = await recorded(3);
    const { faults } = await replay({
      recording,
      mutate: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          commit: (key, expected, next) => ports.store.commit(key, expected, { ...next, intents: [] }),
        },
      }),
    });
    expect(faults.join("\n")).toContain("without a durable intent");
  });
});

const fixtures = fileURLToPath(new URL("../fixtures/events/", import.meta.url));
const samples = fileURLToPath(new URL("../../../shared/events/", import.meta.url));

function recordingOf(folder: string, fits: (name: string) => boolean): Recording {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json") && fits(name));
  const recorder = createRecorder();
  const text = names
    .map((name) => recorder.take(findEvents(readFileSync(join(folder, name), "utf8")).received))
    .join("");
  return readRecording(text, folder);
}

describe("own fixtures", () => {
  it("run through the pipeline with a manifest, from files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fairlead-replay-"));
    const events = findEvents(readFileSync(join(fixtures, "ecs-task-running-ec2-bridge.json"), "utf8"));
    const recording = join(folder, "recording.jsonl");
    const policy = join(folder, "fleet.yaml");
    writeFileSync(recording, createRecorder().take(events.received));
    writeFileSync(
      policy,
      "version: 1\nservices:\n  harbour/pilot:\n    discovery:\n      mode: act\n      registries:\n        - service: srv-pilot\n",
    );
    try {
      const result = await replayFile({ recording, policy });
      expect(result.faults).toEqual([]);
      const [instance] = result.registries.get("srv-pilot") ?? [];
      expect(instance?.attributes["AWS_INSTANCE_IPV4"]).toMatch(/^198\.1[89]\./);
      const text = renderReplay(result).join("\n");
      expect(text).toMatch(/210987654321\/eu-central-1\/harbour\/pilot\n {2}.*settled/);
      expect(text).toMatch(/register \S+ in srv-\w+ done/);
      await expect(replayFile({ recording: policy, policy })).rejects.toThrow(`${policy}:1: expected a JSON`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

if (existsSync(samples)) {
  describe("samples of AWS", () => {
    it("run through the pipeline without a fault", async () => {
      const recording = recordingOf(samples, (name) => name.startsWith("ecs-"));
      expect(recording.events.length).toBeGreaterThan(10);
      expect(defaultPolicies(recording).length).toBeGreaterThan(0);
      const result = await replay({ recording });
      expect(result.faults).toEqual([]);
      expect(result.keys.some(({ view }) => view.version > 0)).toBe(true);
    });
  });
} else {
  console.info("replay: ../shared/events is not beside this clone: its samples are skipped");
  it.skip("samples of AWS");
}
