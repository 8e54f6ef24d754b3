// Ours, as the product runs it: the capability's own `decide` and `settle` with the native driver, pass by pass,
// over a world in miniature: one service behind one listener rule, a deployment that waits in its PAUSE hook, and
// a feed that answers when a bin is complete. Nothing of the algorithm is written here a second time.

import type { EpochMs } from "../../../shared/base/time.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { Action, Proposal } from "../../../shared/contracts/actions.ts";
import type { Fact } from "../../../shared/contracts/facts.ts";
import type { Series, Subscription } from "../../../shared/contracts/metrics.ts";
import { defaultRolloutPolicy } from "../../../shared/contracts/rollout-defaults.ts";
import type { RolloutPolicy } from "../../../shared/contracts/rollout-policy.ts";
import type { DeploymentView } from "../../../shared/contracts/rollout-views.ts";
import { rollout } from "../../../shared/core/rollout/decide.ts";
import type { RolloutObservation } from "../../../shared/core/rollout/observation.ts";
import type { RolloutState } from "../../../shared/core/rollout/state.ts";
import {
  DEPLOYMENT_ARN,
  deploymentView,
  GREEN,
  healthOf,
  KEY,
  NEW,
  observed,
  order,
  read,
  revisionView,
  ruleView,
  serviceView,
} from "../../support/rollout-builders.ts";
import { completeUntil, policyFor } from "./composed.ts";
import type { Algorithm, Move, Run, Setting, Tally, View, Window } from "./replay.ts";
import { ACTUATION_SECONDS } from "./replay.ts";

/** Traffic begins here: a whole minute, so that bins begin with it. */
const BEGIN = Date.UTC(2026, 10, 20, 12);
const at = (seconds: number): EpochMs => epochMs(BEGIN + Math.round(seconds * 1_000));
/** The start is ordered, found, and its first weight written so long before: written, it acts when traffic begins. */
const PREPARING_SECONDS = ACTUATION_SECONDS + 2;
const ASKING_ROUNDS = 4;
/** More passes than any instant needs: a loop would be a bug, and shall be seen. */
const MOST_PASSES = 500;
const SLOW_SECONDS = 0.5;

type Answers = Partial<RolloutObservation>;
type Acted = (action: Action, now: EpochMs) => Readonly<Record<string, string>> | undefined;

/** State between two passes, as the table keeps it. */
class Kept {
  state: RolloutState = rollout.initial;
  wakeAt: EpochMs | undefined;
  readonly #policy: RolloutPolicy;
  readonly #answers: () => Answers;
  readonly #act: Acted;

  constructor(policy: RolloutPolicy, answers: () => Answers, act: Acted) {
    this.#policy = policy;
    this.#answers = answers;
    this.#act = act;
  }

  /** One pass as the shell runs it: read what is asked for, decide, act, settle. */
  pass(now: EpochMs, news: Pick<RolloutObservation, "facts" | "commands">): void {
    const input = { key: KEY, state: this.state, policy: this.#policy, now, seed: 7 };
    let seen = observed(news);
    let decision = rollout.decide({ ...input, observation: seen });
    for (let round = 0; (decision.asks ?? []).length > 0 && round < ASKING_ROUNDS; round += 1) {
      const all = this.#answers();
      const asked = Object.entries(all).filter(([name]) => decision.asks?.includes(name));
      seen = { ...seen, ...Object.fromEntries(asked) };
      decision = rollout.decide({ ...input, observation: seen });
    }
    const settled = decision.proposals.map((proposal: Proposal) => {
      const answer = this.#act(proposal.action, now);
      return { proposal, outcome: { kind: "done" as const, ...(answer === undefined ? {} : { answer }) } };
    });
    const after = rollout.settle({ state: decision.state, settled, now, seed: 7 });
    this.state = after.state;
    this.wakeAt = soonest(decision.wakeAt, after.wakeAt);
  }

  /** All timers that are due by then, each at its own instant. */
  wakeUntil(now: EpochMs): void {
    for (let passes = 0; this.wakeAt !== undefined && this.wakeAt <= now; passes += 1) {
      if (passes > MOST_PASSES) throw new Error(`the rollout wakes itself again and again at ${this.wakeAt}`);
      const due = this.wakeAt;
      this.pass(due, { facts: [{ kind: "wake", cause: "timer", at: due }], commands: [] });
    }
  }
}

const soonest = (one: EpochMs | undefined, other: EpochMs | undefined): EpochMs | undefined =>
  one === undefined || (other !== undefined && other < one) ? other : one;

/** The service, its rule and its deployment. */
class MiniatureWorld {
  weight = 0;
  subscription: Subscription | undefined;
  readonly #policy: RolloutPolicy;
  readonly #baseline: readonly Series[];
  #deployment: DeploymentView | undefined;

  constructor(policy: RolloutPolicy, baseline: readonly Tally[]) {
    this.#policy = policy;
    this.#baseline = baselineSeries(baseline);
  }

  get policy(): RolloutPolicy {
    return this.#policy;
  }

