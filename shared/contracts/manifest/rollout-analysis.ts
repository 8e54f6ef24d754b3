// `rollout.analysis` of the manifest: what is compared, how sure a verdict must be, and what follows from it.

import { z } from "zod";
import { minutes, seconds } from "../../base/time.ts";
import { METRIC_PLACEHOLDERS } from "../metric-placeholders.ts";
import {
  DEFAULT_FAST_FRESHNESS_MS,
  DEFAULT_NEGLIGIBLE_EXCESS,
  defaultAnalysisPolicy,
  MAX_WAIT_MS,
} from "../rollout-defaults.ts";
import type { AnalysisPolicy, MetricPolicy, MetricProvider } from "../rollout-policy.ts";
import { durationText } from "./duration.ts";
import { atLeast, between, closed, duration, oneOf, webUrl, wholeNumber, yesOrNo } from "./parts.ts";

const text = z.string("a text").min(1, "a text");
/** MetricDataQuery's limit: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Metric.html */
const MAX_DIMENSIONS = 30;
const MAX_METRICS = 10;

const providerSchema = closed({
  cloudwatch: closed({
    namespace: text.describe("Such as `AWS/ApplicationELB`."),
    metricName: text.describe("Such as `HTTPCode_Target_5XX_Count`."),
    dimensions: z
      .record(text, text, "names with texts")
      .refine((names) => Object.keys(names).length <= MAX_DIMENSIONS, `at most ${MAX_DIMENSIONS} dimensions`)
      .default({})
      .describe(`Values may hold ${METRIC_PLACEHOLDERS.map((name) => `\`{{${name}}}\``).join(", ")}.`),
    statistic: text.describe("`Sum`, or a count such as `TC(0.5:)`: requests slower than half a second."),
  })
    .optional()
    .describe("A metric of CloudWatch."),
  prometheus: closed({
    url: webUrl().describe("The server's URL, without `/api/v1/query_range`."),
    query: text.describe("PromQL; `{{period}}` stands for the seconds of a bin."),
    region: text.optional().describe("Signs for Amazon Managed Service for Prometheus in this Region."),
  })
    .optional()
    .describe("A Prometheus-compatible server."),
  webhook: closed({ url: webUrl().describe("An https URL.") })
    .optional()
    .describe('GET; answers `{"points": [[epochSeconds, value], …]}`.'),
}).superRefine(({ cloudwatch, prometheus, webhook }, context) => {
  const named = [cloudwatch, prometheus, webhook].filter((one) => one !== undefined).length;
  if (named !== 1)
    context.addIssue({ code: "custom", message: "exactly one of cloudwatch, prometheus, webhook" });
  const unknown = unknownPlaceholder(
    [cloudwatch?.metricName, prometheus?.query, webhook?.url].concat(
      Object.values(cloudwatch?.dimensions ?? {}),
    ),
  );
  if (unknown !== undefined) context.addIssue({ code: "custom", message: unknown });
});

/** The first placeholder that no query can fill in. */
function unknownPlaceholder(texts: readonly (string | undefined)[]): string | undefined {
  const names: ReadonlySet<string> = new Set(METRIC_PLACEHOLDERS);
  const all = texts.flatMap((one) => [...(one ?? "").matchAll(/\{\{([^{}]*)\}\}/g)]);
  const unknown = all.find(([, inner = ""]) => !names.has(inner.trim()));
  return unknown && `only known placeholders, which ${unknown[0]} is not: ${METRIC_PLACEHOLDERS.join(", ")}`;
}

const periodOf = {
  60: seconds(60),
  "60s": seconds(60),
  "1m": seconds(60),
  10: seconds(10),
  "10s": seconds(10),
};
const period = () =>
  z
    .union(
      [z.literal(60), z.literal(10), z.literal("60s"), z.literal("1m"), z.literal("10s")],
      "60 or 10 seconds",
    )
    .transform((written) => periodOf[written]);

const metricSchema = closed({
  name: z
    .string("a name")
    .regex(/^[A-Za-z][\w-]{0,39}$/, "1 to 40 letters, digits, - or _, a letter first")
    .describe("Verdicts and reasons name it."),
  total: providerSchema.describe("All requests, jobs or messages."),
  bad: providerSchema.describe("Those of them that went wrong; written as `total`."),
  period: period().optional().describe("Seconds of one bin: 60, or 10 where it is high resolution."),
  dryRun: yesOrNo().default(false).describe("Looked at and told, but never decides."),
});

const unsure = ["hold", "continue", "rollback"] as const;

export const analysisSchema = closed({
  alpha: between(0, 0.5)
    .default(defaultAnalysisPolicy.alpha)
    .describe("Share of good versions that may be rolled back by mistake, over all metrics and looks."),
  beta: between(0, 0.5)
    .default(defaultAnalysisPolicy.beta)
    .describe("Share of bad versions that may be promoted early by mistake."),
  maxRatio: atLeast(1, 100)
    .default(defaultAnalysisPolicy.maxRatio)
    .describe("The new revision may fail so many times as often as the old one."),
  badRatio: atLeast(1, 1_000)
    .default(defaultAnalysisPolicy.badRatio)
    .describe("A version that fails so many times as often is never promoted early. Above `maxRatio`."),
  minRequests: wholeNumber(1, 1_000_000_000)
    .default(defaultAnalysisPolicy.minRequests)
    .describe("Requests of the new revision before an early promotion."),
  maxErrorRate: between(0, 1)
    .default(defaultAnalysisPolicy.maxErrorRate)
    .describe("A larger share of bad requests rolls back at once, whatever the old revision does."),
  negligibleExcess: between(0, 1)
    .default(DEFAULT_NEGLIGIBLE_EXCESS)
    .describe("So small an excess share of bad requests is none, where thin traffic settles no ratio."),
  sloErrorRate: between(0, 1)
    .optional()
    .describe("The service level objective's share of bad requests. Without it: comparison alone."),
  metrics: z
    .union(
      [z.literal("default"), z.array(metricSchema).min(1).max(MAX_METRICS)],
      `default, or a list of 1 to ${MAX_METRICS} metrics`,
    )
    .default("default")
    .describe("`default`: errors and slow requests of the target groups, discovered from the service."),
  period: period().optional().describe("Seconds of one bin: 60 as load balancers publish, or 10."),
  freshness: duration(seconds(10), minutes(60))
    .optional()
    .describe("Older metrics decide nothing. Without it: `5m` with bins of 60 s, `1m` with bins of 10 s."),
  deadline: duration(seconds(10), MAX_WAIT_MS)
    .prefault(durationText(defaultAnalysisPolicy.deadlineMs))
    .describe("An analysis that is not sure by then is inconclusive."),
  onFailure: oneOf(["rollback", "hold"]).default(defaultAnalysisPolicy.onFailure).describe("A bad version."),
  onInconclusive: oneOf(unsure)
    .default(defaultAnalysisPolicy.onInconclusive)
    .describe("Not sure at the deadline."),
  onNoTraffic: oneOf(unsure).default(defaultAnalysisPolicy.onNoTraffic).describe("Nobody asks the service."),
}).superRefine(({ maxRatio, badRatio, metrics }, context) => {
  if (badRatio <= maxRatio)
    context.addIssue({
      code: "custom",
      path: ["badRatio"],
      message: `more than maxRatio, which is ${maxRatio}`,
    });
  if (metrics === "default") return;
  const seen = new Set<string>();
  for (const [index, { name }] of metrics.entries()) {
    const path = ["metrics", index, "name"];
    if (seen.has(name))
      context.addIssue({ code: "custom", path, message: "a name that no other metric has" });
    seen.add(name);
  }
});

export function analysisOf(written: z.output<typeof analysisSchema> | undefined): AnalysisPolicy {
  if (written === undefined) return defaultAnalysisPolicy;
  const {
    period: periodMs = defaultAnalysisPolicy.periodMs,
    freshness,
    deadline,
    metrics,
    ...rest
  } = written;
  const { sloErrorRate, ...kept } = rest;
  return {
    ...kept,
    ...(sloErrorRate !== undefined && { sloErrorRate }),
    periodMs,
    freshnessMs:
      freshness ?? (periodMs < seconds(60) ? DEFAULT_FAST_FRESHNESS_MS : defaultAnalysisPolicy.freshnessMs),
    deadlineMs: deadline,
    metrics:
      metrics === "default"
        ? "default"
        : metrics.map(
            ({ name, total, bad, dryRun, period: own = periodMs }): MetricPolicy => ({
              name,
              periodMs: own,
              total: providerOf(total),
              bad: providerOf(bad),
              dryRun,
            }),
          ),
  };
}

function providerOf({ cloudwatch, prometheus, webhook }: z.output<typeof providerSchema>): MetricProvider {
  if (cloudwatch !== undefined) return { provider: "cloudwatch", ...cloudwatch };
  if (prometheus === undefined) return { provider: "webhook", url: webhook?.url ?? "" };
  const { region, ...rest } = prometheus;
  return { provider: "prometheus", ...rest, ...(region !== undefined && { region }) };
}
