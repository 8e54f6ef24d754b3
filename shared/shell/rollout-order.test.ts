// Orders: what is refused and with which remedy, and what the others lead to.

import { describe, expect, it } from "vitest";
import type { Sent } from "../../test/support/api-stage.ts";
import {
  ADA,
  approveStep,
  ask,
  awaiting,
  commandsOf,
  GRACE,
  order,
  past,
  stage,
} from "../../test/support/api-stage.ts";
import { active, idle, KEY, NEW, NOW, OLD, taskOf } from "../../test/support/rollout-builders.ts";
import type { RolloutVerb } from "../contracts/policy.ts";
import type { RolloutState } from "../core/rollout/state.ts";

describe("what is refused", () => {
  const step = (steps: NonNullable<Parameters<typeof active>[1]>["steps"]) =>
    active("stepping", { author: ADA, ...(steps && { steps }) });
  it.each<[string, RolloutState, Sent, number, string]>([
    ["promoting nothing", idle(), order("promote"), 409, "no-rollout"],
    ["promoting what goes back", active("aborting"), order("promote"), 409, "nothing-to-promote"],
    ["promoting over an approval", awaiting(), order("promote"), 409, "approval-needed"],
    [
      "promoting over a later approval",
      step([{ kind: "pause" }, approveStep]),
      order("promote-full"),
      409,
      "approval-needed",
    ],
    ["approving a pause", step([{ kind: "pause" }]), order("approve"), 409, "nothing-to-approve"],
    [
      "approving twice",
      active("stepping", {
        steps: [approveStep],
        approvals: [{ step: 0, by: GRACE, at: NOW, decision: "d-1" }],
      }),
      order("approve"),
      409,
      "approved-already",
    ],
    ["another step", step([{ kind: "pause" }]), order("promote", { body: { step: 4 } }), 409, "other-step"],
    [
      "another rollout",
      step([{ kind: "pause" }]),
      order("abort", { body: { rollout: "r-2" } }),
      409,
      "other-rollout",
    ],
    [
      "another revision",
      awaiting(),
      order("approve", { by: GRACE, body: { revision: "crane:9" } }),
      409,
      "other-revision",
    ],
    ["promoting while a weight is set", active("stepping"), order("promote"), 409, "nothing-to-promote"],
    ["pausing what goes back", active("aborting"), order("pause"), 409, "goes-back"],
    ["aborting nothing", idle(), order("abort"), 409, "no-rollout"],
    ["starting nothing", idle(), order("start"), 400, "no-task-definition"],
    [
      "starting a latest revision",
      idle(),
      order("start", { body: { taskDefinition: "crane" } }),
      400,
      "input",
    ],
    [
      "starting the same again",
      active("stepping"),
      order("start", { body: { taskDefinition: "crane:8" } }),
      409,
      "rolls-out-already",
    ],
    [
      "retrying what was promoted",
      idle({ past: [past("promoted")] }),
      order("retry"),
      409,
      "nothing-to-retry",
    ],
    ["retrying what is under way", active("stepping"), order("retry"), 409, "under-way"],
    ["undoing nothing", idle(), order("undo"), 409, "nothing-to-undo"],
    [
      "undoing the first deployment",
      idle({ past: [{ ...past("promoted"), source: { taskDefinition: "none", images: [] } }] }),
      order("undo"),
      409,
      "nothing-to-undo",
    ],
    ["undoing what is under way", active("stepping"), order("undo"), 409, "under-way"],
    [
      "pausing twice",
      active("stepping", { paused: { by: ADA, since: NOW } }),
      order("pause"),
      409,
      "paused-already",
    ],
    ["resuming what goes on", active("stepping"), order("resume"), 409, "not-paused"],
    [
      "moving what is only watched",
      active("preparing", { driver: "watch" }),
      order("abort"),
      409,
      "watched-only",
    ],
    ["a key of another kind", idle(), { path: "/rollouts/x/y" }, 404, "no-such-route"],
    ["an unknown verb", idle(), { method: "POST", path: `/rollouts/${KEY}/delete` }, 404, "no-such-route"],
    ["a path that is none", idle(), { path: "/rollouts/%E0%A4%A" }, 404, "no-such-route"],
    ["a way up", idle(), { path: "/rollouts/../secrets" }, 404, "no-such-route"],
    ["CORS", idle(), { method: "OPTIONS", path: "/rollouts" }, 405, "method"],
    [
      "a form",
      idle(),
      order("pause", { type: "application/x-www-form-urlencoded", text: "a=b" }),
      415,
      "content-type",
    ],
    ["a list", idle(), order("pause", { text: "[]" }), 400, "input"],
    ["broken JSON", idle(), order("pause", { text: "{" }), 400, "input"],
    ["a large body", idle(), order("pause", { body: { rollout: "x".repeat(5_000) } }), 413, "too-large"],
    ["a step that is no number", idle(), order("promote", { body: { step: "first" } }), 400, "input"],
  ])("%s", async (_name, state, sent, statusCode, error) => {
    const it = await stage(state);
    const answer = await ask(it.ports, sent);
    expect([answer.statusCode, answer.body["error"]]).toEqual([statusCode, error]);
    expect(String(answer.body["message"])).toMatch(/\.$|expected|not known|characters|number/);
    expect(it.rung).toEqual([]);
    expect(await commandsOf(it)).toEqual([]);
  });

  it.each(["start", "promote", "promote-full", "approve", "abort", "retry", "undo"] as const)(
    "%s in mode observe, in an installation that observes, and in a dry run",
    async (verb) => {
      const sent = order(verb, { body: { taskDefinition: "crane:9" } });
      const observes = await stage(active("stepping"), { mode: "observe" });
      expect((await ask(observes.ports, sent)).body).toMatchObject({
        error: "observe",
        remedy: expect.stringContaining("mode: act"),
      });
      const installed = await stage(active("stepping"));
      expect((await ask({ ...installed.ports, mode: "observe" }, sent)).body["error"]).toBe(
        "installation-observes",
      );
      const dry = await stage(active("stepping"), { dryRun: true });
      expect((await ask(dry.ports, sent)).body["error"]).toBe("watched-only");
    },
  );

  it("a newer revision, where the policy lets none in", async () => {
    const sent = order("start", { body: { taskDefinition: "crane:9" } });
    const answers = await Promise.all(
      (["refuse", "queue", "supersede"] as const).map(async (onNewer) => {
        const { ports } = await stage(active("stepping"), { onNewer });
        return ask(ports, sent);
      }),
    );
    expect(answers.map(({ statusCode, body }) => [statusCode, body["error"] ?? body["next"]])).toEqual([
      [409, "one-at-a-time"],
      [202, "crane:9 waits until r-0000abcd has ended"],
      [202, "crane:9 takes over from r-0000abcd"],
    ]);
  });

  it("a service without a rollout policy, with what to do about it", async () => {
    const { ports } = await stage(idle(), null);
    for (const sent of [
      {},
      { path: `/rollouts/${KEY}/history` },
      order("start", { body: { taskDefinition: "crane:8" } }),
    ]) {
      expect(await ask(ports, sent)).toMatchObject({
        statusCode: 404,
        body: { error: "no-rollout-policy", remedy: expect.stringContaining("fairlead apply") },
      });
    }
  });
});

