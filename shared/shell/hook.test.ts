// The hook's answers by table, and that nothing which breaks in here rolls a deployment back.

import { describe, expect, it } from "vitest";
import type { Key } from "../base/keys.ts";
import { epochMs } from "../base/time.ts";
import type { Aggregate } from "../contracts/aggregate.ts";
import type { Doorbell } from "../contracts/doorbells.ts";
import type { HookCall } from "../contracts/hook-call.ts";
import type { Command, ServicePolicy } from "../contracts/policy.ts";
import type { RolloutPolicy } from "../contracts/rollout-policy.ts";
import type { DeploymentView, ServiceView } from "../contracts/rollout-views.ts";
import type { Active, Rollout, RolloutState } from "../core/rollout/state.ts";
import type { HookPorts } from "./hook.ts";
import { answerHook } from "./hook.ts";
import type { HookScene } from "./hook-answer.ts";
import { hookDecision } from "./hook-answer.ts";

const now = epochMs(1_000_000_000);
const DEPLOYMENT = "arn:aws:ecs:eu-west-1:111122223333:service-deployment/quay/crane/d1";
const SERVICE = "arn:aws:ecs:eu-west-1:111122223333:service/quay/crane";
const REVISION = "arn:aws:ecs:eu-west-1:111122223333:service-revision/quay/crane/2";

const call: HookCall = {
  key: "111122223333/eu-west-1/quay/crane" as Key,
  executionId: "e1",
  stage: "PRODUCTION_TRAFFIC_SHIFT",
  deploymentArn: DEPLOYMENT,
  clusterArn: "arn:aws:ecs:eu-west-1:111122223333:cluster/quay",
  serviceArn: SERVICE,
  targetRevisionArn: REVISION,
  targetShare: 25,
  details: {},
};

// -- reason: what the hook looks at; the rest of a policy and of a rollout is none of its business.
const policyOf = (given: Partial<RolloutPolicy>): ServicePolicy => ({
  rollout: { mode: "act", dryRun: false, ...given } as unknown as RolloutPolicy,
});
// -- reason: as above
const activeIn = (phase: Active["phase"], given: Partial<Rollout> = {}): RolloutState => ({
  phase,
  heard: ["old"],
  past: [],
  rollout: { id: "r-1", deploymentArn: DEPLOYMENT, ...given } as unknown as Rollout,
});
const abort = (id: string, rollout?: string): Command => ({
  type: "rollout",
  verb: "abort",
  id,
  by: "ann",
  at: 1,
  ...(rollout !== undefined && { rollout }),
});

type Stored = NonNullable<HookScene["stored"]>;
const stored = (given: Partial<Stored> = {}): Stored => ({
  policy: policyOf({}),
  state: activeIn("stepping"),
  commands: [],
  control: { killSwitch: false, slowUntil: 0 },
  ...given,
});
const scene = (given: Partial<HookScene> = {}): HookScene => ({
  call,
  now,
  mode: "act",
  stored: stored(),
  ...given,
});

const hold = { code: "drift", text: "weights changed", since: now };
const going: HookCall = { ...call, targetShare: 0 };
const first: HookCall = { ...call, stage: "PRE_SCALE_UP" };

