// The operator's word: stored, then rung.

import { describe, expect, it } from "vitest";
import type { Key } from "../base/keys.ts";
import { epochMs } from "../base/time.ts";
import type { Doorbell } from "../contracts/doorbells.ts";
import type { Command, ServicePolicy } from "../contracts/policy.ts";
import type { OperatorPorts } from "./operator.ts";
import { applyPolicies, command, resume } from "./operator.ts";

const key = "123123123123/eu-west-3/quay/crane" as Key;

function stage(taken = true) {
  const rung: Doorbell[] = [];
  const policies = new Map<Key, ServicePolicy | undefined>();
  const commands = new Set<Command>();
  const ports = {
    clock: { now: () => epochMs(1_800_000_000_000) },
    work: {
      ring: async (doorbells: readonly Doorbell[]) => {
        rung.push(...doorbells);
        return taken ? [] : doorbells;
      },
    },
    fleet: {
      putPolicy: async (of: Key, policy: ServicePolicy | undefined) => void policies.set(of, policy),
      putCommand: async (_of: Key, word: Command) => void commands.add(word),
      dropCommands: async (_of: Key, words: readonly Command[]) => {
        for (const word of words) commands.delete(word);
      },
    },
    store: { load: async () => ({ commands: [...commands] }) },
  } as unknown as OperatorPorts; // -- reason: only what the operator touches
  return { ports, rung, policies, commands };
}

describe("the operator's word", () => {
  it("stores policies and rings each key with the cause", async () => {
    const { ports, rung, policies } = stage();
    await applyPolicies([[key, {}]], ports);
    expect(policies.get(key)).toEqual({});
    expect(rung).toMatchObject([{ key, hops: 0, facts: [{ kind: "wake", cause: "policy" }] }]);
  });

  it("takes back pauses only, and rings only when there was one", async () => {
    const { ports, rung, commands } = stage();
    const stop: Command = { type: "stop-task", by: "ada", at: 1, taskId: "t1" };
    await command(key, { type: "pause", by: "ada", at: 1 }, ports);
    await command(key, stop, ports);
    expect(rung.map(({ facts }) => facts[0])).toMatchObject([{ cause: "command" }, { cause: "command" }]);
    expect(await resume(key, ports)).toBe(1);
    expect([...commands]).toEqual([stop]);
    expect(await resume(key, ports)).toBe(0);
    expect(rung).toHaveLength(3);
  });

  it("says so when the word is stored but nobody was rung", async () => {
    const { ports, commands } = stage(false);
    await expect(command(key, { type: "pause", by: "ada", at: 1 }, ports)).rejects.toMatchObject({
      code: "transient",
    });
    expect(commands.size).toBe(1);
  });
});
