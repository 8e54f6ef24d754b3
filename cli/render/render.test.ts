// The renderers: data in, text out.

import { describe, expect, it } from "vitest";
import type { Key } from "../../shared/base/keys.ts";
import { reason } from "../../shared/base/reasons.ts";
import { epochMs, seconds } from "../../shared/base/time.ts";
import type { Action, Outcome, Proposal } from "../../shared/contracts/actions.ts";
import type { ServicePolicy } from "../../shared/contracts/policy.ts";
import type { KeyView, RegistryView } from "../../shared/shell/key-view.ts";
import { rolloutPolicy } from "../../test/support/rollout-builders.ts";
import type { Paint } from "../io.ts";
import { plain } from "../io.ts";
import { age, ahead, duration } from "./age.ts";
import { renderDiscover } from "./discover.ts";
import { factText, feedLine, renderExplained } from "./explained.ts";
import { isChange, renderPolicyChange } from "./policy-diff.ts";
import { renderStatus, statusJson } from "./status.ts";
import { table } from "./table.ts";
import { renderWhy } from "./why.ts";

const NOW = epochMs(1_800_000_000_000);
const ago = (ms: number) => epochMs(NOW - ms);
const key = "123123123123/eu-west-3/quay/crane" as Key;

const view = (more: Partial<KeyView> = {}): KeyView => ({
  key,
  condition: "settled",
  mode: "act",
  modes: { discovery: "act" },
  version: 3,
  decidedAt: ago(65_000),
  failures: 0,
  running: 3,
  expected: 3,
  registered: 2,
  reasons: { discovery: [reason("in-sync", "All is well.")] },
  awaiting: [],
  registries: [],
  drains: [],
  leavingHosts: [],
  knownTasks: [],
  ...more,
});

const register: Action = {
  type: "register-instance",
  registry: "srv-1",
  instanceId: "a-80",
  attributes: {},
  requestId: "r",
};
const proposal = (action: Action): Proposal => ({
  id: "p1",
  capability: "discovery",
  field: "f",
  action,
  reason: reason("missing", "a-80 is missing."),
});

describe("table", () => {
  it("aligns columns, numbers to the right, and does not count colours", () => {
    const bold = "\u001b[1mNAME\u001b[22m";
    expect(
      table([
        [bold, "N", "END"],
        ["a", "10", "x"],
        ["longer", "5", ""],
      ]),
    ).toEqual([`${bold}     N  END`, "a       10  x", "longer   5"]);
    expect(table([])).toEqual([]);
  });
});

describe("ages", () => {
  it.each([
    [0, "0s"],
    [59_999, "59s"],
    [130_000, "2m10s"],
    [660_000, "11m"],
    [3 * 3_600_000, "3h"],
    [446_400_000, "5d4h"],
  ])("%d ms is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it("never lie in the future", () => {
    expect(age(NOW + 5, NOW)).toBe("0s");
    expect(age(undefined, NOW)).toBe("-");
    expect(ahead(NOW + 5_000, NOW)).toBe("in 5s");
    expect(ahead(NOW, NOW)).toBe("now");
  });
});

describe("status", () => {
  const control = { killSwitch: false, slowUntil: 0 };
  const fleet = { control, keys: [view()], names: new Map([[key, "quay/crane"]]), now: NOW };

  it("is one line for each service", () => {
    expect(renderStatus(fleet, plain)).toEqual([
      "SERVICE     MODE  RUNNING  REGISTERED  STATE    DECIDED  FAILURES  WHY",
      "quay/crane  act         3         2/3  settled  1m5s            0  All is well.",
    ]);
  });

  it("counts no registrations where nothing is to be registered", () => {
    const keys = [view({ modes: { rollout: "act" } })];
    expect(renderStatus({ ...fleet, keys }, plain)[1]).toMatch(/act +3 +- +settled/);
  });

  it("begins with the switches, and helps when nothing is managed", () => {
    const lines = renderStatus(
      { ...fleet, control: { killSwitch: true, slowUntil: NOW + 4_000 }, keys: [] },
      plain,
    );
    expect(lines[0]).toContain("KILL SWITCH ON");
    expect(lines[1]).toContain("full pace again in 4s");
    expect(lines[2]).toContain("fairlead apply -f FILE");
  });

  it("colours the state only", () => {
    const marked: Paint = (tone, text) => `<${tone}>${text}`;
    expect(renderStatus({ ...fleet, keys: [view({ condition: "quarantined" })] }, marked)[1]).toContain(
      "<bad>quarantined",
    );
  });

  it("has a stable form for programs", () => {
    expect(statusJson(fleet)).toEqual({
      killSwitch: false,
      slowed: false,
      services: [
        {
          key,
          name: "quay/crane",
          mode: "act",
          state: "settled",
          running: 3,
          registered: 2,
          expected: 3,
          failures: 0,
          decidedAt: ago(65_000),
          awaiting: 0,
          why: "All is well.",
        },
      ],
    });
  });
});