  readonly answers = (): Answers => ({
    service: read(
      this.#deployment === undefined
        ? serviceView()
        : serviceView({ taskDefinition: NEW, currentDeploymentArn: DEPLOYMENT_ARN }),
    ),
    deployment: read(this.#deployment),
    revisions: read([revisionView(7), revisionView(8)]),
    rule: read(ruleView(100 - this.weight)),
    health: read(healthOf()),
    baseline: read({ p99Seconds: SLOW_SECONDS, series: this.#baseline }),
    peers: read([]),
  });

  readonly act: Acted = (action, now) => {
    if (action.type === "start-deployment") {
      this.#deployment = deploymentView({ createdAt: now });
      return { deploymentArn: DEPLOYMENT_ARN };
    }
    if (action.type === "set-weights") this.weight = action.weights[GREEN] ?? 0;
    if (action.type === "subscribe-metrics" && action.subscription.queries.length > 0)
      this.subscription = action.subscription;
    return undefined;
  };
}

function baselineSeries(baseline: readonly Tally[]): readonly Series[] {
  const points = (count: (tally: Tally) => number): Series["points"] =>
    baseline.map(
      (tally, minute) => [at((minute - baseline.length) * 60 - PREPARING_SECONDS), count(tally)] as const,
    );
  const total = points((tally) => tally.total);
  return [
    { id: "errors/control/total", points: total },
    { id: "errors/control/bad", points: points((tally) => tally.bad) },
    { id: "errors/control/bad.1", points: [] },
    { id: "slow/control/total", points: total },
    { id: "slow/control/bad", points: points((tally) => tally.slow) },
  ];
}

/** What the feed answers to one query: as CloudWatch, no point where nothing was counted. */
function seriesOf(
  id: string,
  windows: readonly (readonly [number, Window])[],
  span: Series["window"],
): Series {
  const [metric, side, role] = id.split("/");
  const countOf = (window: Window): number => {
    const tally = side === "candidate" ? window.candidate : window.control;
    if (role === "total") return tally.total;
    if (role !== "bad") return 0;
    return metric === "slow" ? tally.slow : tally.bad;
  };
  const points = windows
    .map(([from, window]) => [at(from), countOf(window)] as const)
    .filter(([, count]) => count > 0);
  return { id, points, ...(span === undefined ? {} : { window: span }) };
}

function begin({ feed, baseline }: Setting): Run {
  const policy: RolloutPolicy = { ...defaultRolloutPolicy, mode: "act", analysis: policyFor(feed) };
  const world = new MiniatureWorld(policy, baseline);
  const kept = new Kept(policy, world.answers, world.act);
  const started = order("start", { taskDefinition: NEW, at: at(-PREPARING_SECONDS) });
  kept.pass(at(-PREPARING_SECONDS), { facts: [], commands: [started] });
  for (let now = -PREPARING_SECONDS; world.weight === 0 && now < -ACTUATION_SECONDS; now += 1)
    kept.wakeUntil(at(now));
  if (world.weight === 0) throw new Error(`the rollout did not begin: ${JSON.stringify(kept.state)}`);
  let answeredUntil = 0;
  const step = (view: View): Move | undefined => {
    const before = world.weight;
    kept.wakeUntil(at(view.now));
    const until = completeUntil(view.now, feed);
    const fact =
      until > answeredUntil ? metricsFact([answeredUntil, until], view, { feed, kept, world }) : undefined;
    if (fact !== undefined) {
      answeredUntil = until;
      kept.pass(at(view.now), { facts: [fact], commands: [] });
    }
    return moveOf(kept.state, { before, now: world.weight });
  };
  return { firstWeight: world.weight, step };
}

interface Under {
  readonly feed: Setting["feed"];
  readonly kept: Kept;
  readonly world: MiniatureWorld;
}

/** The feed rings only for those who subscribed; while the provider is silent it has nothing to tell. */
function metricsFact(
  [from, until]: readonly [number, number],
  view: View,
  { feed, kept, world }: Under,
): Fact | undefined {
  const { subscription } = world;
  if (subscription === undefined || kept.state.phase === "idle") return undefined;
  const windows: (readonly [number, Window])[] = [];
  for (let start = from; start < until; start += feed.periodSeconds) {
    const window = view.window(start, start + feed.periodSeconds);
    if (window === undefined) return undefined;
    windows.push([start, window]);
  }
  const span = [at(from), at(until)] as const;
  const series = subscription.queries.map(({ id }) => seriesOf(id, windows, span));
  return { kind: "metrics", rollout: subscription.rollout, series, at: at(view.now) };
}

function moveOf(
  state: RolloutState,
  weights: { readonly before: number; readonly now: number },
): Move | undefined {
  const { phase } = state;
  if (phase === "aborting" || (phase === "idle" && state.past[0]?.outcome !== "promoted")) return "rollback";
  if (phase === "finishing" || phase === "idle") return "promote";
  return weights.now === weights.before ? undefined : { weight: weights.now };
}

export const fairlead: Algorithm = {
  name: "fairlead",
  source: "shared/core/rollout: decide and settle with the default policy, native driver",
  role: "ours",
  begin,
};