describe("the hook's answer", () => {
  it.each<[string, Partial<HookScene>, string, string]>([
    ["nothing speaks against it", {}, "SUCCEEDED", "hook-go-on"],
    ["an abort is ordered", { stored: stored({ commands: [abort("new")] }) }, "FAILED", "hook-abort-ordered"],
    [
      "an abort was heard before",
      { stored: stored({ commands: [abort("old")] }) },
      "SUCCEEDED",
      "hook-go-on",
    ],
    [
      "another rollout is aborted",
      { stored: stored({ commands: [abort("new", "r-0")] }) },
      "SUCCEEDED",
      "hook-go-on",
    ],
    ["the rollout goes back", { stored: stored({ state: activeIn("aborting") }) }, "FAILED", "hook-aborting"],
    [
      "going back waits for approval",
      { stored: stored({ state: activeIn("aborting"), policy: policyOf({ mode: "approve" }) }) },
      "IN_PROGRESS",
      "hook-approve",
    ],
    [
      "the deployment is another one",
      { stored: stored({ state: activeIn("aborting", { deploymentArn: "other" }) }) },
      "SUCCEEDED",
      "hook-go-on",
    ],
    [
      "ECS is on its way back",
      { call: going, stored: stored({ state: activeIn("aborting"), commands: [abort("new")] }) },
      "SUCCEEDED",
      "hook-going-back",
    ],
    [
      "ECS goes back and nothing can be read",
      { call: going, stored: undefined },
      "SUCCEEDED",
      "hook-going-back",
    ],
    [
      "somebody paused",
      { stored: stored({ state: activeIn("stepping", { paused: { by: "bo", since: now } }) }) },
      "IN_PROGRESS",
      "hook-paused",
    ],
    ["it holds", { stored: stored({ state: activeIn("stepping", { hold }) }) }, "IN_PROGRESS", "hook-held"],
    [
      "the kill switch is on",
      { stored: stored({ state: activeIn("aborting"), control: { killSwitch: true, slowUntil: 0 } }) },
      "SUCCEEDED",
      "hook-kill-switch",
    ],
    ["no policy names it", { stored: stored({ policy: undefined }) }, "SUCCEEDED", "hook-unmanaged"],
    [
      "the policy observes",
      { stored: stored({ policy: policyOf({ mode: "observe" }), state: activeIn("aborting") }) },
      "SUCCEEDED",
      "hook-observes",
    ],
    [
      "the installation observes",
      { mode: "observe", stored: stored({ state: activeIn("aborting") }) },
      "SUCCEEDED",
      "hook-observes",
    ],
    [
      "it is a dry run",
      { stored: stored({ policy: policyOf({ dryRun: true }), state: activeIn("aborting") }) },
      "SUCCEEDED",
      "hook-observes",
    ],
    ["the table is silent once", { stored: undefined }, "IN_PROGRESS", "hook-unread"],
    [
      "the table stays silent",
      { stored: undefined, call: { ...call, details: { fairleadTries: 2 } } },
      "SUCCEEDED",
      "hook-unread",
    ],
    [
      "the weights are right",
      { call: first, preflight: { misplaced: 0, healthyThere: 0 } },
      "SUCCEEDED",
      "hook-go-on",
    ],
    [
      "production goes astray",
      { call: first, preflight: { misplaced: 40, healthyThere: 3 } },
      "IN_PROGRESS",
      "hook-weights-misplaced",
    ],
    [
      "production has gone astray for long",
      {
        call: { ...first, details: { fairleadSince: now - 900_000 } },
        preflight: { misplaced: 40, healthyThere: 3 },
      },
      "FAILED",
      "hook-weights-misplaced",
    ],
    [
      "production goes where nothing is healthy",
      { call: first, preflight: { misplaced: 100, healthyThere: 0 } },
      "SUCCEEDED",
      "hook-weights-unserved",
    ],
    ["the weights cannot be read", { call: first, preflight: "unreadable" }, "IN_PROGRESS", "hook-unread"],
  ])("when %s", (_what, given, hookStatus, code) => {
    const decision = hookDecision(scene(given));
    expect([decision.answer.hookStatus, decision.reason.code]).toEqual([hookStatus, code]);
  });

  it("counts its tries and remembers since when, in what ECS hands back", () => {
    expect(hookDecision(scene({ stored: undefined })).answer).toEqual({
      hookStatus: "IN_PROGRESS",
      callBackDelay: 5,
      hookDetails: { fairleadTries: 1 },
    });
    const preflight = { misplaced: 40, healthyThere: 3 };
    expect(hookDecision(scene({ call: first, preflight })).answer.hookDetails).toMatchObject({
      fairleadSince: now,
    });
  });
});

const payload = {
  executionId: "e1",
  lifecycleStage: "PRE_SCALE_UP",
  resourceArn: DEPLOYMENT,
  executionDetails: {
    serviceArn: SERVICE,
    targetServiceRevisionArn: REVISION,
    testTrafficWeights: {},
    productionTrafficWeights: {},
  },
};