describe("why", () => {
  const past = (outcome: Outcome) => ({
    key,
    at: ago(3_000),
    version: 2,
    capability: "discovery",
    mode: "act" as const,
    reasons: [],
    actions: [{ proposal: proposal(register), outcome }],
  });

  it("tells the verdict, what waits, and what was done", () => {
    const waiting = view({
      awaiting: [proposal({ type: "stop-task", clusterArn: "c", taskArn: "x/t1", note: "" })],
    });
    const lines = renderWhy({ view: waiting, history: [past({ kind: "done" })], now: NOW }, plain);
    expect(lines).toEqual([
      "settled, decided 1m5s ago, looks again when something happens",
      "discovery (act)",
      "  All is well. [in-sync]",
      "",
      "not done, waits for an approval or for mode act",
      "  p1  stop task t1: a-80 is missing.",
      "",
      "done before, newest first",
      "3s ago  discovery (act, decision 2)",
      "    register a-80 in srv-1 done: a-80 is missing.",
    ]);
  });

  it.each([
    [
      { kind: "failed", code: "throttled", message: "slow down", retry: true },
      "failed, throttled: slow down; tried again",
    ],
    [{ kind: "unknown" }, "without an answer: looked at again"],
    [{ kind: "postponed", code: "kill-switch" }, "postponed (kill-switch)"],
  ] satisfies readonly (readonly [Outcome, string])[])("words the outcome %j", (outcome, text) => {
    expect(renderWhy({ view: view(), history: [past(outcome)], now: NOW }, plain).at(-1)).toContain(text);
  });

  it("has words for a key that nobody looked at", () => {
    const { decidedAt: _never, ...unseen } = view({ condition: "unseen", version: 0 });
    expect(renderWhy({ view: unseen, history: [], now: NOW }, plain)).toEqual([
      "No pass has looked at it yet.",
      "",
      "Nothing was done yet.",
    ]);
  });
});

describe("discover", () => {
  const registry: RegistryView = {
    service: "srv-1",
    name: "crane.quay",
    running: 1,
    healthy: 0,
    expected: 1,
    registered: 0,
    moving: 1,
    foreign: 1,
    listedAt: ago(4_000),
    slowUntil: epochMs(NOW + 2_000),
    instances: [
      {
        instanceId: "a-80",
        taskId: "a",
        standing: "wanted",
        phase: "waiting",
        isRegistered: false,
        address: "10.0.0.1:80",
        taskStatus: "RUNNING",
        health: "UNHEALTHY",
        failure: { code: "limit", message: "full", nextTryAt: epochMs(NOW + 9_000) },
      },
    ],
  };

  it("shows counts, instances and holds", () => {
    const drains = [{ taskId: "t9", askedAt: ago(8_000), outSince: ago(2_000) }];
    const shown = view({ registries: [registry], drains, leavingHosts: ["arn:x/h1"] });
    expect(renderDiscover(shown, NOW, plain)).toEqual([
      "crane.quay (srv-1): 0 of 1 registered, 1 running, 0 healthy, 1 operations under way, " +
        "1 of other owners, never touched; listed 4s ago",
      "AWS asked to slow down: writes go on in 2s",
      "INSTANCE  TASK IS  HEALTH     STANDING  REGISTRY  ADDRESS      FOR  NOTE",
      "a-80      RUNNING  UNHEALTHY  wanted    waiting   10.0.0.1:80  -    limit: full; next try in 9s",
      "",
      "task t9 is drained before its stop: asked 8s ago, out for 2s",
      "host h1 is leaving: its tasks are taken out",
      "All is well.",
    ]);
  });

  it("says so when there is no registry", () => {
    expect(renderDiscover(view(), NOW, plain)).toEqual(["No registry: its policy has no discovery."]);
  });
});

