// Modelled applications behind the addresses of tasks: who answers where and when, and what it answers.

import { describe, expect, it } from "vitest";
import { addMs, epochMs, millis } from "../../shared/base/time.ts";
import type { ModelledAnswer, ProbeResult } from "./backends.ts";
import type { Target } from "./balancing.ts";
import type { RunningTask } from "./ecs/control.ts";
import { createWorld } from "./world.ts";

const REQUEST = { method: "GET", host: "h", path: "/", headers: {} };
const ANSWERED = expect.objectContaining({ kind: "answered", statusCode: 200 });

function fixture(networkMode: "awsvpc" | "bridge" = "awsvpc") {
  const world = createWorld({ seed: 9, startAt: epochMs(Date.UTC(2026, 0, 1)), throttling: false });
  const pass = (ms: number): void => world.advanceTo(addMs(world.kernel.now(), millis(ms)));
  const fargate = networkMode === "awsvpc";
  if (!fargate) world.ecs.registerContainerInstance({ cpu: 4_096, memory: 8_192 });
  world.call("ecs", "RegisterTaskDefinition", {
    family: "app",
    networkMode,
    ...(fargate && { requiresCompatibilities: ["FARGATE"] }),
    cpu: "256",
    memory: "512",
    containerDefinitions: [{ name: "app", image: "app:1", portMappings: [{ containerPort: 80 }] }],
  });
  world.call("ecs", "CreateService", {
    serviceName: "app",
    taskDefinition: "app",
    desiredCount: 2,
    launchType: fargate ? "FARGATE" : "EC2",
    ...(fargate && {
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-0a", "subnet-0b"] } },
    }),
  });
  const tasks = (): RunningTask[] => [...world.ecs.runningTasks()];
  return {
    world,
    pass,
    tasks,
    ask: (target: Target): ModelledAnswer => world.applications.answer(target, REQUEST),
    probe: (target: Target, path = "/"): ProbeResult[] => {
      const results: ProbeResult[] = [];
      const probe = { protocol: "HTTP", port: target.port, path, timeoutMs: 2_000 } as const;
      world.applications.probe(target, probe, (result) => results.push(result));
      pass(2_000);
      return results;
    },
    untilRunning: (): Target => {
      while (!tasks().every(({ lastStatus }) => lastStatus === "RUNNING") || tasks().length < 2) pass(500);
      return { id: tasks()[0]?.addresses.ipv4 ?? "", port: 80 };
    },
  };
}

