// Default metrics, placeholders, the order to the feed, and what its answers mean.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Key } from "../../base/keys.ts";
import { epochMs, minutes, seconds } from "../../base/time.ts";
import type { MetricsFact } from "../../contracts/facts.ts";
import type { Series } from "../../contracts/metrics.ts";
import type { MetricPolicy, RolloutPolicy } from "../../contracts/rollout-policy.ts";
import type { Judging } from "./metrics.ts";
import {
  baselineQueries,
  binsOf,
  historyOf,
  isRenewalDue,
  latencyReading,
  metricPoliciesOf,
  p99Of,
  SUBSCRIPTION_LIFE_MS,
  subscriptionOf,
  WATCH,
  watchOf,
} from "./metrics.ts";

const MINUTE = 60_000;
const T0 = epochMs(Date.UTC(2026, 10, 22, 12));
const at = (minute: number) => epochMs(T0 + minute * MINUTE);
const key = "111122223333/eu-west-3/quay/crane" as Key;
const group = (name: string) =>
  `arn:aws:elasticloadbalancing:eu-west-3:111122223333:targetgroup/${name}/0123456789abcdef`;

const places = {
  loadBalancer: "app/quay/50dc6c495c0c9188",
  stableGroup: group("blue"),
  candidateGroup: group("green"),
};

const custom: MetricPolicy = {
  name: "jobs",
  periodMs: minutes(1),
  total: {
    provider: "cloudwatch",
    namespace: "Crane",
    metricName: "Jobs",
    dimensions: { Version: "{{task_definition}}", Side: "{{ side }}" },
    statistic: "Sum",
  },
  bad: {
    provider: "prometheus",
    url: "https://prometheus.example",
    query: 'x{r="{{revision}}"}[{{period}}s]',
  },
  dryRun: false,
};

interface Changes {
  readonly metrics?: RolloutPolicy["analysis"]["metrics"];
  readonly places?: Judging["rollout"]["places"];
  readonly analysis?: Partial<Judging["rollout"]["analysis"]>;
}

const judging = (changes: Changes = {}): Judging => ({
  rollout: {
    id: "r-00000001",
    places: changes.places ?? places,
    analysis: { metrics: {}, requestsPerSecond: 0, slowSeconds: 0.25, since: at(0), ...changes.analysis },
    source: {
      taskDefinition: "arn:aws:ecs:eu-west-3:111122223333:task-definition/crane:1",
      revisionArn: "arn:aws:ecs:eu-west-3:111122223333:service-revision/quay/crane/111",
      images: [],
    },
    target: {
      taskDefinition: "arn:aws:ecs:eu-west-3:111122223333:task-definition/crane:2",
      revisionArn: "arn:aws:ecs:eu-west-3:111122223333:service-revision/quay/crane/222",
      images: [],
    },
    trafficSince: at(0),
  },
  // -- reason: the rest of the policy has no say in metrics
  policy: {
    analysis: { metrics: changes.metrics ?? "default", periodMs: minutes(1) },
  } as unknown as RolloutPolicy,
});

const subscribed = (changes: Changes = {}) => subscriptionOf({ ...judging(changes), key, now: at(3) });