describe("explained events", () => {
  const alarm = { kind: "alarm", alarmArn: "arn:aws:a", alarmName: "high", state: "ALARM", at: NOW } as const;

  it("are told one by one, then summed up", () => {
    const lines = renderExplained(
      [
        {
          index: 0,
          detailType: "A",
          rules: ["r1"],
          outcome: { kind: "facts", routed: [{ key, facts: [alarm] }] },
        },
        {
          index: 1,
          detailType: "B",
          rules: [],
          outcome: { kind: "dropped", reason: reason("no-rule", "No rule.") },
        },
        {
          index: 2,
          detailType: "C",
          outcome: { kind: "malformed", path: "id", message: "id: found nothing" },
        },
      ],
      plain,
    );
    expect(lines).toEqual([
      "1. A",
      "   rule     r1",
      `   key      ${key}`,
      "   fact     alarm alarmName=high state=ALARM",
      "2. B",
      "   rule     none",
      "   dropped  No rule. [no-rule]",
      "3. C",
      "   malformed  id: found nothing; it would go to the dead-letter queue",
      "3 events: 1 become facts, 1 dropped, 1 malformed",
    ]);
  });

  it("are one line each in the feed, without account and Region", () => {
    const event = {
      index: 0,
      detailType: "A",
      outcome: { kind: "facts", routed: [{ key, facts: [alarm] }] },
    } as const;
    expect(feedLine(event, '{"time":"2026-11-22T10:11:12Z"}', plain)).toBe(
      "10:11:12 A  quay/crane: alarm alarmName=high state=ALARM",
    );
  });

  it("show instants as such", () => {
    const hook = {
      kind: "hook",
      eventName: "e",
      hookId: "h",
      hookType: "PAUSE",
      lifecycleStage: "s",
    } as const;
    expect(factText({ ...hook, serviceDeploymentArn: "arn:x", expiresAt: epochMs(0), at: NOW })).toContain(
      "expiresAt=1970-01-01T00:00:00.000Z",
    );
  });
});

describe("policy differences", () => {
  const policy = (weight: number): ServicePolicy => ({
    discovery: {
      mode: "act",
      registries: [{ service: "srv-1", address: "ipv4", requireHealthy: false, attributes: {}, weight }],
      maxRemoveShare: 0.5,
      force: false,
      drainMs: 0 as never,
    },
  });

  it("name the path, what was and what will be", () => {
    const change = { key, before: policy(1), after: policy(2) };
    expect(isChange(change)).toBe(true);
    expect(renderPolicyChange(change, plain)).toEqual([
      `${key}: changed`,
      "  - discovery.registries[0].weight: 1",
      "  + discovery.registries[0].weight: 2",
    ]);
  });

  it("tell a rollout's steps in the manifest's words, a webhook with its address", () => {
    const withHook = (path: string): ServicePolicy => ({
      rollout: rolloutPolicy({
        steps: [
          { kind: "setWeight", weight: 5 },
          { kind: "webhook", url: `https://ci.example/${path}`, timeoutMs: seconds(5) },
        ],
      }),
    });
    const change = { key, before: withHook("a"), after: withHook("b") };
    expect(isChange(change)).toBe(true);
    expect(renderPolicyChange(change, plain)).toEqual([
      `${key}: changed`,
      "  - rollout.steps[1]: webhook https://ci.example/a within 5s",
      "  + rollout.steps[1]: webhook https://ci.example/b within 5s",
    ]);
  });

  it("are none for the same policy, and all for a new one", () => {
    expect(isChange({ key, before: policy(1), after: policy(1) })).toBe(false);
    expect(renderPolicyChange({ key, before: undefined, after: policy(1) }, plain)[0]).toBe(`${key}: new`);
  });
});
