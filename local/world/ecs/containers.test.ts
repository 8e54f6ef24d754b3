// Tasks whose containers a runtime runs: the task's life follows what the runtime says.

import { describe, expect, it } from "vitest";
import { millis } from "../../../shared/base/time.ts";
import type { ContainerExit, ContainerLaunch, ContainerRuntime } from "./container-runtime.ts";
import type { Fixture } from "./ecs-fixture.ts";
import { createFixture } from "./ecs-fixture.ts";

type Call = Parameters<ContainerRuntime["start"]>;

interface Started {
  readonly launch: ContainerLaunch;
  readonly on: Call[1];
}

/** A runtime that does what the test says, and remembers what it was asked for. */
function fakeRuntime() {
  const starts: Started[] = [];
  const asked: string[] = [];
  const checks: { done: (healthy: boolean) => void; command: readonly string[] }[] = [];
  const runtime: ContainerRuntime = {
    start: (launch, on) => {
      starts.push({ launch, on });
      asked.push(`start ${launch.container}`);
    },
    stop: () => asked.push("stop"),
    kill: (_taskId, container) => asked.push(`kill ${container ?? "all"}`),
    check: (_taskId, { command }, done) => checks.push({ done, command }),
  };
  const one = (container: string): Started => {
    const found = starts.findLast(({ launch }) => launch.container === container);
    if (found === undefined) throw new Error(`${container} was not started`);
    return found;
  };
  return { runtime, starts, asked, checks, one };
}

interface ContainerSpec {
  readonly name: string;
  readonly essential?: boolean;
  readonly [field: string]: unknown;
}

function stage(containers: readonly ContainerSpec[]) {
  const fake = fakeRuntime();
  const fixture = createFixture({ runtime: fake.runtime });
  const host = fixture.ecs.registerContainerInstance({});
  fixture.ecs.operations.RegisterTaskDefinition({
    family: "app",
    networkMode: "bridge",
    containerDefinitions: containers.map((container) => ({
      image: "example/app:1",
      memory: 64,
      portMappings: [],
      ...container,
    })),
  });
  const { tasks } = fixture.ecs.operations.RunTask({ taskDefinition: "app", launchType: "EC2" });
  fixture.advance(10);
  return { ...fake, ...fixture, host, taskArn: tasks?.[0]?.taskArn ?? "" };
}

const described = ({ ecs }: Pick<Fixture, "ecs">, taskArn: string) =>
  ecs.operations.DescribeTasks({ tasks: [taskArn] }).tasks?.[0];

const ended = (on: Started["on"], exit: ContainerExit) => on.exited(exit);