describe("the default metrics", () => {
  it("are failed and slow requests of both target groups", () => {
    const { subscription, problems } = subscribed();
    expect(problems).toEqual([]);
    const asked = (subscription?.queries ?? []).map(({ id, source }) =>
      source.provider === "cloudwatch"
        ? [id, source.metricName, source.statistic, source.dimensions["TargetGroup"]]
        : [],
    );
    const blue = "targetgroup/blue/0123456789abcdef";
    const green = "targetgroup/green/0123456789abcdef";
    expect(asked).toEqual([
      ["errors/candidate/total", "RequestCount", "Sum", green],
      ["errors/candidate/bad", "HTTPCode_Target_5XX_Count", "Sum", green],
      ["errors/candidate/bad.1", "TargetConnectionErrorCount", "Sum", green],
      ["errors/control/total", "RequestCount", "Sum", blue],
      ["errors/control/bad", "HTTPCode_Target_5XX_Count", "Sum", blue],
      ["errors/control/bad.1", "TargetConnectionErrorCount", "Sum", blue],
      ["slow/candidate/total", "RequestCount", "Sum", green],
      ["slow/candidate/bad", "TargetResponseTime", "TC(0.25:)", green],
      ["slow/control/total", "RequestCount", "Sum", blue],
      ["slow/control/bad", "TargetResponseTime", "TC(0.25:)", blue],
    ]);
  });

  it.each<[string, Changes, readonly string[]]>([
    ["no latency known", { analysis: { slowSeconds: Number.NaN } }, ["errors"]],
    ["a Network Load Balancer", { places: { ...places, loadBalancer: "net/quay/1" } }, []],
    ["no load balancer", { places: {} }, []],
    ["one group for both", { places: { ...places, candidateGroup: group("blue") } }, ["errors", "slow"]],
  ])("with %s", (_case, changes, names) => {
    const { rollout, policy } = judging(changes);
    expect(metricPoliciesOf(rollout, policy).map(({ name }) => name)).toEqual(names);
  });

  it("are asked once where both revisions share a group", () => {
    const queries = subscribed({ places: { ...places, candidateGroup: group("blue") } }).subscription
      ?.queries;
    expect(new Set(queries?.map(({ id }) => id.split("/")[1]))).toEqual(new Set(["candidate"]));
  });
});

describe("placeholders", () => {
  it("name side, versions and period", () => {
    const queries = subscribed({ metrics: [custom] }).subscription?.queries ?? [];
    expect(
      queries.map(({ source }) => (source.provider === "cloudwatch" ? source.dimensions : source)),
    ).toEqual([
      { Version: "crane:2", Side: "candidate" },
      { ...custom.bad, query: 'x{r="222"}[60s]' },
      { Version: "crane:1", Side: "control" },
      { ...custom.bad, query: 'x{r="111"}[60s]' },
    ]);
  });

  it.each([
    ["{{sides}}", "is no placeholder"],
    ["{{target_group}}", "has no value"],
  ])("%s %s and makes no query", (text, problem) => {
    const total = { ...custom.total, dimensions: { Group: text } } as MetricPolicy["total"];
    const answer = subscribed({ metrics: [{ ...custom, total }], places: {} });
    expect(answer.subscription).toBeUndefined();
    expect(answer.problems[0]).toContain(`metric jobs: ${text} ${problem}`);
  });
});

describe("the order to the feed", () => {
  it("is the same at every renewal but for its end", () => {
    const one = subscribed().subscription;
    const later = subscriptionOf({ ...judging(), key, now: at(13) }).subscription;
    expect({ ...later, until: one?.until }).toEqual(one);
    expect(one).toMatchObject({
      key,
      rollout: "r-00000001",
      from: at(0),
      until: at(3) + SUBSCRIPTION_LIFE_MS,
    });
  });

  it.each([
    [undefined, true],
    [at(9), true],
    [at(14), false],
  ])("until %s is due for renewal: %s", (until, due) => {
    expect(isRenewalDue(until, at(0))).toBe(due);
  });

  it("has its own delay for each provider", () => {
    const fine = { ...custom, periodMs: seconds(10) };
    const settles = (metrics: readonly MetricPolicy[]) =>
      subscribed({ metrics }).subscription?.queries.map(({ settleMs }) => settleMs);
    expect(settles([custom])).toEqual([60_000, 15_000, 60_000, 15_000]);
    expect(settles([fine])).toEqual([10_000, 15_000, 10_000, 15_000]);
  });

  it("watches rules by load balancer", () => {
    const arn = (kind: string, rest: string) =>
      `arn:aws:elasticloadbalancing:eu-west-3:111122223333:${kind}/${rest}`;
    const rules = [
      arn("listener-rule", "app/quay/1/a/b"),
      arn("listener", "app/quay/1/a"),
      arn("listener", "app/pier/2/a"),
    ];
    const watches = watchOf({ key, rules, now: at(0) });
    expect(watches.map(({ rules: own }) => own)).toEqual([rules.slice(0, 2), rules.slice(2)]);
    expect(watches[0]).toMatchObject({ key, rollout: WATCH, queries: [] });
  });
});

// --- answers --------------------------------------------------------------------------------------------

const window = [at(0), at(3)] as const;
type Values = Readonly<Record<string, readonly (number | undefined)[]>>;

