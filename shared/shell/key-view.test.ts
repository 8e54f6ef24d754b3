// What people are shown of a key, derived from its items alone.

import { describe, expect, it } from "vitest";
import type { Key } from "../base/keys.ts";
import { epochMs } from "../base/time.ts";
import type { Aggregate, Json, KeyState } from "../contracts/aggregate.ts";
import type { TaskFact } from "../contracts/facts.ts";
import type { Command } from "../contracts/policy.ts";
import { viewOf } from "./key-view.ts";

const NOW = epochMs(1_800_000_000_000);

const task = (taskId: string, more: Partial<TaskFact> = {}): TaskFact => ({
  kind: "task",
  taskArn: `arn:aws:ecs:eu-west-3:123123123123:task/quay/${taskId}`,
  taskId,
  version: 4,
  group: "service:crane",
  clusterArn: "arn:aws:ecs:eu-west-3:123123123123:cluster/quay",
  taskDefinitionArn: "arn:aws:ecs:eu-west-3:123123123123:task-definition/crane:7",
  lastStatus: "RUNNING",
  desiredStatus: "RUNNING",
  health: "HEALTHY",
  launchType: "FARGATE",
  interfaces: [{ ipv4: `10.0.0.${taskId.length}` }],
  containers: [{ name: "app", lastStatus: "RUNNING", bindings: [] }],
  at: NOW,
  via: "event",
  ...more,
});

const registered = (taskId: string) => ({
  phase: "registered",
  taskId,
  hash: "h",
  since: NOW,
  health: "HEALTHY",
});

interface Given {
  readonly tasks?: readonly TaskFact[];
  readonly instances?: Readonly<Record<string, object>>;
  readonly state?: Partial<KeyState>;
  readonly commands?: readonly Command[];
}

function aggregate({ tasks = [], instances = {}, state = {}, commands = [] }: Given): Aggregate {
  const registries = { "srv-1": { instances, listedAt: NOW, foreign: 2 } };
  const discovery = { registries, drains: {}, leavingHosts: [] } as unknown as Json; // -- reason: as the store keeps it
  return {
    key: "123123123123/eu-west-3/quay/crane" as Key,
    policy: {
      discovery: {
        mode: "act",
        registries: [{ service: "srv-1", port: 80, address: "ipv4", requireHealthy: false, attributes: {} }],
        maxRemoveShare: 0.5,
        force: false,
        drainMs: 0 as never,
      },
    },
    commands,
    state: {
      version: 3,
      tasks: Object.fromEntries(tasks.map((fact) => [fact.taskId, fact])),
      capabilities: { discovery },
      intents: [],
      awaiting: [],
      reasons: {},
      decidedAt: NOW,
      failures: 0,
      ...state,
    },
  };
}

describe("viewOf", () => {
  it("is settled when exactly the tasks that answer are registered", () => {
    const view = viewOf(aggregate({ tasks: [task("a")], instances: { "a-80": registered("a") } }));
    expect(view).toMatchObject({ condition: "settled", mode: "act", running: 1, registered: 1, expected: 1 });
    expect(view.registries[0]).toMatchObject({ running: 1, healthy: 1, foreign: 2, moving: 0 });
    expect(view.registries[0]?.instances).toMatchObject([
      {
        instanceId: "a-80",
        standing: "wanted",
        phase: "registered",
        address: "10.0.0.1:80",
        health: "HEALTHY",
      },
    ]);
  });

  it("converges while a task is missing, an operation runs, or an instance has outlived its task", () => {
    const running = { phase: "registering", taskId: "a", hash: "h", requestId: "r", operationId: "op-1" };
    const moving = { ...running, present: false, since: NOW, attempt: 1 };
    expect(viewOf(aggregate({ tasks: [task("a")] }))).toMatchObject({
      condition: "converging",
      expected: 1,
      registered: 0,
    });
    const view = viewOf(aggregate({ tasks: [task("a")], instances: { "a-80": moving } }));
    expect(view).toMatchObject({ condition: "converging", registered: 0, registries: [{ moving: 1 }] });
    const stale = viewOf(aggregate({ instances: { "z-80": registered("z") } }));
    expect(stale).toMatchObject({ condition: "converging", registered: 1, expected: 0 });
    expect(stale.registries[0]?.instances).toMatchObject([{ standing: "gone", isRegistered: true }]);
  });

  it("leaves out tasks that ended, and shows those that are leaving", () => {
    const tasks = [
      task("a", { lastStatus: "STOPPED", desiredStatus: "STOPPED" }),
      task("bb", { desiredStatus: "STOPPED" }),
    ];
    const view = viewOf(aggregate({ tasks }));
    expect(view.registries[0]?.instances).toMatchObject([
      { taskId: "bb", standing: "leaving", phase: "absent" },
    ]);
    expect(view).toMatchObject({ condition: "settled", running: 1, expected: 0 });
  });

  it("says why a try failed", () => {
    const failed = { phase: "waiting", taskId: "a", hash: "", registered: false, attempt: 2 };
    const waiting = { ...failed, code: "limit", message: "full", nextTryAt: NOW };
    const view = viewOf(aggregate({ tasks: [task("a")], instances: { "a-80": waiting } }));
    expect(view.registries[0]?.instances[0]?.failure).toEqual({
      code: "limit",
      message: "full",
      nextTryAt: NOW,
    });
  });

  it.each([
    ["quarantined", { state: { failures: 5 }, commands: [{ type: "pause", by: "a", at: 1 }] }],
    ["paused", { commands: [{ type: "pause", by: "a", at: 1 }] }],
    ["unseen", { state: { version: 0 } }],
  ] satisfies readonly (readonly [string, Given])[])("is %s", (condition, given) => {
    expect(viewOf(aggregate(given)).condition).toBe(condition);
  });
});
