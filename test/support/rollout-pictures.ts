// Rollouts as the table keeps them, for tests of what people see of them.

import { plain } from "../../cli/io.ts";
import { renderRollout } from "../../cli/render/rollout.ts";
import { SIGNS } from "../../cli/render/rollout-symbols.ts";
import { minutes, seconds } from "../../shared/base/time.ts";
import type { Aggregate, Json } from "../../shared/contracts/aggregate.ts";
import type { RolloutPolicy } from "../../shared/contracts/rollout-policy.ts";
import type { MetricState, Verdict } from "../../shared/core/rollout/analysis/analysis.ts";
import type { PastRollout, RolloutState } from "../../shared/core/rollout/state.ts";
import { rolloutViewOf } from "../../shared/shell/rollout-view.ts";
import {
  BLUE,
  GREEN,
  KEY,
  later,
  NEW,
  NOW,
  OLD,
  pauseFor,
  rolloutPolicy,
  setWeight,
  taskOf,
} from "./rollout-builders.ts";

export const drawing = { paint: plain, symbols: SIGNS };
export const now = later(minutes(4));

const oldTask = (number: number) =>
  taskOf(number, { taskDefinitionArn: OLD, startedBy: "ecs-svc/0", startedAt: later(-minutes(90)) });
const newTask = (number: number) => taskOf(number, { startedAt: later(minutes(1)) });
export const starting = taskOf(4, { lastStatus: "PENDING", health: "UNKNOWN" });

export function aggregate(
  state: RolloutState,
  more: Partial<Aggregate["state"]> = {},
  commands: Aggregate["commands"] = [],
): Aggregate {
  const tasks = [oldTask(1), oldTask(2), newTask(3)];
  return {
    key: KEY,
    policy: { rollout: rolloutPolicy() },
    commands,
    state: {
      version: 7,
      tasks: Object.fromEntries(tasks.map((task) => [task.taskId, task])),
      capabilities: { rollout: state as unknown as Json }, // -- reason: plain data, as the store keeps it
      intents: [],
      awaiting: [],
      reasons: {},
      decidedAt: NOW,
      failures: 0,
      ...more,
    },
  };
}

export const picture = (
  state: RolloutState,
  more: Partial<Aggregate["state"]> = {},
  policy: Partial<RolloutPolicy> = {},
) => renderRollout(rolloutViewOf(aggregate(state, more), rolloutPolicy(policy), now), drawing);

const metric = (candidate: [number, number], control: [number, number]): MetricState => ({
  sums: [],
  guard: 0,
  phi: 1,
  candidate: { total: candidate[0], bad: candidate[1] },
  control: { total: control[0], bad: control[1] },
  lastBinAt: later(minutes(3)),
  lastRequests: { candidate: 61, control: 549 },
});

export const verdict = (kind: Verdict["kind"], bad: number): Verdict => ({
  kind,
  text:
    kind === "bad"
      ? "14 of 61 requests failed, 1 of 549 of the old revision; 2 was the least possible."
      : "Nothing is proven yet.",
  by: "e-process",
  metrics: [
    {
      metric: "errors",
      kind: kind === "bad" ? "bad" : "pending",
      eBad: kind === "bad" ? 5_230.4 : 0.41,
      eGood: 1.2,
      needed: 200,
      candidate: { total: 61, bad },
      control: { total: 549, bad: 1 },
      phi: 1.04,
      excessBound: 0.034,
    },
  ],
  at: now,
  failed: bad,
  leastFailed: 2,
});

export const under = {
  steps: [setWeight(10), pauseFor(600_000), setWeight(50)],
  step: 1,
  stepSince: later(seconds(90)),
  weight: 10,
  weights: { [BLUE]: 90, [GREEN]: 10 },
  scale: 100,
  trafficSince: later(seconds(90)),
  target: { taskDefinition: NEW, images: ["web=shop/web:1.8"] },
  source: { taskDefinition: OLD, images: ["web=shop/web:1.7"] },
  analysis: {
    since: later(seconds(90)),
    metrics: { errors: metric([61, 1], [549, 1]) },
    requestsPerSecond: 10.1,
  },
};

export const past = (outcome: PastRollout["outcome"], more: Partial<PastRollout> = {}): PastRollout => ({
  id: "r-0000aaaa",
  outcome,
  driver: "native",
  author: "ada",
  target: { taskDefinition: NEW, images: [] },
  source: { taskDefinition: OLD, images: [] },
  startedAt: later(-minutes(30)),
  endedAt: later(-minutes(10)),
  step: 3,
  steps: 3,
  weight: 100,
  reason: "Promoted: no worse than the old revision.",
  ...more,
});

export const aborting = {
  ...under,
  verdict: verdict("bad", 14),
  cause: { code: "verdict-bad", text: "14 of 61 requests failed; 2 was the least possible.", since: now },
  weight: 0,
  weights: { [BLUE]: 100, [GREEN]: 0 },
};