describe("a task that a runtime runs", () => {
  it("is RUNNING once its program has started, not before", () => {
    const { one, walk, taskArn, advance } = stage([
      { name: "web", environment: [{ name: "A", value: "1" }], portMappings: [{ containerPort: 80 }] },
    ]);
    advance(600);
    expect(walk(taskArn)).toEqual(["PENDING", "ACTIVATING"]);
    const { launch, on } = one("web");
    expect(launch).toMatchObject({
      image: "example/app:1",
      environment: { A: "1" },
      memoryMb: 64,
      stopTimeoutMs: 30_000,
      ports: [{ containerPort: 80, hostPort: 32_768 }],
    });
    expect(launch.address).toMatch(/^10\.128\./);
    on.started();
    expect(walk(taskArn)).toEqual(["PENDING", "ACTIVATING", "RUNNING"]);
  });

  it("fails to start with the runtime's reason", () => {
    const world = stage([{ name: "web" }]);
    world.one("web").on.failed("CannotPullContainerError: not found");
    world.advance(60);
    expect(described(world, world.taskArn)).toMatchObject({
      lastStatus: "STOPPED",
      stopCode: "TaskFailedToStart",
      stoppedReason: "CannotPullContainerError: not found",
      containers: [{ reason: "CannotPullContainerError: not found" }],
    });
    expect(world.walk(world.taskArn)).not.toContain("RUNNING");
  });

  it("ends with its essential container, and shows how that ended", () => {
    const world = stage([{ name: "web" }, { name: "log", essential: false }]);
    for (const { on } of world.starts) on.started();
    ended(world.one("web").on, { exitCode: 137, reason: "OutOfMemoryError: Container killed" });
    world.advance(60);
    // The other one is asked to stop, and waited for.
    expect(world.walk(world.taskArn).at(-1)).toBe("STOPPING");
    expect(world.asked.filter((call) => call === "stop")).toHaveLength(1);
    ended(world.one("log").on, { exitCode: 0 });
    expect(described(world, world.taskArn)).toMatchObject({
      lastStatus: "STOPPED",
      stopCode: "EssentialContainerExited",
      stoppedReason: "Essential container in task exited",
      containers: [
        { name: "web", exitCode: 137, reason: "OutOfMemoryError: Container killed" },
        { name: "log", exitCode: 0 },
      ],
    });
  });

  it("lives on when another container ends, with an event", () => {
    const world = stage([{ name: "web" }, { name: "log", essential: false }]);
    for (const { on } of world.starts) on.started();
    const before = world.walk(world.taskArn).length;
    ended(world.one("log").on, { exitCode: 3 });
    world.advance(60);
    expect(world.walk(world.taskArn).slice(before)).toEqual(["RUNNING"]);
    expect(described(world, world.taskArn)?.containers?.[1]).toMatchObject({
      lastStatus: "STOPPED",
      exitCode: 3,
    });
  });

  it("waits in STOPPING until the program has ended, however long that takes", () => {
    const world = stage([{ name: "web" }]);
    world.one("web").on.started();
    world.ecs.operations.StopTask({ task: world.taskArn });
    world.advance(600);
    expect(world.walk(world.taskArn).at(-1)).toBe("STOPPING");
    ended(world.one("web").on, { exitCode: 0 });
    expect(described(world, world.taskArn)).toMatchObject({
      lastStatus: "STOPPED",
      containers: [{ exitCode: 0 }],
    });
  });

  it("ends when it is stopped while its program is only starting", () => {
    const world = stage([{ name: "web" }]);
    world.ecs.operations.StopTask({ task: world.taskArn });
    world.advance(60);
    world.one("web").on.started();
    ended(world.one("web").on, { exitCode: 143 });
    world.advance(10);
    expect(world.walk(world.taskArn)).not.toContain("RUNNING");
    expect(described(world, world.taskArn)?.lastStatus).toBe("STOPPED");
  });

  it("starts containers in the order of their dependencies", () => {
    const world = stage([
      { name: "web", dependsOn: [{ containerName: "migrate", condition: "SUCCESS" }] },
      { name: "migrate", essential: false },
    ]);
    expect(world.asked).toEqual(["start migrate"]);
    world.one("migrate").on.started();
    expect(world.asked).toEqual(["start migrate"]);
    ended(world.one("migrate").on, { exitCode: 0 });
    expect(world.asked).toEqual(["start migrate", "start web"]);
    world.one("web").on.started();
    expect(world.walk(world.taskArn).at(-1)).toBe("RUNNING");
  });

  it("does not start what depends on a container that failed", () => {
    const world = stage([
      { name: "web", dependsOn: [{ containerName: "migrate", condition: "SUCCESS" }] },
      { name: "migrate", essential: false },
    ]);
    world.one("migrate").on.started();
    ended(world.one("migrate").on, { exitCode: 1 });
    world.advance(60);
    expect(world.asked).toEqual(["start migrate"]);
    expect(described(world, world.taskArn)).toMatchObject({
      lastStatus: "STOPPED",
      stopCode: "TaskFailedToStart",
    });
  });

  it("kills the program that a test declares dead", () => {
    const world = stage([{ name: "web" }]);
    world.one("web").on.started();
    world.ecs.killTask(world.taskArn, { exitCode: 139 });
    expect(world.asked.at(-1)).toBe("kill web");
    ended(world.one("web").on, { exitCode: 137 });
    world.advance(60);
    expect(described(world, world.taskArn)?.containers?.[0]).toMatchObject({ exitCode: 139 });
  });
});

