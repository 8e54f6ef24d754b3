// What drivers do not wait for too long, and what they say where nobody but somebody else can go on.

import { describe, expect, it } from "vitest";
import {
  BLUE,
  codesOf,
  deploymentView,
  everything,
  GREEN,
  healthOf,
  idle,
  later,
  passOn,
  read,
  ruleView,
  serviceView,
} from "../../../../test/support/rollout-builders.ts";
import { codesOf as codesIn, steered, typesOf } from "../../../../test/support/rollout-steering.ts";
import { native } from "./native.ts";
import { watch } from "./watch.ts";

const minutes = (count: number): number => count * 60_000;

describe("a PAUSE hook that ends within minutes", () => {
  const hook = {
    hookId: "hook-1",
    kind: "PAUSE",
    status: "AWAITING_ACTION",
    expiresAt: later(minutes(3)),
  } as const;
  const answers = {
    deployment: read(deploymentView({ hooks: [hook] })),
    rule: read(ruleView(75)),
    health: read(healthOf()),
  };
  const rollout = {
    weight: 25,
    weights: { [BLUE]: 75, [GREEN]: 25 },
    trafficSince: later(-minutes(9)),
    openHook: { id: "hook-1", stage: "PRE_PRODUCTION_TRAFFIC_SHIFT" },
  };

  it("is answered in time by what is good", () => {
    const answer = steered(native, { kind: "finished" }, { rollout, answers });
    expect(typesOf(answer)).toEqual(["continue-deployment"]);
  });

  it("takes our weights back where something holds the answer", () => {
    const hold = { code: "paused", text: "by ann", since: later(0) };
    const answer = steered(native, { kind: "finished" }, { rollout: { ...rollout, hold }, answers });
    expect(typesOf(answer)).toEqual(["set-weights"]);
  });
});

describe("a hook of somebody else's that goes on by itself when its time is over", () => {
  const hook = {
    hookId: "hook-1",
    kind: "PAUSE",
    status: "AWAITING_ACTION",
    expiresAt: later(minutes(3)),
    timeoutAction: "CONTINUE",
  } as const;
  const answers = { deployment: read(deploymentView({ hooks: [hook] })), rule: read(ruleView(75)) };
  const share = {
    weight: 25,
    weights: { [BLUE]: 75, [GREEN]: 25 },
    trafficSince: later(-minutes(9)),
    openHook: { id: "hook-1", stage: "PRE_PRODUCTION_TRAFFIC_SHIFT", expiresAt: hook.expiresAt },
  };
  const held = { hold: { code: "awaits-approval", text: "for ann", since: later(0) } };
  const wish = { kind: "weight", weight: 25, scale: 25 } as const;

  it.each([
    ["with a share already", { ...share, ...held }, ["set-weights", "stop-deployment"]],
    ["without traffic", held, ["stop-deployment"]],
    ["that nothing holds", {}, []],
  ])("does not pass by what holds: a rollout %s", (_name, rollout, acts) => {
    const answer = steered(native, wish, { rollout, answers });
    expect(typesOf(answer)).toEqual(acts);
    expect(answer.proposals.every(({ rollback }) => rollback === true)).toBe(true);
  });
});

describe("what is only watched", () => {
  it("says that a PAUSE hook waits for whoever set it", () => {
    const answer = steered(watch, { kind: "finished" }, { rollout: { driver: "watch" } });
    expect([answer.proposals, codesIn(answer).includes("hook-unanswered")]).toEqual([[], true]);
  });

  it.each([
    ["CODE_DEPLOY", { controller: "CODE_DEPLOY" }],
    ["Express Mode", { isExpress: true }],
  ])("%s is said between rollouts too", (_name, changes) => {
    const answers = everything({ service: read(serviceView({ hooks: [], ...changes })) });
    const quiet = { ...answers, deployment: read(deploymentView({ status: "SUCCESSFUL" })) };
    expect(codesOf(passOn({ state: idle({}) }, quiet))).toContain("driver-watch");
  });
});