/** By id the values of the minutes 0, 1, 2; every other id of the default metrics is read and empty. */
function fact(values: Values, changes: Readonly<Record<string, Partial<Series>>> = {}): MetricsFact {
  const series = (subscribed().subscription?.queries ?? []).map(({ id }): Series => {
    const points = (values[id] ?? []).flatMap((value, minute) =>
      value === undefined ? [] : [[at(minute), value] as const],
    );
    return { id, points, window, ...changes[id] };
  });
  return { kind: "metrics", rollout: "r-00000001", series, at: at(4) };
}

const counted = (answer: ReturnType<typeof binsOf>, metric: string) =>
  (answer.bins[metric] ?? []).map(({ at: start, candidate, control }) => [
    (start - T0) / MINUTE,
    candidate.total,
    candidate.bad,
    control.total,
    control.bad,
  ]);

describe("binsOf", () => {
  it("tells missing from zero: no total is no traffic, no bad ones are none", () => {
    const answer = binsOf(
      fact({
        "errors/candidate/total": [10, undefined, 20],
        "errors/candidate/bad": [undefined, undefined, 2],
        "errors/candidate/bad.1": [undefined, undefined, 1],
        "errors/control/total": [100, 90, 80],
        "errors/control/bad": [1],
      }),
      judging(),
    );
    expect(counted(answer, "errors")).toEqual([
      [0, 10, 0, 100, 1],
      [1, 0, 0, 90, 0],
      [2, 20, 3, 80, 0],
    ]);
    expect(answer).toMatchObject({
      answeredAt: at(4),
      problem: undefined,
      requestsSeen: 300,
      withoutControl: [],
    });
  });

  it("an empty newest bin may be late: it waits for the next answer, older ones count", () => {
    const answer = binsOf(fact({ "errors/control/total": [5] }), judging());
    expect(counted(answer, "errors")).toEqual([
      [0, 0, 0, 5, 0],
      [1, 0, 0, 0, 0],
    ]);
  });

  it.each(["errors/control/bad", "errors/candidate/total"])(
    "a failed %s makes no bin of its metric, and of that alone",
    (id) => {
      const values = { "errors/candidate/total": [1, 1, 1], "slow/candidate/total": [1, 1, 1] };
      const answer = binsOf(fact(values, { [id]: { problem: "PartialData" } }), judging());
      expect(answer.bins["errors"]).toBeUndefined();
      expect(counted(answer, "slow").length).toBe(3);
      expect(answer).toMatchObject({ answeredAt: at(4), problem: "metric errors: PartialData" });
    },
  );

  it("has no answer where nothing could be read", () => {
    const ids = fact({}).series.map(({ id }) => [id, { problem: "throttled" }] as const);
    const answer = binsOf(fact({}, Object.fromEntries(ids)), judging());
    expect(answer).toMatchObject({ bins: {}, answeredAt: undefined, requestsSeen: 0 });
    expect(answer.problem).toContain("throttled");
  });

  it("a part that is missing from the answer is unknown", () => {
    const whole = fact({ "errors/candidate/total": [1, 1, 1] });
    const partial = { ...whole, series: whole.series.filter(({ id }) => id !== "errors/control/total") };
    const answer = binsOf(partial, judging());
    expect(answer.bins["errors"]).toBeUndefined();
    expect(answer.problem).toContain("missing");
  });

  it("drops what was learnt, and what was before the traffic", () => {
    const values = { "errors/candidate/total": [1, 2, 3], "slow/candidate/total": [1, 2, 3] };
    const metric = {
      sums: [],
      guard: 0,
      phi: 1,
      candidate: { total: 0, bad: 0 },
      control: { total: 0, bad: 0 },
    };
    const analysis = { since: at(1), metrics: { errors: { ...metric, lastBinAt: at(1) } } };
    const answer = binsOf(fact(values), judging({ analysis }));
    expect(counted(answer, "errors").map(([minute]) => minute)).toEqual([2]);
    expect(counted(answer, "slow").map(([minute]) => minute)).toEqual([1, 2]);
  });

  it.each([
    ["NaN", Number.NaN],
    ["infinite", Number.POSITIVE_INFINITY],
    ["negative", -1],
  ])("a %s value makes its bin unknown", (_case, value) => {
    const answer = binsOf(fact({ "errors/candidate/total": [5, value, 5] }), judging());
    expect(counted(answer, "errors").map(([minute]) => minute)).toEqual([0, 2]);
    expect(answer.problem).toContain("no counts");
  });

  it.each([
    ["more bad ones than all", 5, 9, { total: 5, bad: 5 }],
    ["bad ones without a total", undefined, 4, { total: 4, bad: 4 }],
    ["a share of one", 9.6, 0.4, { total: 10, bad: 0 }],
  ])("%s", (_case, total, bad, counts) => {
    const values = { "errors/candidate/total": [total, 1, 1], "errors/candidate/bad": [bad] };
    expect(binsOf(fact(values), judging()).bins["errors"]?.[0]?.candidate).toEqual(counts);
  });

  it("a shared group has no control, and says so", () => {
    const shared = judging({ places: { ...places, candidateGroup: group("blue") } });
    const answer = binsOf(fact({ "errors/candidate/total": [7, 7, 7] }), shared);
    expect(answer.withoutControl).toEqual(["errors", "slow"]);
    expect(counted(answer, "errors")[0]).toEqual([0, 7, 0, 0, 0]);
  });

  it("makes only sound bins, each once, of whatever it is told", () => {
    const value = fc.oneof(fc.double(), fc.integer({ min: -5, max: 50 }));
    const points = fc.array(fc.tuple(fc.integer({ min: -3, max: 8 }).map(at), value));
    const series = fc
      .constantFrom(...fact({}).series.map(({ id }) => id))
      .chain((id) => fc.record({ id: fc.constant(id), points, window: fc.constant(window) }));
    fc.assert(
      fc.property(fc.array(series), (list) => {
        const answer = binsOf({ kind: "metrics", rollout: "r-00000001", series: list, at: at(9) }, judging());
        for (const bins of Object.values(answer.bins)) {
          expect(new Set(bins.map((bin) => bin.at)).size).toBe(bins.length);
          expect(bins.map((bin) => bin.at)).toEqual(bins.map((bin) => bin.at).toSorted((a, b) => a - b));
          for (const { candidate, control, at: start } of bins) {
            for (const { total, bad } of [candidate, control]) {
              expect(Number.isSafeInteger(total) && bad >= 0 && bad <= total).toBe(true);
            }
            expect(start).toBeGreaterThanOrEqual(window[0]);
          }
        }
      }),
    );
  });
});