describe("what an order leads to", () => {
  it.each<[RolloutVerb, RolloutState, object, string]>([
    ["start", idle(), { taskDefinition: "crane:8" }, "crane:8 begins now, as r-3b727dd2"],
    [
      "promote-full",
      active("stepping"),
      {},
      "r-0000abcd skips its other steps and finishes; a bad verdict still rolls it back",
    ],
    ["abort", active("finishing"), {}, "crane:7 gets its capacity back, then all traffic"],
    [
      "abort",
      active("aborting"),
      {},
      "r-0000abcd is on its way back already; what failed of it is tried again",
    ],
    [
      "retry",
      idle({ past: [past("rolled-back")] }),
      {},
      "crane:8 rolls out again from its first step, as r-3b727dd2",
    ],
    ["retry", active("stuck"), {}, "r-0000abcd is tried again"],
    [
      "undo",
      idle({ past: [past("promoted")] }),
      {},
      "back to crane:7 as r-3b727dd2; without steps where it is within the rollback window",
    ],
    [
      "undo",
      idle(),
      { taskDefinition: "crane:3" },
      "back to crane:3 as r-3b727dd2; without steps where it is within the rollback window",
    ],
    ["pause", active("stepping"), {}, "r-0000abcd stays where it is; a bad verdict still rolls it back"],
    ["resume", active("stepping", { paused: { by: ADA, since: NOW } }), {}, "r-0000abcd goes on"],
    ["analyze", active("stepping"), {}, "the analysis is made again now"],
  ])("%s", async (verb, state, body, next) => {
    const { ports } = await stage(state);
    expect((await ask(ports, order(verb, { body }))).body).toMatchObject({ verb, next });
  });

  it("a promotion goes on wherever the analysis is not sure, also before a weight", async () => {
    const hold = { code: "no-data", text: "The metrics have not answered.", since: NOW };
    const { ports } = await stage(active("stepping", { hold }));
    expect((await ask(ports, order("promote"))).statusCode).toBe(202);
  });

  it("a step that pauses is ended by a promotion, and whoever resumes it is told so", async () => {
    const { ports } = await stage(active("stepping", { steps: [{ kind: "pause" }] }));
    expect((await ask(ports, order("resume"))).body).toMatchObject({
      error: "not-paused",
      remedy: expect.stringContaining("rollout promote"),
    });
  });

  it("a start of what runs already is refused before it is written down", async () => {
    const it = await stage(idle());
    const { state, version } = await it.ports.store.load(KEY).then((all) => ({ ...all, version: 1 }));
    const task = taskOf(1, { taskDefinitionArn: NEW });
    await it.ports.store.commit(KEY, version, { ...state, version: 2, tasks: { [task.taskId]: task } });
    const sent = order("start", { body: { taskDefinition: "crane:8" } });
    expect((await ask(it.ports, sent)).body["error"]).toBe("runs-already");
    expect(await commandsOf(it)).toEqual([]);
  });

  it("a start takes the place of one that waits", async () => {
    const wanted = { taskDefinition: OLD, by: ADA, at: NOW, decision: "d-aaaaaaaaaaaa" };
    const { ports } = await stage(idle({ wanted }));
    const sent = order("start", { body: { taskDefinition: "crane:8" } });
    expect((await ask(ports, sent)).body["next"]).toBe(
      "crane:8 begins now in place of crane:7, which waits, as r-3b727dd2",
    );
  });

  it("a start that waits is taken back by an abort", async () => {
    const wanted = { taskDefinition: NEW, by: ADA, at: NOW, decision: "d-aaaaaaaaaaaa" };
    const { ports } = await stage(idle({ wanted }));
    expect((await ask(ports, order("abort"))).body["next"]).toBe(
      "the start of crane:8 (d-aaaaaaaaaaaa) is taken back",
    );
  });
});
