// The checkers, checked: for each invariant a trace that is sound, and the same with one planted bug.

import { describe, expect, it } from "vitest";
import type { Key } from "../../../../shared/base/keys.ts";
import { addMs, epochMs, minutes, seconds } from "../../../../shared/base/time.ts";
import type { Action, Proposal } from "../../../../shared/contracts/actions.ts";
import type { RolloutStep } from "../../../../shared/contracts/rollout-policy.ts";
import type { Verdict } from "../../../../shared/core/rollout/analysis/analysis.ts";
import type { Active, Rollout, RolloutState } from "../../../../shared/core/rollout/state.ts";
import { POLICY } from "../policy.ts";
import type { ServiceNow, TaskSetNow } from "../snapshot.ts";
import type { CallStep, CommitStep, MetricsStep, OrderStep, Step } from "../trace.ts";
import { INVARIANTS } from "./checkers.ts";

const START = epochMs(Date.UTC(2026, 10, 2));
const key = "111122223333/us-east-1/sim/web" as Key;
const BLUE = "targetgroup/blue";
const GREEN = "targetgroup/green";

const at = (afterS: number) => addMs(START, seconds(afterS));

const STEPS: readonly RolloutStep[] = [
  { kind: "setWeight", weight: 5 },
  { kind: "analysis" },
  { kind: "setWeight", weight: 25 },
  { kind: "approve", expiresMs: minutes(10) },
  { kind: "setWeight", weight: 50 },
];

const rollout = (change: Partial<Rollout> = {}): Rollout => ({
  id: "r-0000000a",
  driver: "task-sets",
  author: "ann",
  startedAt: START,
  target: { taskDefinition: "web:2", images: [] },
  source: { taskDefinition: "web:1", images: [] },
  taskSets: { stable: "set/blue", candidate: "set/green" },
  places: { candidateGroup: GREEN, stableGroup: BLUE, rule: "rule" },
  steps: STEPS,
  isAuto: false,
  step: 0,
  stepSince: START,
  weight: 0,
  scale: 100,
  analysis: { metrics: {}, requestsPerSecond: 0 },
  approvals: [],
  notified: [],
  ...change,
});

const active = (
  phase: Active["phase"],
  change: Partial<Rollout> = {},
  heard: string[] = [],
): RolloutState => ({
  phase,
  heard,
  past: [],
  rollout: rollout(change),
});

let version = 0;
const commit = (state: RolloutState, ...actions: readonly Action[]): CommitStep => {
  version += 1;
  const intents = actions.map(
    (action, index): Proposal => ({
      id: `${version}-${index}`,
      capability: "rollout",
      field: "x",
      action,
      reason: { code: "x", text: "x" },
    }),
  );
  return { kind: "commit", at: at(version), key, version, state, intents };
};

const order = (verb: OrderStep["command"]["verb"], afterS: number): OrderStep => ({
  kind: "order",
  at: at(afterS),
  key,
  command: { type: "rollout", id: `d-${verb}`, verb, by: "ann", at: at(afterS) },
});

const set = (name: "blue" | "green", change: Partial<TaskSetNow> = {}): TaskSetNow => ({
  arn: `set/${name}`,
  status: name === "blue" ? "PRIMARY" : "ACTIVE",
  scale: 100,
  computed: 4,
  running: 4,
  stability: "STEADY_STATE",
  group: name === "blue" ? BLUE : GREEN,
  ...change,
});

const now = (green: number, change: Partial<ServiceNow> = {}): ServiceNow => ({
  key,
  exists: true,
  desiredCount: 4,
  running: 8,
  groups: [
    { arn: BLUE, healthy: 4, weight: 100 - green },
    { arn: GREEN, healthy: 4, weight: green },
  ],
  taskSets: [set("blue"), set("green")],
  deployments: [],
  ...change,
});

type Input = Readonly<Record<string, unknown>>;
const call = (operation: string, input: Input, before: ServiceNow, after = before): CallStep => ({
  kind: "call",
  at: at(200),
  key,
  operation,
  input,
  before,
  after,
});

const forward = (blue: number, green: number): Input => ({
  RuleArn: "rule",
  Actions: [
    {
      ForwardConfig: {
        TargetGroups: [
          { TargetGroupArn: BLUE, Weight: blue },
          { TargetGroupArn: GREEN, Weight: green },
        ],
      },
    },
  ],
});

const weighs = (green: number): Action => ({
  type: "set-weights",
  rule: "rule",
  weights: { [BLUE]: 100 - green, [GREEN]: green },
  stickiness: "keep",
});

const shift = (green: number, before: ServiceNow): CallStep =>
  call("ModifyRule", forward(100 - green, green), before);