describe("modelled applications", () => {
  it("listen from RUNNING until STOPPING, at their own port only", () => {
    const world = fixture();
    world.pass(20_000);
    const early = { id: world.tasks()[0]?.addresses.ipv4 ?? "", port: 80 };
    expect(world.tasks()[0]?.lastStatus).not.toBe("RUNNING");
    expect(world.ask(early)).toEqual({ kind: "refused" });
    const target = world.untilRunning();
    expect(world.ask(target)).toEqual(ANSWERED);
    expect(world.ask({ ...target, port: 81 })).toEqual({ kind: "refused" });
    const taskId = world.tasks()[0]?.taskId ?? "";
    world.world.call("ecs", "StopTask", { task: taskId });
    const status = () => world.tasks().find((task) => task.taskId === taskId)?.lastStatus;
    while (status() === "RUNNING" || status() === "DEACTIVATING") {
      expect(world.ask(target)).toEqual(ANSWERED);
      world.pass(100);
    }
    expect(world.ask(target)).toEqual({ kind: "refused" });
  });

  it("need their time to be ready, and say how healthy they are by path", () => {
    const world = fixture();
    const scope = { service: "app" };
    world.world.applications.set(scope, {
      readyAfterMs: 30_000,
      health: (path) => (path === "/up" ? 204 : 500),
    });
    const target = world.untilRunning();
    expect(world.probe(target)).toEqual([{ kind: "refused" }]);
    world.pass(30_000);
    expect(world.probe(target, "/up")).toEqual([{ kind: "answered", statusCode: 204 }]);
    expect(world.probe(target, "/")).toEqual([{ kind: "answered", statusCode: 500 }]);
    world.world.applications.set(scope, { health: () => "no-answer" });
    expect(world.probe(target, "/up")).toEqual([{ kind: "timed-out" }]);
  });

  it("have errors and latencies as asked, the narrowest scope first", () => {
    const world = fixture();
    const target = world.untilRunning();
    const { applications } = world.world;
    applications.set({ everything: true }, { errorRate: 1 });
    applications.set({ family: "app" }, { errorRate: 0.2, errorCode: 503, medianMs: 100, p99Ms: 1_000 });
    const answers = Array.from({ length: 5_000 }, () => world.ask(target));
    const times = answers.flatMap((answer) => (answer.kind === "answered" ? [answer.afterMs] : []));
    const failed = answers.filter((answer) => answer.kind === "answered" && answer.statusCode === 503);
    expect(failed.length).toBeGreaterThan(850);
    expect(failed.length).toBeLessThan(1_150);
    const sorted = times.toSorted((a, b) => a - b);
    expect(sorted[2_500]).toBeGreaterThan(90);
    expect(sorted[2_500]).toBeLessThan(110);
    expect(sorted[4_950]).toBeGreaterThan(800);
    expect(sorted[4_950]).toBeLessThan(1_250);
    applications.set({ taskId: world.tasks()[0]?.taskId ?? "" }, { errorRate: 0, medianMs: 5, p99Ms: 5 });
    expect(world.ask(target)).toMatchObject({ statusCode: 200, afterMs: 5 });
    applications.set({ taskId: world.tasks()[0]?.taskId ?? "" }, undefined);
    applications.set({ family: "app" }, undefined);
    expect(world.ask(target)).toMatchObject({ statusCode: 500 });
  });

  it("answer at the host's port, by its id or address, where tasks have no interface", () => {
    const world = fixture("bridge");
    world.untilRunning();
    const [first, second] = world.tasks();
    const port = first?.bindings[0]?.hostPort ?? 0;
    expect(port).toBeGreaterThan(32_000);
    for (const id of [first?.hostId ?? "", first?.addresses.ipv4 ?? ""]) {
      expect(world.ask({ id, port })).toMatchObject({ program: first?.taskArn });
      expect(world.ask({ id, port: second?.bindings[0]?.hostPort ?? 0 })).toMatchObject({
        program: second?.taskArn,
      });
      expect(world.ask({ id, port: 80 })).toEqual({ kind: "refused" });
    }
  });

  it("are silent from the moment in which their host is lost, though ECS does not know yet", () => {
    const world = fixture("bridge");
    world.untilRunning();
    const [task] = world.tasks();
    const target = { id: task?.hostId ?? "", port: task?.bindings[0]?.hostPort ?? 0 };
    world.world.ecs.disconnectAgent(target.id);
    expect(world.ask(target)).toEqual(ANSWERED);
    world.world.ecs.loseHost(target.id);
    expect(world.tasks()).toHaveLength(2);
    expect(world.ask(target)).toEqual({ kind: "silent" });
    expect(world.probe(target)).toEqual([{ kind: "timed-out" }]);
  });

  it("draw nothing from the world's chance until somebody asks", () => {
    const plain = fixture();
    const asked = fixture();
    for (const world of [plain, asked]) world.untilRunning();
    asked.ask(asked.untilRunning());
    expect(asked.world.kernel.hex(8)).not.toBe(plain.world.kernel.hex(8));
    const again = fixture();
    again.untilRunning();
    again.world.applications.set({ everything: true }, { errorRate: 1 });
    expect(again.world.kernel.hex(8)).toBe(fixtureHex());
  });
});

function fixtureHex(): string {
  const world = fixture();
  world.untilRunning();
  return world.world.kernel.hex(8);
}
