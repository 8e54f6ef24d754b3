// The adapters to foreign servers over a real server on this machine: Prometheus, webhooks, notifications.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askAll } from "../../shared/adapters/http/ask-all.ts";
import { createMetricReader } from "../../shared/adapters/http/metric-reader.ts";
import { createNotifier } from "../../shared/adapters/http/notifier.ts";
import { createPrometheusReader } from "../../shared/adapters/http/prometheus.ts";
import { createHttpClient } from "../../shared/adapters/http/request.ts";
import { createWebhookCaller } from "../../shared/adapters/http/webhook-caller.ts";
import { createWebhookMetricReader } from "../../shared/adapters/http/webhook-metrics.ts";
import { AppError } from "../../shared/base/errors.ts";
import type { DurationMs } from "../../shared/base/time.ts";
import { epochMs, millis, minutes } from "../../shared/base/time.ts";
import type { MetricQuery, Series } from "../../shared/contracts/metrics.ts";
import type { MetricProvider } from "../../shared/contracts/rollout-policy.ts";
import type { MetricReader } from "../../shared/ports/metrics.ts";
import { failure } from "./aws-set-up.ts";

interface Heard {
  readonly method: string | undefined;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

let server: Server;
let base = "";
let heard: Heard[] = [];
let answer: (response: ServerResponse, request: Heard) => void;

const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method, url = "", headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks).toString() };
      heard.push(one);
      answer(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => {
  heard = [];
});

const http = createHttpClient({ loopback: true });
const credentials = async () => ({ accessKeyId: "AKID", secretAccessKey: "secret", sessionToken: "token" });
const MINUTE = minutes(1);
const T0 = epochMs(Date.UTC(2026, 10, 22, 12));
const window = { from: T0, until: epochMs(T0 + 3 * MINUTE) };
const second = (minute: number) => (T0 + minute * MINUTE) / 1_000;

const query = (source: MetricProvider, id = "jobs/candidate/total"): MetricQuery => ({
  id,
  source,
  periodMs: MINUTE,
});
const only = async (reader: MetricReader, one: MetricQuery): Promise<Series | undefined> =>
  (await reader.read([one], window))[0];

describe("Prometheus", () => {
  const reader = createPrometheusReader({ http, credentials });
  const ask = (region?: string) =>
    only(
      reader,
      query({
        provider: "prometheus",
        url: `${base}/workspaces/ws-1/`,
        query: "sum(increase(x[60s]))",
        ...(region === undefined ? {} : { region }),
      }),
    );
  const matrix = (...values: readonly (readonly [number, string])[]) => ({
    status: "success",
    data: { resultType: "matrix", result: [{ metric: {}, values }] },
  });

  it("is asked for the ends of the bins, and answers by their starts", async () => {
    answer = json(matrix([second(1), "4"], [second(3), "0.9"]));
    expect(await ask()).toEqual({
      id: "jobs/candidate/total",
      points: [
        [T0, 4],
        [T0 + 2 * MINUTE, 0.9],
      ],
    });
    expect(heard[0]).toMatchObject({ method: "POST", url: "/workspaces/ws-1/api/v1/query_range" });
    expect(Object.fromEntries(new URLSearchParams(heard[0]?.body))).toEqual({
      query: "sum(increase(x[60s]))",
      start: String(second(1)),
      end: String(second(3)),
      step: "60",
    });
    expect(heard[0]?.headers["authorization"]).toBeUndefined();
  });

  it("is signed for where a Region is named", async () => {
    answer = json(matrix());
    await ask("eu-west-3");
    const { headers } = heard[0] ?? {};
    expect(headers?.["authorization"]).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-3\/aps\/aws4_request, SignedHeaders=content-type;host;.*Signature=[0-9a-f]{64}$/,
    );
    expect(headers?.["x-amz-security-token"]).toBe("token");
    expect(headers?.["x-amz-date"]).toMatch(/^\d{8}T\d{6}Z$/);
  });

  it.each([
    ["no series", { status: "success", data: { resultType: "matrix", result: [] } }, undefined, 0],
    ["NaN", matrix([second(1), "NaN"], [second(2), "3"]), "1 values are no numbers", 1],
    ["+Inf", matrix([second(1), "+Inf"]), "1 values are no numbers", 0],
    ["an empty value", matrix([second(1), ""]), "1 values are no numbers", 0],
    ["a warning", { ...matrix([second(1), "3"]), warnings: ["store down"] }, "partial: store down", 1],
    [
      "a vector",
      { status: "success", data: { resultType: "vector", result: [] } },
      "Prometheus answered vector where a matrix was wanted",
      0,
    ],
    [
      "two series",
      { status: "success", data: { resultType: "matrix", result: [{}, {}] } },
      "the query gives 2 series where one was wanted: sum them",
      0,
    ],
    ["no JSON", "<html>", "Prometheus answered 200: <html>", 0],
  ])("%s", async (_case, body, problem, points) => {
    answer = json(body);
    const series = await ask();
    expect([series?.problem, series?.points.length]).toEqual([problem, points]);
  });

  it("a refusal says why", async () => {
    answer = json({ status: "error", errorType: "bad_data", error: "parse error" }, 400);
    expect((await ask())?.problem).toBe("Prometheus answered 400: parse error");
  });
});