const verdict = (kind: Verdict["kind"], total: number): Verdict => ({
  kind,
  text: "x",
  by: "e-process",
  metrics: [
    {
      metric: "errors",
      kind: "good",
      eBad: 0,
      eGood: 200,
      needed: 100,
      candidate: { total, bad: 0 },
      control: { total, bad: 0 },
      phi: 1,
      excessBound: 0,
    },
  ],
  at: at(100),
  failed: 0,
});

const read = (newestS: number | undefined): MetricsStep => ({
  kind: "metrics",
  at: at(100),
  newest: newestS === undefined ? undefined : at(newestS),
});

const openDeployment = [{ arn: "deployment/1", status: "IN_PROGRESS", createdAt: START }];
const start = (taskDefinition: string): Action => ({
  type: "start-deployment",
  order: { clusterArn: "c", service: "web", taskDefinition, pauseAt: [], pauseTimeoutMs: minutes(60) },
});

const update = { taskDefinition: "web:2" };
const again = (before: ServiceNow): CallStep => call("UpdateService", update, before);
const began = (before: ServiceNow): CallStep => {
  const deployments = [{ arn: "deployment/2", status: "PENDING", createdAt: START }, ...before.deployments];
  return call("UpdateService", update, before, { ...before, deployments });
};

interface Case {
  readonly id: string;
  readonly bug: string;
  readonly sound: () => readonly Step[];
  readonly planted: () => readonly Step[];
}

const scaled = (value: number, before: ServiceNow, taskSet = "set/blue"): CallStep =>
  call("UpdateTaskSet", { taskSet, scale: { unit: "PERCENT", value } }, before);