function portsWith(given: Partial<HookPorts> & { readonly weights?: Record<string, number> } = {}) {
  const rung: Doorbell[] = [];
  const never = () => new Promise<void>(() => undefined);
  const { weights = { blue: 100 }, ...more } = given;
  // -- reason: the parts of views and aggregates that the hook reads
  const aggregate = {
    policy: policyOf({}),
    state: { capabilities: { rollout: activeIn("starting") } },
  } as unknown as Aggregate;
  const ports: HookPorts = {
    store: {
      load: async () => aggregate,
      readOrders: async () => ({ control: { killSwitch: false, slowUntil: 0 }, commands: [] }),
    },
    work: {
      ring: async (doorbells) => {
        rung.push(...doorbells);
        return [];
      },
    },
    deployments: {
      service: async () => ({ balancers: [{ productionRuleArn: "rule" }] }) as unknown as ServiceView, // -- reason: as above
      deployment: async () => ({ sources: [{ arn: "old" }] }) as unknown as DeploymentView, // -- reason: as above
      revisions: async () => [
        { arn: "old", taskDefinition: "a:1", images: [], targetGroupArns: ["blue"], createdAt: now },
      ],
    },
    traffic: {
      rule: async (arn) => ({
        arn,
        listenerArn: "l",
        loadBalancer: "b",
        weights,
        sticky: false,
        otherActions: [],
      }),
      ruleOf: async () => {
        throw new Error("the hook knows its rule");
      },
      health: async (groups) =>
        groups.map((targetGroupArn) => ({ targetGroupArn, healthy: 2, unhealthy: 0, other: 0 })),
    },
    clock: { now: () => now },
    wait: never,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined, count: () => undefined },
    mode: "act",
    ...more,
  };
  return { ports, rung };
}

const fails = () => Promise.reject(new Error("no table"));

describe("a call of the hook", () => {
  it("looks at the live weights before the new revision starts, and rings the key", async () => {
    const { ports, rung } = portsWith({ weights: { blue: 60, green: 40 } });
    expect(await answerHook(payload, ports)).toMatchObject({ hookStatus: "IN_PROGRESS", callBackDelay: 15 });
    expect(rung).toEqual([
      expect.objectContaining({
        key: call.key,
        facts: [expect.objectContaining({ kind: "hook", serviceDeploymentArn: DEPLOYMENT })],
      }),
    ]);
  });

  it("goes on where the weights are as the old revision has them", async () => {
    expect(await answerHook(payload, portsWith().ports)).toEqual({ hookStatus: "SUCCEEDED" });
  });

  it.each([
    ["nothing", undefined],
    ["a text", "hello"],
    ["no service", { ...payload, executionDetails: { serviceArn: "arn:aws:ecs:x" } }],
  ])("goes on when ECS sends %s", async (_what, sent) => {
    expect(await answerHook(sent, portsWith().ports)).toEqual({ hookStatus: "SUCCEEDED" });
  });

  it("never rolls back because the table, the queue or the load balancer failed", async () => {
    const broken = portsWith({ store: { load: fails, readOrders: fails }, work: { ring: fails } }).ports;
    expect((await answerHook(payload, broken)).hookStatus).toBe("IN_PROGRESS");
    const tired = { ...payload, hookDetails: { fairleadTries: 2 } };
    expect(await answerHook(tired, broken)).toEqual({ hookStatus: "SUCCEEDED" });
    const deaf = portsWith({ work: { ring: fails } }).ports;
    expect(await answerHook(payload, deaf)).toEqual({ hookStatus: "SUCCEEDED" });
  });

  it("does not wait for a read longer than ECS waits for it", async () => {
    const { ports } = portsWith({
      store: { load: () => new Promise(() => undefined), readOrders: fails },
      wait: () => Promise.resolve(),
    });
    expect((await answerHook(payload, ports)).hookStatus).toBe("IN_PROGRESS");
  });
});
