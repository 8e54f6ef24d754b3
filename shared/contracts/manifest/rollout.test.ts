// The `rollout` section of the manifest: defaults, strategies, steps, relations, and what is refused and how.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "../../base/errors.ts";
import { millis } from "../../base/time.ts";
import { parseManifest } from "../manifest.ts";
import { defaultRolloutPolicy } from "../rollout-defaults.ts";
import type { RolloutPolicy } from "../rollout-policy.ts";
import { durationText, parseDuration } from "./duration.ts";

const scope = { account: "123123123123", region: "eu-west-3" };

const written = (rollout: unknown): string =>
  JSON.stringify({ version: 1, services: { "quay/crane": { rollout } } });

function policyOf(rollout: unknown): RolloutPolicy | undefined {
  const [first] = parseManifest(written(rollout), "fleet.yaml", scope).policies;
  return first?.[1].rollout;
}

function problemsOf(text: string): readonly string[] {
  try {
    parseManifest(text, "fleet.yaml", scope);
  } catch (error) {
    if (error instanceof AppError && error.code === "input") return error.message.split("\n");
    throw error;
  }
  return [];
}

describe("durations", () => {
  it.each([
    ["90s", 90_000],
    ["10m", 600_000],
    ["2h", 7_200_000],
    ["1h30m", 5_400_000],
    ["7d", 604_800_000],
    ["0s", 0],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "10", "10 m", "m", "30m1h", "1.5h", "-1m", "10M", "1h1h", "99999999999999s"])(
    "%j is none",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it("are written back as they are read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000 }), (seconds) => {
        const ms = millis(seconds * 1_000);
        expect(parseDuration(durationText(ms))).toBe(ms);
      }),
    );
  });
});

describe("defaults", () => {
  it("are the whole policy of `rollout: {}`: observe, the risk-budgeted ramp", () => {
    expect(policyOf({})).toEqual(defaultRolloutPolicy);
    expect(defaultRolloutPolicy).toMatchObject({ mode: "observe", steps: { kind: "auto" } });
  });

  it("fill what an analysis leaves out", () => {
    expect(policyOf({ analysis: {} })).toEqual(defaultRolloutPolicy);
  });

  it("keep metrics of ten-second bins for a shorter time", () => {
    const { periodMs, freshnessMs } = policyOf({ analysis: { period: 10 } })?.analysis ?? {};
    expect({ periodMs, freshnessMs }).toEqual({ periodMs: 10_000, freshnessMs: 60_000 });
  });
});

const w = (weight: number) => ({ kind: "setWeight", weight });
const pause = (minutes: number) => ({ kind: "pause", durationMs: minutes * 60_000 });
const analysis = (minutes: number) => ({ kind: "analysis", durationMs: minutes * 60_000 });

describe("strategies", () => {
  it.each<[string, object, unknown]>([
    [
      "auto",
      { strategy: "auto", auto: { riskBudget: 2.5, firstWeight: 3 } },
      { kind: "auto", riskBudget: 2.5, firstWeight: 3 },
    ],
    ["options of auto alone", { auto: { firstWeight: 2 } }, { kind: "auto", firstWeight: 2 }],
    ["canary", { strategy: "canary" }, [w(5), analysis(10)]],
    [
      "canary with options",
      { strategy: "canary", canary: { weight: 20, duration: "2m" } },
      [w(20), analysis(2)],
    ],
    [
      "linear",
      { strategy: "linear", linear: { step: 30, interval: "3m" } },
      [w(30), pause(3), w(60), pause(3), w(90), analysis(3)],
    ],
    ["linear that ends at 100", { strategy: "linear", linear: { step: 50 } }, [w(50), analysis(6)]],
    ["blueGreen", { strategy: "blueGreen" }, [w(100), analysis(10)]],
    [
      "blueGreen after an approval",
      { strategy: "blueGreen", blueGreen: { approve: "1h", duration: "1m" } },
      [{ kind: "approve", expiresMs: 3_600_000 }, w(100), analysis(1)],
    ],
    ["allAtOnce", { strategy: "allAtOnce" }, []],
  ])("%s", (_name, rollout, steps) => {
    const found = policyOf(rollout)?.steps;
    if (Array.isArray(steps)) expect(found).toEqual(steps);
    else expect(found).toMatchObject(steps as object);
  });

  it("stay below maxWeight", () => {
    expect(policyOf({ strategy: "canary", canary: { weight: 40 }, maxWeight: 30 })?.steps).toEqual([
      w(30),
      analysis(10),
    ]);
    expect(policyOf({ strategy: "linear", maxWeight: 25 })?.steps).toEqual([
      w(10),
      pause(6),
      w(20),
      analysis(6),
    ]);
  });
});