const cases: readonly Case[] = [
  {
    id: "S1",
    bug: "shrinks the old set to its share while the new one is still partial",
    sound: () => [scaled(50, now(50))],
    planted: () => [
      scaled(25, now(50, { taskSets: [set("blue"), set("green", { running: 2, computed: 2, scale: 50 })] })),
    ],
  },
  {
    id: "S2",
    bug: "rounds down both weights",
    sound: () => [shift(5, now(0))],
    planted: () => [call("ModifyRule", forward(66, 33), now(0))],
  },
  {
    id: "S2",
    bug: "gives everything to an empty group",
    sound: () => [shift(100, now(50))],
    planted: () => [
      shift(
        100,
        now(50, {
          groups: [
            { arn: BLUE, healthy: 4, weight: 50 },
            { arn: GREEN, healthy: 0, weight: 50 },
          ],
        }),
      ),
    ],
  },
  {
    id: "S3",
    bug: "raises the weight of a set that is not steady",
    sound: () => [shift(5, now(0))],
    planted: () => [
      shift(5, now(0, { taskSets: [set("blue"), set("green", { stability: "STABILIZING" })] })),
    ],
  },
  {
    id: "S4",
    bug: "takes the weight of the step after",
    sound: () => [commit(active("stepping", { step: 1 })), shift(5, now(0))],
    planted: () => [commit(active("stepping", { step: 1 })), shift(25, now(5))],
  },
  {
    id: "S4",
    bug: "leaves out an approval",
    sound: () => [commit(active("stepping", { step: 2 })), commit(active("stepping", { step: 3 }))],
    planted: () => [commit(active("stepping", { step: 2 })), commit(active("stepping", { step: 4 }))],
  },
  {
    id: "S4",
    bug: "goes on while it goes back",
    sound: () => [commit(active("aborting", { step: 2 })), shift(0, now(5))],
    planted: () => [commit(active("aborting", { step: 2 })), shift(25, now(5))],
  },
  {
    id: "S5",
    bug: "deletes a set that has traffic",
    sound: () => [call("DeleteTaskSet", { taskSet: "set/green" }, now(0))],
    planted: () => [call("DeleteTaskSet", { taskSet: "set/green" }, now(5))],
  },
  {
    id: "S5",
    bug: "scales the primary to nothing",
    sound: () => [scaled(0, now(0), "set/green")],
    planted: () => [scaled(0, now(100), "set/blue")],
  },
  {
    id: "S6",
    bug: "forgets a rollout for another",
    sound: () => [commit(active("stepping")), commit(active("stepping", { step: 1 }))],
    planted: () => [commit(active("stepping")), commit(active("starting", { id: "r-0000000b" }))],
  },
  {
    id: "S6",
    bug: "begins a deployment over another",
    sound: () => [began(now(0)), again(now(0, { deployments: openDeployment }))],
    planted: () => [began(now(0, { deployments: openDeployment }))],
  },
  {
    id: "S7",
    bug: "lets two workers commit over one version",
    sound: () => [commit(active("stepping")), commit(active("stepping"))],
    planted: () => {
      const one = commit(active("stepping"));
      return [one, one];
    },
  },
  {
    id: "S8",
    bug: "creates the task set again after a time-out",
    sound: () => [call("CreateTaskSet", { externalId: "r-1" }, now(0, { taskSets: [set("blue")] }), now(0))],
    planted: () => {
      const after = now(0, { taskSets: [set("blue"), set("green"), set("green", { arn: "set/other" })] });
      return [
        call("CreateTaskSet", { externalId: "r-1" }, now(0, { taskSets: [set("blue")] }), now(0)),
        call("CreateTaskSet", { externalId: "r-1" }, now(0), after),
      ];
    },
  },
  {
    id: "S9",
    bug: "writes before its intent is durable",
    sound: () => [commit(active("stepping"), weighs(5)), shift(5, now(0))],
    planted: () => [commit(active("stepping"), weighs(5)), shift(25, now(0))],
  },
  {
    id: "S9",
    bug: "starts what was not intended",
    sound: () => [
      commit(active("starting"), start("web:2")),
      call("UpdateService", { taskDefinition: "web:2" }, now(0)),
    ],
    planted: () => [
      commit(active("starting"), start("web:2")),
      call("UpdateService", { taskDefinition: "web:3" }, now(0)),
    ],
  },
  {
    id: "S10",
    bug: "takes another step after an abort",
    sound: () => [commit(active("stepping", { step: 1 })), order("abort", 100), shift(0, now(5))],
    planted: () => [commit(active("stepping", { step: 1 })), order("abort", 100), shift(5, now(0))],
  },
  {
    id: "S10",
    bug: "continues the deployment after an abort",
    sound: () => [
      commit(active("stepping")),
      order("abort", 100),
      call("ContinueServiceDeployment", { hookId: "h", action: "ROLLBACK" }, now(5)),
    ],
    planted: () => [
      commit(active("stepping")),
      order("abort", 100),
      call("ContinueServiceDeployment", { hookId: "h", action: "CONTINUE" }, now(5)),
    ],
  },
  {
    id: "S11",
    bug: "sets the desired count",
    sound: () => [call("UpdateService", { taskDefinition: "web:2" }, now(0))],
    planted: () => [call("UpdateService", { taskDefinition: "web:2", desiredCount: 8 }, now(0))],
  },
  {
    id: "S14",
    bug: "passes an analysis on old points",
    sound: () => [read(40), commit(active("stepping", { verdict: verdict("good", 90) }))],
    planted: () => [read(-3_600), commit(active("stepping", { verdict: verdict("good", 90) }))],
  },
  {
    id: "S14",
    bug: "takes no data for a pass",
    sound: () => [read(undefined), commit(active("stepping", { verdict: verdict("no-data", 0) }))],
    planted: () => [read(undefined), commit(active("stepping", { verdict: verdict("good", 0) }))],
  },
  {
    id: "S14",
    bug: "counts requests twice",
    sound: () => [read(40), commit(active("stepping", { verdict: verdict("good", 100) }))],
    planted: () => [read(40), commit(active("stepping", { verdict: verdict("good", 200) }))],
  },
  {
    id: "L4",
    bug: "refuses an abort in the middle",
    sound: () => [commit(active("stepping")), order("abort", 9), commit(active("aborting", {}, ["d-abort"]))],
    planted: () => [
      commit(active("stepping")),
      order("abort", 9),
      commit(active("stepping", {}, ["d-abort"])),
    ],
  },
];

function complaints(id: string, steps: readonly Step[]): readonly string[] {
  const known = {
    policyOf: () => POLICY,
    served: () => 100,
    mayBeStale: () => false,
    wasReadHealthy: () => false,
  };
  const checkers = INVARIANTS.filter((invariant) => invariant.id === id).map(({ create }) => create(known));
  return steps.flatMap((step) => checkers.flatMap((check) => check(step) ?? []));
}

const fromOne = (steps: () => readonly Step[]): readonly Step[] => {
  version = 0;
  return steps();
};

describe.each(cases)("$id: a product that $bug", ({ id, sound, planted }) => {
  it("is caught", () => {
    expect(complaints(id, fromOne(planted))).toHaveLength(1);
  });

  it("is not suspected where it does right", () => {
    expect(complaints(id, fromOne(sound))).toEqual([]);
  });
});

it("every invariant has a planted bug", () => {
  expect([...new Set(INVARIANTS.map(({ id }) => id))].sort()).toEqual(
    [...new Set(cases.map(({ id }) => id))].sort(),
  );
});
