// A workbench for the feed: the shell's, with a provider of metrics that answers as it is told and writes down
// what it was asked.

import type { Key } from "../../shared/base/keys.ts";
import { feedKeyOf } from "../../shared/base/keys.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs, minutes } from "../../shared/base/time.ts";
import type { Fact, MetricsFact, SubscriptionFact } from "../../shared/contracts/facts.ts";
import type { MetricQuery, Series, Subscription } from "../../shared/contracts/metrics.ts";
import type { MetricWindow } from "../../shared/ports/metrics.ts";
import { feedPass } from "../../shared/shell/feed.ts";
import { NOW } from "./discovery-builders.ts";
import type { Bench } from "./shell-bench.ts";
import { createBench } from "./shell-bench.ts";

export const MINUTE = minutes(1);
/** The bench's clock begins on a full minute. */
export const T0 = epochMs(Math.ceil(NOW / MINUTE) * MINUTE);
export const FEED = feedKeyOf({ account: "111122223333", region: "eu-west-3" });
export const keyAt = (number: number) => `111122223333/eu-west-3/quay/crane-${number}` as Key;

export const query = (id: string, metricName = id, changes: Partial<MetricQuery> = {}): MetricQuery => ({
  id,
  source: { provider: "cloudwatch", namespace: "N", metricName, dimensions: {}, statistic: "Sum" },
  periodMs: MINUTE,
  ...changes,
});

export const order = (number: number, changes: Partial<Subscription> = {}): Subscription => ({
  key: keyAt(number),
  rollout: `r-${number}`,
  queries: [query("total", `total-${number}`), query("bad", `bad-${number}`)],
  from: T0,
  settleMs: MINUTE,
  until: epochMs(T0 + minutes(30)),
  ...changes,
});

export const begins = (subscription: Subscription, at: EpochMs = T0): SubscriptionFact => ({
  kind: "subscription",
  subscription,
  at,
});

export interface Read {
  readonly queries: readonly MetricQuery[];
  readonly window: MetricWindow;
}

export interface FeedBench extends Bench {
  readonly reads: Read[];
  answer: (query: MetricQuery, window: MetricWindow) => Series;
}

/** Every minute of the window has the value 1. */
export function everyMinute({ id, periodMs }: MetricQuery, { from, until }: MetricWindow): Series {
  const points: [EpochMs, number][] = [];
  for (let at = from; at < until; at = epochMs(at + periodMs)) points.push([at, 1]);
  return { id, points };
}

export function feedBench(): FeedBench {
  const bench = createBench();
  const reads: Read[] = [];
  const made: FeedBench = { ...bench, reads, answer: everyMinute };
  const metrics = {
    read: async (queries: readonly MetricQuery[], window: MetricWindow) => {
      bench.calls.push("metrics");
      bench.world.trip("metrics", "before");
      reads.push({ queries, window });
      return queries.map((one) => made.answer(one, window));
    },
  };
  Object.assign(made, { ports: { ...bench.ports, read: { ...bench.ports.read, metrics } } });
  bench.world.now = T0;
  return made;
}

/** Each stimulus of a test has its own name. */
export const run = (bench: FeedBench, facts: readonly Fact[] = [], key: Key = FEED) =>
  feedPass({ key, facts, cause: `cause-${bench.calls.length}` }, bench.ports);
export const stateOf = async (bench: Bench, key = FEED) => (await bench.stores.state.load(key)).state;
export const at = (bench: Bench, ms: number): void => {
  bench.world.now = epochMs(T0 + ms);
};

/** The minutes (since T0) of each series that the rollout was rung with, newest ring last. */
export const heard = (bench: Bench, number = 1) =>
  bench.rung
    .filter(({ key }) => key === keyAt(number))
    .map(({ facts }) =>
      Object.fromEntries(
        (facts[0] as MetricsFact).series.map(({ id, points }) => [
          id,
          points.map(([start]) => (start - T0) / MINUTE),
        ]),
      ),
    );