describe("a metric of a webhook", () => {
  const reader = createWebhookMetricReader(http);
  const ask = (path = "/m?team=a") => only(reader, query({ provider: "webhook", url: `${base}${path}` }));

  it("is asked for the window and answers points", async () => {
    answer = json({
      points: [
        [second(1), 2],
        [second(0), 1],
      ],
    });
    expect(await ask()).toEqual({
      id: "jobs/candidate/total",
      points: [
        [T0, 1],
        [T0 + MINUTE, 2],
      ],
    });
    expect(heard[0]?.url).toBe(`/m?team=a&from=${second(0)}&until=${second(3)}&period=60`);
  });

  it.each<[string, unknown, number, string]>([
    ["a status", {}, 503, "the webhook answered 503"],
    ["no points", { values: [] }, 200, 'the webhook answered without "points"'],
    ["no JSON", "oops", 200, 'the webhook answered without "points"'],
    ["strange points", { points: [[1], ["a", 2], [3, null]] }, 200, "3 points are not [epochSeconds, value]"],
  ])("with %s is unknown", async (_case, body, status, problem) => {
    answer = json(body, status);
    expect((await ask())?.problem).toBe(problem);
  });

  it("follows no redirect", async () => {
    answer = (response) => response.writeHead(302, { location: "http://169.254.169.254/" }).end();
    expect((await ask())?.problem).toBe("the webhook answered 302");
  });

  it("takes no answer without end", async () => {
    answer = json({ points: Array.from({ length: 60_000 }, (_, index) => [index, index]) });
    expect((await ask())?.problem).toContain("longer than");
  });

  it("is not called at an address of the inside", async () => {
    const inside = query({ provider: "webhook", url: "https://169.254.169.254/latest" });
    expect((await only(reader, inside))?.problem).toContain("is not called");
  });
});

