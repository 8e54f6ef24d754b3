// MetricReader over anything that speaks Prometheus' HTTP API; signed for Amazon Managed Service for
// Prometheus where a Region is named. https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
// https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-compatible-APIs.html

import { AppError } from "../../base/errors.ts";
import type { DurationMs } from "../../base/time.ts";
import { epochMs } from "../../base/time.ts";
import type { Dict } from "../../contracts/guards.ts";
import { isDict } from "../../contracts/guards.ts";
import type { MetricQuery, Series } from "../../contracts/metrics.ts";
import type { MetricReader, MetricWindow } from "../../ports/metrics.ts";
import type { CredentialsSource } from "../aws/sign.ts";
import { signed } from "../aws/sign.ts";
import { askAll, excerpt, failed } from "./ask-all.ts";
import type { HttpAnswer, HttpClient } from "./request.ts";
import { jsonOf } from "./request.ts";

/** One series of an hour of 10-second bins has 20 KB. */
const MAX_BYTES = 1_000_000;
const MS_PER_SECOND = 1_000;

export interface PrometheusOptions {
  readonly http: HttpClient;
  readonly credentials: CredentialsSource;
}

export const createPrometheusReader = (options: PrometheusOptions): MetricReader => ({
  read: (queries, window) =>
    askAll(queries, async (query, timeoutMs) =>
      seriesOf(query, await ask(options, { query, window, timeoutMs })),
    ),
});

interface Asked {
  readonly query: MetricQuery;
  readonly window: MetricWindow;
  readonly timeoutMs: DurationMs;
}

/** POST, because a query may be longer than a URL; the instants are the ends of the bins. */
async function ask(
  { http, credentials }: PrometheusOptions,
  { query, window, timeoutMs }: Asked,
): Promise<HttpAnswer> {
  const { source, periodMs } = query;
  if (source.provider !== "prometheus") throw new AppError("defect", `${source.provider} is not Prometheus`);
  const body = new URLSearchParams({
    query: source.query,
    start: String((window.from + periodMs) / MS_PER_SECOND),
    end: String(window.until / MS_PER_SECOND),
    step: String(periodMs / MS_PER_SECOND),
  }).toString();
  const url = `${source.url.replace(/\/+$/, "")}/api/v1/query_range`;
  const plain = { "content-type": "application/x-www-form-urlencoded" };
  const { region } = source;
  const order = { method: "POST", url, headers: plain, body, service: "aps" } as const;
  const headers = region === undefined ? plain : await signed({ ...order, region }, credentials);
  return http({ method: "POST", url, headers, body, timeoutMs, maxBytes: MAX_BYTES });
}

function seriesOf(query: MetricQuery, answer: HttpAnswer): Series {
  const body = jsonOf(answer);
  if (!isDict(body) || body["status"] !== "success" || !isDict(body["data"])) {
    return failed(query, refusalOf(answer, body));
  }
  const { result, resultType } = body["data"];
  if (resultType !== "matrix" || !Array.isArray(result)) {
    return failed(query, `Prometheus answered ${excerpt(String(resultType))} where a matrix was wanted`);
  }
  if (result.length > 1) {
    return failed(query, `the query gives ${result.length} series where one was wanted: sum them`);
  }
  // Warnings of Thanos and its like: stores that did not answer.
  const warnings: unknown = body["warnings"];
  const partial =
    Array.isArray(warnings) && warnings.length > 0 ? `partial: ${excerpt(String(warnings[0]))}` : undefined;
  const [first] = result as readonly unknown[];
  return withPoints(query, isDict(first) ? first : {}, partial);
}

function refusalOf({ status, body: text }: HttpAnswer, body: unknown): string {
  const said = isDict(body) && typeof body["error"] === "string" ? body["error"] : text;
  return `Prometheus answered ${status}: ${excerpt(said)}`;
}

/** Each value stands at the end of its bin, as text: `NaN`, `+Inf` and `-Inf` are no counts. */
function withPoints(query: MetricQuery, series: Dict, partial: string | undefined): Series {
  const values: unknown = series["values"];
  const points: [ReturnType<typeof epochMs>, number][] = [];
  let strange = 0;
  for (const sample of Array.isArray(values) ? (values as readonly unknown[]) : []) {
    const [at, text] = Array.isArray(sample) ? (sample as readonly unknown[]) : [];
    const value = typeof text === "string" && text.trim() !== "" ? Number(text) : Number.NaN;
    if (typeof at !== "number" || !Number.isFinite(at) || !Number.isFinite(value)) strange += 1;
    else points.push([epochMs(Math.round(at * MS_PER_SECOND) - query.periodMs), value]);
  }
  const problem = strange > 0 ? `${strange} values are no numbers` : partial;
  return { id: query.id, points, ...(problem === undefined ? {} : { problem }) };
}
