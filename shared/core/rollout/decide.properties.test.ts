// What holds of every pass, whatever is seen: it settles, wakes later, is the same twice, survives hostile
// numbers, writes whole percents, and moves its phase only along the declared transitions.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  active,
  BLUE,
  DEPLOYMENT_ARN,
  deploymentFact,
  deploymentView,
  everything,
  GREEN,
  healthOf,
  hookFact,
  idle,
  LISTENER,
  NOW,
  OLD_DEPLOYMENT_ARN,
  order,
  passOn,
  pauseFor,
  RULE,
  read,
  rolloutPolicy,
  ruleView,
  serviceView,
  settled,
  setWeight,
  taskOf,
  unread,
} from "../../../test/support/rollout-builders.ts";
import type { EpochMs } from "../../base/time.ts";
import { epochMs } from "../../base/time.ts";
import type { Settled } from "../../contracts/actions.ts";
import type { Fact } from "../../contracts/facts.ts";
import { ROLLOUT_VERBS } from "../../contracts/policy.ts";
import type { RolloutPolicy, RolloutStep } from "../../contracts/rollout-policy.ts";
import type { RolloutObservation } from "./observation.ts";
import type { Phase, PhaseEvent } from "./phases.ts";
import { phaseAfter } from "./phases.ts";
import type { Active, RolloutState } from "./state.ts";

const RUNS = 400;

// --- what may be seen -----------------------------------------------------------------------------------

const hostile = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 100 }) },
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -5, 1e308, 0.3, 101),
);

const step: fc.Arbitrary<RolloutStep> = fc.oneof(
  hostile.map(setWeight),
  fc.constantFrom(pauseFor(), pauseFor(60_000), { kind: "analysis" } as const),
  hostile.map((percent): RolloutStep => ({ kind: "setScale", percent })),
  fc.constant<RolloutStep>({ kind: "approve", expiresMs: 60_000 as never }),
  fc.constant<RolloutStep>({ kind: "webhook", url: "https://example.test/", timeoutMs: 1_000 as never }),
);

const policy: fc.Arbitrary<RolloutPolicy> = fc
  .record({
    steps: fc.option(fc.array(step, { maxLength: 5 }), { nil: undefined }),
    maxWeight: hostile,
    controlShare: hostile,
    onDeadline: fc.constantFrom("rollback" as const, "hold" as const),
    onDrift: fc.constantFrom("hold" as const, "repair" as const),
    onNewer: fc.constantFrom("supersede" as const, "queue" as const, "refuse" as const),
    mode: fc.constantFrom("act" as const, "approve" as const, "observe" as const),
    weights: fc.constantFrom("rule" as const, "strategy" as const),
    dryRun: fc.boolean(),
    unsure: fc.constantFrom("hold" as const, "continue" as const, "rollback" as const),
  })
  .map(({ steps, unsure, ...rest }) =>
    rolloutPolicy({
      ...rest,
      ...(steps === undefined ? {} : { steps }),
      analysis: { onInconclusive: unsure, onNoTraffic: unsure },
    }),
  );

const series = (id: string, value: number) => ({ id, points: [[epochMs(NOW + 60_000), value] as const] });
const metrics = fc.tuple(hostile, hostile, hostile, hostile).map(
  ([total, bad, oldTotal, oldBad]): Fact => ({
    kind: "metrics",
    rollout: "r-0000abcd",
    at: epochMs(NOW + 120_000),
    series: [
      series("errors/candidate/total", total * 100),
      series("errors/candidate/bad", bad),
      series("errors/candidate/bad.1", 0),
      series("errors/control/total", oldTotal * 100),
      series("errors/control/bad", oldBad),
      series("errors/control/bad.1", 0),
    ],
  }),
);

const fact: fc.Arbitrary<Fact> = fc.oneof(
  metrics,
  fc.constantFrom<Fact>(
    deploymentFact("SERVICE_DEPLOYMENT_IN_PROGRESS"),
    deploymentFact("SERVICE_DEPLOYMENT_FAILED"),
    hookFact(),
    hookFact("POST_PRODUCTION_TRAFFIC_SHIFT"),
    taskOf(1, { lastStatus: "STOPPED", stopCode: "TaskFailedToStart" }),
    { kind: "traffic-change", eventName: "ModifyListener", resource: LISTENER, by: "cdk", at: NOW },
    { kind: "wake", cause: "timer", at: NOW },
    { kind: "wake", cause: "resync", at: NOW },
  ),
);