describe("many of them", () => {
  it("a slow one keeps the others back no longer than the time limit", async () => {
    answer = (response, { url }) => {
      if (!url.startsWith("/slow")) json({ points: [[second(0), 1]] })(response);
    };
    const reader: MetricReader = {
      read: (queries, span) =>
        askAll(
          queries,
          async (one, timeoutMs) => {
            const url = one.source.provider === "webhook" ? one.source.url : "";
            const { status } = await http({ method: "GET", url, timeoutMs, maxBytes: 1_000 });
            return { id: one.id, points: [[span.from, status]] };
          },
          millis(200),
        ),
    };
    const queries = Array.from({ length: 60 }, (_, index) =>
      query({ provider: "webhook", url: `${base}/${index < 2 ? "slow" : "fast"}` }, `q${index}`),
    );
    const begun = performance.now();
    const series = await reader.read(queries, window);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(series.map(({ id }) => id)).toEqual(queries.map(({ id }) => id));
    expect(series.filter(({ problem }) => problem !== undefined).map(({ id }) => id)).toEqual(["q0", "q1"]);
    expect(series[0]?.problem).toContain("no answer in time");
  });

  it("what had no turn in time was not asked", async () => {
    answer = () => undefined;
    const source: MetricProvider = { provider: "webhook", url: `${base}/slow` };
    const queries = Array.from({ length: 80 }, (_, index) => query(source, `q${index}`));
    const silent = async (_one: MetricQuery, timeoutMs: DurationMs): Promise<Series> => {
      await http({ method: "GET", url: source.url, timeoutMs, maxBytes: 1_000 });
      throw new Error("nobody answers here");
    };
    const series = await askAll(queries, silent, millis(100));
    expect(heard.length).toBeLessThanOrEqual(50);
    expect(series.map(({ problem }) => problem?.includes("not asked"))).toEqual(
      queries.map((_, index) => index >= 50),
    );
  });

  it("each provider gets its own; one that fails is the problem of its own series", async () => {
    const fine: MetricReader = { read: async (queries) => queries.map(({ id }) => ({ id, points: [] })) };
    const broken: MetricReader = { read: async () => Promise.reject(new AppError("throttled", "slow down")) };
    const cloudwatch: MetricProvider = {
      provider: "cloudwatch",
      namespace: "N",
      metricName: "M",
      dimensions: {},
      statistic: "Sum",
    };
    const webhook: MetricProvider = { provider: "webhook", url: base };
    const reader = createMetricReader({ cloudwatch: broken, prometheus: broken, webhook: fine });
    expect(await reader.read([query(cloudwatch, "a"), query(webhook, "b")], window)).toEqual([
      { id: "a", points: [], problem: "slow down" },
      { id: "b", points: [] },
    ]);
    expect((await failure(reader.read([query(cloudwatch, "a")], window))).code).toBe("throttled");
  });
});

describe("WebhookCaller", () => {
  const caller = createWebhookCaller(http);
  const call = (timeoutMs = 1_000) =>
    caller.call(`${base}/check`, { rollout: "r-1", weight: 5 }, millis(timeoutMs));

  it("posts what it is about, and hears a verdict", async () => {
    answer = json({ verdict: "fail", reason: "smoke test failed" });
    expect(await call()).toEqual({ verdict: "fail", reason: "smoke test failed" });
    expect(heard[0]).toMatchObject({ method: "POST", url: "/check", body: '{"rollout":"r-1","weight":5}' });
  });

  it.each<[string, unknown, number]>([
    ["another status", { verdict: "pass" }, 202],
    ["an error", { verdict: "pass" }, 500],
    ["another word", { verdict: "ok" }, 200],
    ["no object", ["pass"], 200],
    ["no JSON", "pass", 200],
  ])("%s is no answer", async (_case, body, status) => {
    answer = json(body, status);
    expect(await call()).toBeUndefined();
  });

  it("silence is a transient error", async () => {
    answer = () => undefined;
    expect((await failure(call(50))).code).toBe("transient");
  });
});

describe("Notifier", () => {
  const sent: object[] = [];
  const notifier = createNotifier({ http, events: async (detail) => void sent.push(detail) });

  it("tells events to the bus and everything else as a text", async () => {
    answer = json("ok");
    await notifier.notify("events", "promoted", { rollout: "r-1" });
    expect(sent).toEqual([{ event: "promoted", rollout: "r-1" }]);
    await notifier.notify(`${base}/hook`, "rolled-back", { text: "14 of 61 failed", key: "quay/crane" });
    expect(heard.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { text: "rolled-back: 14 of 61 failed\nkey: quay/crane" },
    ]);
  });

  it.each([
    [404, "denied"],
    [429, "transient"],
    [503, "transient"],
  ])("an answer of %i is %s", async (status, code) => {
    answer = json("no", status);
    expect((await failure(notifier.notify(`${base}/hook`, "step", {}))).code).toBe(code);
  });

  it("calls nothing of the inside", async () => {
    const outside = createNotifier({
      http: createHttpClient({ loopback: false }),
      events: async () => undefined,
    });
    expect((await failure(outside.notify(`${base}/hook`, "step", {}))).code).toBe("input");
    expect(heard).toEqual([]);
  });
});