describe("hosts of real programs", () => {
  it("tells of an exit when the agent is back", () => {
    const world = stage([{ name: "web" }]);
    world.one("web").on.started();
    world.ecs.disconnectAgent(world.host.ec2InstanceId);
    ended(world.one("web").on, { exitCode: 1 });
    world.advance(600);
    expect(described(world, world.taskArn)?.lastStatus).toBe("RUNNING");
    world.ecs.reconnectAgent(world.host.ec2InstanceId);
    world.advance(60);
    expect(described(world, world.taskArn)).toMatchObject({
      lastStatus: "STOPPED",
      stopCode: "EssentialContainerExited",
      containers: [{ exitCode: 1 }],
    });
  });

  it("kills every program of a host that is lost, and the tasks end as EC2 says", () => {
    const world = stage([{ name: "web" }]);
    world.one("web").on.started();
    world.ecs.loseHost(world.host.ec2InstanceId);
    expect(world.asked.at(-1)).toBe("kill all");
    ended(world.one("web").on, { exitCode: 137 });
    world.advance(60);
    expect(described(world, world.taskArn)).toMatchObject({
      lastStatus: "STOPPED",
      stopCode: "TerminationNotice",
    });
  });
});

describe("health of real programs", () => {
  const healthCheck = { command: ["CMD-SHELL", "true"], interval: 5, retries: 2, startPeriod: 12 };

  it("comes from the check: healthy at the first success, unhealthy after the retries", () => {
    const world = stage([{ name: "web", healthCheck }]);
    world.one("web").on.started();
    const health = () => [...world.ecs.runningTasks()][0]?.health;
    const answer = (isWell: boolean) => {
      world.advance(5);
      world.checks.at(-1)?.done(isWell);
      return health();
    };
    expect(health()).toBe("UNKNOWN");
    // Two failures within the start period do not count.
    expect([answer(false), answer(false), answer(true)]).toEqual(["UNKNOWN", "UNKNOWN", "HEALTHY"]);
    expect([answer(false), answer(false)]).toEqual(["HEALTHY", "UNHEALTHY"]);
    expect(answer(true)).toBe("HEALTHY");
    expect(world.checks).toHaveLength(6);
  });

  it("stays as it was set from outside, until that is taken back", () => {
    const world = stage([{ name: "web", healthCheck }]);
    world.one("web").on.started();
    const task = () => [...world.ecs.runningTasks()][0];
    const answerWell = () => {
      world.advance(5);
      world.checks.at(-1)?.done(true);
      return task()?.health;
    };
    expect(answerWell()).toBe("HEALTHY");
    world.ecs.setTaskHealth(task()?.taskId ?? "", "UNHEALTHY");
    expect([answerWell(), answerWell()]).toEqual(["UNHEALTHY", "UNHEALTHY"]);
    world.ecs.setTaskHealth(task()?.taskId ?? "", "HEALTHY");
    expect(answerWell()).toBe("HEALTHY");
  });

  it("asks one check at a time and stops with the program", () => {
    const world = stage([{ name: "web", healthCheck }]);
    world.one("web").on.started();
    world.advance(120);
    expect(world.checks).toHaveLength(1);
    ended(world.one("web").on, { exitCode: 0 });
    world.checks[0]?.done(true);
    world.advance(120);
    expect(world.checks).toHaveLength(1);
  });
});

describe("a runtime that answers at once", () => {
  it("is taken, too", () => {
    const fake = fakeRuntime();
    const fixture = createFixture({
      runtime: { ...fake.runtime, start: (_launch, on) => on.started() },
      hostDwell: { pending: { minMs: 1, maxMs: millis(1) } },
    });
    fixture.ecs.registerContainerInstance({});
    const { tasks } = fixture.ecs.operations.RunTask({ taskDefinition: "bridge", launchType: "EC2" });
    fixture.advance(60);
    expect(fixture.walk(tasks?.[0]?.taskArn ?? "")).toEqual(["PENDING", "ACTIVATING", "RUNNING"]);
  });
});