it("takes every step that Argo Rollouts' users know", () => {
  const steps = [
    { setWeight: 5 },
    { pause: { duration: "10m" } },
    { pause: {} },
    { analysis: { duration: "90s" } },
    { analysis: {} },
    { setScale: 10 },
    { headerRoute: { header: "x-canary", values: ["yes"] } },
    { headerRoute: { header: "x-canary" } },
    { webhook: { url: "https://example.test/gate", timeout: "3s" } },
    { webhook: { url: "https://example.test/gate" } },
    { approve: { expires: "2h" } },
    { approve: {} },
  ];
  expect(policyOf({ steps })?.steps).toEqual([
    w(5),
    pause(10),
    { kind: "pause" },
    { kind: "analysis", durationMs: 90_000 },
    { kind: "analysis" },
    { kind: "setScale", percent: 10 },
    { kind: "headerRoute", header: "x-canary", values: ["yes"] },
    { kind: "headerRoute", header: "x-canary", values: [] },
    { kind: "webhook", url: "https://example.test/gate", timeoutMs: 3_000 },
    { kind: "webhook", url: "https://example.test/gate", timeoutMs: 5_000 },
    { kind: "approve", expiresMs: 7_200_000 },
    { kind: "approve", expiresMs: 28_800_000 },
  ]);
});

it("reads windows, notifications and metrics", () => {
  const policy = policyOf({
    freeze: [
      {
        kind: "deny",
        schedule: "0 18 * * FRI",
        duration: "60h",
        timeZone: "Europe/Berlin",
        overrun: "finish",
      },
    ],
    notifications: [{ to: "events" }, { on: ["step"], to: "https://hooks.example.test/x" }],
    analysis: {
      period: "10s",
      metrics: [
        {
          name: "checkout",
          total: {
            prometheus: { url: "https://aps.example.test/ws-1", query: "sum(x)", region: "eu-west-3" },
          },
          bad: {
            cloudwatch: {
              namespace: "Shop",
              metricName: "Failed",
              statistic: "Sum",
              dimensions: { rev: "{{revision}}" },
            },
          },
        },
        {
          name: "jobs",
          period: 60,
          dryRun: true,
          total: { webhook: { url: "https://m.example.test/all" } },
          bad: { webhook: { url: "https://m.example.test/bad" } },
        },
      ],
    },
  });
  expect(policy?.freeze).toEqual([
    {
      kind: "deny",
      schedule: "0 18 * * FRI",
      durationMs: 216_000_000,
      timeZone: "Europe/Berlin",
      overrun: "finish",
    },
  ]);
  expect(policy?.notifications).toEqual([
    { on: ["started", "awaiting", "held", "promoted", "rolled-back", "needs-operator"], to: "events" },
    { on: ["step"], to: "https://hooks.example.test/x" },
  ]);
  expect(policy?.analysis.metrics).toEqual([
    {
      name: "checkout",
      periodMs: 10_000,
      total: {
        provider: "prometheus",
        url: "https://aps.example.test/ws-1",
        query: "sum(x)",
        region: "eu-west-3",
      },
      bad: {
        provider: "cloudwatch",
        namespace: "Shop",
        metricName: "Failed",
        statistic: "Sum",
        dimensions: { rev: "{{revision}}" },
      },
      dryRun: false,
    },
    {
      name: "jobs",
      periodMs: 60_000,
      total: { provider: "webhook", url: "https://m.example.test/all" },
      bad: { provider: "webhook", url: "https://m.example.test/bad" },
      dryRun: true,
    },
  ]);
});

const window = { kind: "deny", schedule: "0 0 * * *", duration: "1h" };
const metric = {
  name: "m",
  total: { webhook: { url: "https://a.test" } },
  bad: { webhook: { url: "https://a.test" } },
};