describe("the baseline", () => {
  it("asks for the old revision's p99 of a day, and takes the larger half of it", () => {
    const reading = latencyReading({ ...judging(), now: epochMs(at(3) + 5_000) });
    expect(reading?.window).toEqual({ from: epochMs(at(3) - 86_400_000), until: at(3) });
    expect(reading?.queries).toMatchObject([
      {
        periodMs: 86_400_000,
        source: { statistic: "p99", dimensions: { TargetGroup: "targetgroup/blue/0123456789abcdef" } },
      },
    ]);
    const [query] = reading?.queries ?? [];
    const series = (points: Series["points"], problem?: string) => [
      { id: query?.id ?? "", points, ...(problem === undefined ? {} : { problem }) },
    ];
    expect(
      p99Of(
        series([
          [at(0), 0.2],
          [at(1), 0.3],
        ]),
      ),
    ).toBe(0.3);
    expect(p99Of(series([]))).toBeUndefined();
    expect(p99Of(series([[at(0), 0.2]], "InternalError"))).toBeUndefined();
  });

  it.each<[string, Changes]>([
    ["two groups", {}],
    ["a shared group", { places: { ...places, candidateGroup: group("blue") } }],
  ])("asks for half an hour of the old side's minutes (%s)", (_case, changes) => {
    const { queries, window: span } = baselineQueries({ ...judging(changes), now: epochMs(at(40) + 5_000) });
    expect(span).toEqual({ from: at(9), until: at(39) });
    expect(queries.map(({ id }) => id)).toEqual([
      "errors/control/total",
      "errors/control/bad",
      "errors/control/bad.1",
      "slow/control/total",
      "slow/control/bad",
    ]);
    const series = queries.map(
      ({ id }): Series => ({ id, points: [[at(9), 4]], window: [span.from, span.until] }),
    );
    expect(historyOf(series, judging(changes))).toEqual({
      errors: [{ total: 4, bad: 4 }],
      slow: [{ total: 4, bad: 4 }],
    });
  });
});
