// MetricReader over a team's own address: GET with `from`, `until` and `period` in seconds, answered with
// {"points": [[epochSeconds, value], …]}, each point at the start of its bin.

import { AppError } from "../../base/errors.ts";
import type { EpochMs } from "../../base/time.ts";
import { epochMs } from "../../base/time.ts";
import { isDict } from "../../contracts/guards.ts";
import type { MetricQuery, Series } from "../../contracts/metrics.ts";
import type { MetricReader, MetricWindow } from "../../ports/metrics.ts";
import { askAll, failed } from "./ask-all.ts";
import type { HttpAnswer, HttpClient } from "./request.ts";
import { jsonOf } from "./request.ts";

const MAX_BYTES = 256_000;
const MS_PER_SECOND = 1_000;

export const createWebhookMetricReader = (http: HttpClient): MetricReader => ({
  read: (queries, window) =>
    askAll(queries, async (query, timeoutMs) => {
      const url = addressOf(query, window);
      return seriesOf(query, await http({ method: "GET", url, timeoutMs, maxBytes: MAX_BYTES }));
    }),
});

function addressOf({ source, periodMs }: MetricQuery, { from, until }: MetricWindow): string {
  if (source.provider !== "webhook") throw new AppError("defect", `${source.provider} is no webhook`);
  const url = URL.parse(source.url);
  if (url === null) throw new AppError("input", "the webhook's address is none");
  url.searchParams.set("from", String(from / MS_PER_SECOND));
  url.searchParams.set("until", String(until / MS_PER_SECOND));
  url.searchParams.set("period", String(periodMs / MS_PER_SECOND));
  return url.href;
}

function seriesOf(query: MetricQuery, answer: HttpAnswer): Series {
  if (answer.status !== 200) return failed(query, `the webhook answered ${answer.status}`);
  const body = jsonOf(answer);
  const given: unknown = isDict(body) ? body["points"] : undefined;
  if (!Array.isArray(given)) return failed(query, 'the webhook answered without "points"');
  const points = (given as readonly unknown[]).map(pointOf);
  const known = points.filter((point) => point !== undefined);
  const strange = points.length - known.length;
  const problem = strange > 0 ? { problem: `${strange} points are not [epochSeconds, value]` } : {};
  return { id: query.id, points: known.sort(([a], [b]) => a - b), ...problem };
}

function pointOf(point: unknown): readonly [EpochMs, number] | undefined {
  const [at, value] = Array.isArray(point) ? (point as readonly unknown[]) : [];
  if (typeof at !== "number" || typeof value !== "number" || !Number.isFinite(at)) return undefined;
  return [epochMs(Math.round(at * MS_PER_SECOND)), value];
}