const maybe = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: arbitrary.map((value) => read(value)) }, fc.constant(unread()));

const answers: fc.Arbitrary<RolloutObservation> = fc
  .record({
    service: maybe(
      fc.constantFrom(
        serviceView(),
        serviceView({ currentDeploymentArn: DEPLOYMENT_ARN }),
        serviceView({ strategy: "ROLLING", hooks: [] }),
        serviceView({ controller: "CODE_DEPLOY" }),
      ),
    ),
    deployment: maybe(
      fc.constantFrom(
        undefined,
        deploymentView(),
        deploymentView({ arn: OLD_DEPLOYMENT_ARN, status: "SUCCESSFUL" }),
        deploymentView({ status: "SUCCESSFUL" }),
        deploymentView({ status: "ROLLBACK_SUCCESSFUL" }),
        deploymentView({ stage: "SCALE_UP", hooks: [] }),
        deploymentView({ stage: "POST_PRODUCTION_TRAFFIC_SHIFT" }),
        deploymentView({ sources: [] }),
        deploymentView({ status: "SOMETHING_NEW", stage: "SOMETHING_NEW" }),
      ),
    ),
    rule: maybe(hostile.map((stable) => ruleView(stable))),
    health: maybe(fc.tuple(hostile, hostile).map(([blue, green]) => healthOf(blue, green))),
  })
  .map((parts) => everything(parts));

const clock = fc.constantFrom(0, 1_000, 60_000, 700_000, 4_000_000).map((by) => epochMs(NOW + by));

const past = (by: number): EpochMs => epochMs(NOW - by);

const state: fc.Arbitrary<RolloutState> = fc.oneof(
  fc.constantFrom<RolloutState>(
    idle({}),
    idle({ checkedAt: NOW, knownDeployment: OLD_DEPLOYMENT_ARN, guardedRule: RULE }),
  ),
  fc
    .record({
      phase: fc.constantFrom("starting", "preparing", "stepping", "finishing", "aborting", "stuck"),
      driver: fc.constantFrom("native", "rolling", "watch"),
      steps: fc.array(step, { maxLength: 4 }),
      at: fc.nat({ max: 4 }),
      isAuto: fc.boolean(),
      weight: fc.integer({ min: 0, max: 100 }),
      hasTraffic: fc.boolean(),
      isLate: fc.boolean(),
    })
    .map(
      ({ phase, at, weight, hasTraffic, isLate, ...rest }): Active =>
        active(phase as Active["phase"], {
          ...rest,
          driver: rest.driver as "native",
          step: Math.min(at, rest.steps.length),
          weight,
          ...(weight === 0 ? {} : { weights: { [BLUE]: 100 - weight, [GREEN]: weight } }),
          ...(hasTraffic ? { trafficSince: past(600_000), baselined: true } : {}),
          ...(isLate ? { movingSince: past(700_000) } : {}),
          ...(phase === "aborting" || phase === "stuck"
            ? { cause: { code: "test", text: "back", since: NOW } }
            : {}),
        }),
    ),
);

const command = fc
  .constantFrom(...ROLLOUT_VERBS)
  .map((verb) => order(verb, verb === "start" ? { taskDefinition: "crane:9" } : {}));