describe("a mistake is told by place, what was found and what is allowed", () => {
  it("with the line", () => {
    const text =
      "version: 1\nservices:\n  quay/crane:\n    rollout:\n      steps:\n        - setWeight: 5\n        - pause: { duration: 10 }\n";
    expect(problemsOf(text)).toEqual([
      'fleet.yaml:7: services["quay/crane"].rollout.steps[1].pause.duration: found 10, expected a duration such as 90s, 10m or 2h, from 1s to 14d',
    ]);
  });

  it.each<[string, object, RegExp]>([
    [
      "an unknown strategy",
      { strategy: "bluegreen" },
      /strategy: found "bluegreen", expected auto \| canary \| linear/,
    ],
    [
      "strategy and steps",
      { strategy: "canary", steps: [{ setWeight: 1 }] },
      /strategy: found "canary", expected either strategy or steps/,
    ],
    [
      "options of another strategy",
      { strategy: "linear", canary: {} },
      /canary: found an object, expected these options only with strategy: canary/,
    ],
    [
      "options beside steps",
      { steps: [{ setWeight: 1 }], auto: {} },
      /auto: found an object, expected these options only with/,
    ],
    ["no step", { steps: [] }, /steps: found a list of 0, expected at least one step/],
    [
      "a step with two names",
      { steps: [{ setWeight: 1, pause: {} }] },
      /steps\[0\]: found an object, expected exactly one of setWeight/,
    ],
    ["a step with none", { steps: [{}] }, /expected exactly one of setWeight, pause, analysis/],
    [
      "a misspelt step",
      { steps: [{ setweight: 1 }] },
      /setweight: found a name that is not known, expected one of setWeight/,
    ],
    [
      "a weight with a fraction",
      { steps: [{ setWeight: 2.5 }] },
      /setWeight: found 2\.5, expected a whole number from 0 to 100/,
    ],
    [
      "a weight above the maximum",
      { maxWeight: 50, steps: [{ setWeight: 60 }] },
      /setWeight: found 60, expected at most maxWeight, which is 50/,
    ],
    [
      "an approval that outlives ECS's pause",
      { steps: [{ approve: { expires: "15d" } }] },
      /expected a duration .* to 14d/,
    ],
    [
      "a webhook in the clear",
      { steps: [{ webhook: { url: "http://gate.test" } }] },
      /url: found "http:\/\/gate\.test", expected an https URL/,
    ],
    [
      "a password in an address",
      { steps: [{ webhook: { url: "https://a:b@gate.test" } }] },
      /without a password/,
    ],
    [
      "a cron of six fields",
      { freeze: [{ ...window, schedule: "0 0 18 * * FRI" }] },
      /schedule: found .*, expected a cron expression of five fields/,
    ],
    ["a cron that is none", { freeze: [{ ...window, schedule: "soon" }] }, /expected a cron expression/],
    [
      "a cron that never comes",
      { freeze: [{ ...window, schedule: "0 0 31 2 *" }] },
      /expected a cron expression/,
    ],
    [
      "an unknown zone",
      { freeze: [{ ...window, timeZone: "Mars/Base" }] },
      /timeZone: found "Mars\/Base", expected an IANA time zone/,
    ],
    ["an offset as a zone", { freeze: [{ ...window, timeZone: "+02:00" }] }, /expected an IANA time zone/],
    [
      "an unknown event",
      { notifications: [{ on: ["ended"], to: "events" }] },
      /on\[0\]: found "ended", expected started \| step/,
    ],
    [
      "no address",
      { notifications: [{ to: "slack" }] },
      /to: found "slack", expected events, or an https URL/,
    ],
    ["alpha of 1", { analysis: { alpha: 1 } }, /alpha: found 1, expected a number above 0 and below 0\.5/],
    [
      "badRatio below maxRatio",
      { analysis: { maxRatio: 3, badRatio: 2 } },
      /badRatio: found 2, expected more than maxRatio, which is 3/,
    ],
    ["another period", { analysis: { period: 30 } }, /period: found 30, expected 60 or 10 seconds/],
    [
      "metrics of one name",
      { analysis: { metrics: [metric, metric] } },
      /metrics\[1\]\.name: found "m", expected a name that no other metric has/,
    ],
    [
      "two providers at once",
      {
        analysis: {
          metrics: [{ ...metric, bad: { ...metric.bad, prometheus: { url: "https://p.test", query: "q" } } }],
        },
      },
      /expected exactly one of cloudwatch/,
    ],
    [
      "a placeholder that no query can fill in",
      {
        analysis: {
          metrics: [
            {
              name: "m",
              total: metric.total,
              bad: { prometheus: { url: "https://p.test", query: 'x{v="{{version}}"}' } },
            },
          ],
        },
      },
      /only known placeholders, which \{\{version\}\} is not: side, target_group/,
    ],
    [
      "a name that is not known",
      { progressDeadlineSeconds: 600 },
      /progressDeadlineSeconds: found a name that is not known/,
    ],
  ])("%s", (_name, rollout, message) => {
    expect(problemsOf(written(rollout)).join("\n")).toMatch(message);
  });

  it("standalone tasks have none", () => {
    const text = JSON.stringify({ version: 1, tasks: { "quay/family:report": { rollout: {} } } });
    expect(problemsOf(text).join()).toMatch(
      /rollout: found a name that is not known, expected one of discovery/,
    );
  });
});
