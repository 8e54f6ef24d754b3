// The product's own analysis and ramp without its state machine: what the ablations take a part away from.

import type { EpochMs } from "../../../shared/base/time.ts";
import { epochMs, seconds } from "../../../shared/base/time.ts";
import {
  DEFAULT_CONTROL_SHARE,
  DEFAULT_FAST_FRESHNESS_MS,
  defaultAnalysisPolicy,
  defaultAutoSteps,
} from "../../../shared/contracts/rollout-defaults.ts";
import type { AnalysisPolicy } from "../../../shared/contracts/rollout-policy.ts";
import type { AnalysisState, Bin, Counts } from "../../../shared/core/rollout/analysis/analysis.ts";
import { judge } from "../../../shared/core/rollout/analysis/judge.ts";
import { initialAnalysis, learn, learnBaseline } from "../../../shared/core/rollout/analysis/learn.ts";
import { nextWeight } from "../../../shared/core/rollout/analysis/ramp.ts";
import type { Move, Run, Setting, Tally, View } from "./replay.ts";
import { ACTUATION_SECONDS } from "./replay.ts";
import type { FeedKind } from "./scenarios.ts";

/** As the manifest's reader fills it in for these bins. */
export const policyFor = (feed: FeedKind): AnalysisPolicy => ({
  ...defaultAnalysisPolicy,
  periodMs: seconds(feed.periodSeconds),
  freshnessMs: feed.periodSeconds < 60 ? DEFAULT_FAST_FRESHNESS_MS : defaultAnalysisPolicy.freshnessMs,
});

const errorsOf = ({ total, bad }: Tally): Counts => ({ total, bad });
const slowOf = ({ total, slow }: Tally): Counts => ({ total, bad: slow });

export const baselineOf = (baseline: readonly Tally[]): Readonly<Record<string, readonly Counts[]>> => ({
  errors: baseline.map(errorsOf),
  slow: baseline.map(slowOf),
});

type Bins = Record<"errors" | "slow", Bin[]>;

/** Complete bins in [from, until), seconds; undefined: the metrics do not answer. */
export function binsOf(
  view: View,
  [from, until]: readonly [number, number],
  feed: FeedKind,
): Bins | undefined {
  const bins: Bins = { errors: [], slow: [] };
  for (let at = from; at < until; at += feed.periodSeconds) {
    const window = view.window(at, at + feed.periodSeconds);
    if (window === undefined) return undefined;
    const frame = { at: epochMs(at * 1_000), spanMs: seconds(feed.periodSeconds) };
    const { candidate, control } = window;
    bins.errors.push({ ...frame, candidate: errorsOf(candidate), control: errorsOf(control) });
    bins.slow.push({ ...frame, candidate: slowOf(candidate), control: slowOf(control) });
  }
  return bins;
}

/** End of the newest bin that is complete by now. */
export const completeUntil = (now: number, { lagSeconds, periodSeconds }: FeedKind): number =>
  Math.max(0, Math.floor((now - lagSeconds) / periodSeconds) * periodSeconds);

export interface Parts {
  /** Takes the place of the verdict "bad". */
  readonly isBad?: (setting: Setting) => (view: View) => boolean;
  /** After each bin: what the analysis may remember. */
  readonly forget?: (state: AnalysisState) => AnalysisState;
}

/** Analysis and ramp of one rollout. */
class Composed {
  readonly firstWeight = defaultAutoSteps.firstWeight;
  readonly #feed: FeedKind;
  readonly #policy: AnalysisPolicy;
  readonly #forget: (state: AnalysisState) => AnalysisState;
  readonly #isBad: ((view: View) => boolean) | undefined;
  #state: AnalysisState;
  #learntUntil = 0;
  #raisedAt = 0;

  constructor(parts: Parts, setting: Setting) {
    this.#feed = setting.feed;
    this.#policy = policyFor(setting.feed);
    this.#forget = parts.forget ?? ((state) => state);
    this.#isBad = parts.isBad?.(setting);
    const before = learnBaseline(
      initialAnalysis(this.#policy, epochMs(0)),
      baselineOf(setting.baseline),
      this.#policy,
    );
    this.#state = this.#forget(before);
  }

  step(view: View): Move | undefined {
    const isLearnt = this.#learn(view);
    if (this.#isBad?.(view) === true) return "rollback";
    return isLearnt ? this.#move(view, epochMs(view.now * 1_000)) : undefined;
  }

  #learn(view: View): boolean {
    const until = completeUntil(view.now, this.#feed);
    const bins = until > this.#learntUntil ? binsOf(view, [this.#learntUntil, until], this.#feed) : undefined;
    if (bins === undefined) return false;
    this.#state = this.#forget(
      learn(this.#state, bins, { policy: this.#policy, now: epochMs(view.now * 1_000) }),
    );
    this.#learntUntil = until;
    return true;
  }

  #move(view: View, now: EpochMs): Move | undefined {
    const policy = this.#policy;
    const verdict = judge(this.#state, { policy, now });
    if (verdict.kind === "bad" && this.#isBad === undefined) return "rollback";
    const isSure = verdict.kind === "good";
    if (isSure && view.weight >= WHOLE) return "promote";
    const next = nextWeight(this.#state, {
      auto: defaultAutoSteps,
      policy,
      now,
      weight: view.weight,
      raisedAt: epochMs(this.#raisedAt * 1_000),
      cap: WHOLE,
      controlShare: isSure ? 0 : DEFAULT_CONTROL_SHARE,
      settleMs: seconds(this.#feed.lagSeconds),
    });
    if (next.weight <= view.weight) return undefined;
    this.#raisedAt = view.now + ACTUATION_SECONDS;
    return { weight: next.weight };
  }
}

const WHOLE = 100;

export const composed =
  (parts: Parts) =>
  (setting: Setting): Run =>
    new Composed(parts, setting);