const scene = fc.record({
  state,
  policy,
  now: clock,
  answers,
  facts: fc.array(fact, { maxLength: 3 }),
  commands: fc.array(command, { maxLength: 2 }),
  isPaused: fc.boolean(),
  mayAct: fc.boolean(),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

const decideOn = ({ state: before, policy: by, now, answers: from, ...observation }: Scene) =>
  passOn({ state: before, policy: by, now, observation }, from);

const everyScene = (holds: (one: Scene) => void): void =>
  fc.assert(fc.property(scene, holds), { numRuns: RUNS });

// --- what holds -----------------------------------------------------------------------------------------

const EVENTS: readonly PhaseEvent[] = [
  "begun",
  "adopted",
  "asked",
  "ready",
  "steps-done",
  "go-back",
  "no-way",
  "ended",
];

function reachable(from: Phase): ReadonlySet<Phase> {
  const found = new Set<Phase>([from]);
  for (const phase of found) {
    // From idle the next rollout begins; no pass goes through a whole one.
    if (phase === "idle" && from !== "idle") continue;
    for (const event of EVENTS) {
      const next = phaseAfter(phase, event);
      if (next !== undefined) found.add(next);
    }
  }
  return found;
}

describe("every pass", () => {
  it("wakes later than now, and always says why", () => {
    everyScene((one) => {
      const decision = decideOn(one);
      if (decision.wakeAt !== undefined) expect(decision.wakeAt).toBeGreaterThan(one.now);
      expect(decision.reasons.length).toBeGreaterThan(0);
      for (const { code, text } of decision.reasons) expect(code !== "" && text !== "").toBe(true);
    });
  });

  it("is the same twice, and loses nothing as JSON", () => {
    everyScene((one) => {
      const decision = decideOn(one);
      expect(decideOn(one)).toEqual(decision);
      // `undefined` would be lost in the table and come back as another state.
      const lost: string[] = [];
      JSON.stringify(decision.state, (name, value: unknown) => {
        if (value === undefined) lost.push(name);
        return value;
      });
      expect(lost).toEqual([]);
    });
  });

  it("moves its phase only as declared", () => {
    everyScene((one) => {
      expect(reachable(one.state.phase)).toContain(decideOn(one).state.phase);
    });
  });

  it("writes whole percents that sum to 100, one act for each field", () => {
    everyScene((one) => {
      const { proposals } = decideOn(one);
      expect(new Set(proposals.map(({ field }) => field)).size).toBe(proposals.length);
      for (const { action } of proposals) {
        if (action.type !== "set-weights") continue;
        const weights = Object.values(action.weights);
        expect(weights.every((weight) => Number.isInteger(weight) && weight >= 0)).toBe(true);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(100);
      }
    });
  });

  it("proposes nothing forward after an abort, nor while paused", () => {
    everyScene((one) => {
      const decision = decideOn({ ...one, commands: [...one.commands, order("abort")], isPaused: true });
      const forward = decision.proposals.filter(
        ({ field, rollback, action }) =>
          !field.startsWith("rollout/") && rollback !== true && action.type !== "set-weights",
      );
      expect(forward).toEqual([]);
      for (const { action, rollback } of decision.proposals) {
        if (action.type === "set-weights" && one.state.phase !== "idle") expect(rollback).toBe(true);
      }
    });
  });

  it("never acts on what is only watched", () => {
    everyScene((one) => {
      if (one.state.phase === "idle" || one.state.rollout.driver !== "watch") return;
      const { proposals } = decideOn(one);
      expect(proposals.filter(({ field }) => !field.startsWith("rollout/"))).toEqual([]);
    });
  });

  it("asks an operator's word only once", () => {
    everyScene((one) => {
      const { state: next } = decideOn(one);
      for (const { id } of one.commands) expect(next.heard.filter((heard) => heard === id)).toHaveLength(1);
    });
  });
});

const done = (proposals: readonly Settled["proposal"][]): readonly Settled[] =>
  proposals.map((proposal) => ({ proposal, outcome: { kind: "done" } }));

describe("a world that stands still", () => {
  it("settles: soon no act is new", () => {
    everyScene((one) => {
      let current = one.state;
      let { now } = one;
      const seen = new Set<string>();
      let fresh = 0;
      for (let pass = 0; pass < 12; pass += 1) {
        const facts = pass === 0 ? one.facts : [];
        const decision = decideOn({ ...one, state: current, now, facts });
        fresh = decision.proposals.filter(
          ({ id, field }) => !seen.has(id) && !field.startsWith("rollout/"),
        ).length;
        for (const { id } of decision.proposals) seen.add(id);
        current = settled(decision.state, done(decision.proposals), now).state;
        now = epochMs(now + 1_500);
      }
      expect(fresh).toBe(0);
    });
  });
});

describe("after an abort", () => {
  const views = fc.array(answers, { minLength: 4, maxLength: 8 });
  it("whatever comes: every act leads back, and no weight is raised", () => {
    fc.assert(
      fc.property(scene, views, (one, worlds) => {
        if (one.state.phase === "idle" || one.state.rollout.driver === "watch") return;
        let current = one.state as RolloutState;
        let { now } = one;
        const commands = [...one.commands, order("abort")];
        for (const world of worlds) {
          const decision = decideOn({ ...one, commands, state: current, now, answers: world });
          for (const { field, action, rollback } of decision.proposals) {
            if (field.startsWith("rollout/")) continue;
            expect(rollback).toBe(true);
            if (action.type === "set-weights") expect(action.weights[GREEN]).toBe(0);
          }
          current = settled(decision.state, done(decision.proposals), now).state;
          if (current.phase === "idle") return;
          now = epochMs(now + 40_000);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
