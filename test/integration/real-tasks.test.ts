// Tasks of the virtual ECS as real processes: what ECS says of them is what became of the processes.

import { afterEach, describe, expect, it, vi } from "vitest";
import { loopbackObstacle } from "../../local/runtime/processes/loopback.ts";
import { canMeasureMemory } from "../../local/runtime/processes/memory.ts";
import { createSurroundings } from "../../local/runtime/surroundings.ts";
import { followWallClock } from "../../local/runtime/wall-clock.ts";
import { createWorld } from "../../local/world/world.ts";
import { epochMs } from "../../shared/base/time.ts";

const QUICK = { minMs: 20, maxMs: 60 };
const DWELL = {
  provisioning: QUICK,
  pending: QUICK,
  activating: QUICK,
  leaving: QUICK,
  deactivating: QUICK,
  stopping: QUICK,
  deprovisioning: QUICK,
};

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function stage() {
  const surroundings = await createSurroundings();
  if (typeof surroundings === "string") throw new Error(surroundings);
  const { backends, ecs } = surroundings.worldOptions;
  const world = createWorld({
    seed: 1,
    startAt: epochMs(Date.now()),
    throttling: false,
    backends,
    ecs: { ...ecs, fargateDwell: DWELL, hostDwell: DWELL },
  });
  const clock = followWallClock(world);
  ends.push(() => surroundings.stop(), clock.stop);
  await surroundings.open(world, clock);
  const api = clock.inStep(world);
  const run = (container: object, host = false): string => {
    api.call("ecs", "RegisterTaskDefinition", {
      family: "app",
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      containerDefinitions: [
        { name: "app", image: "example/web:7", portMappings: [{ containerPort: 8080 }], ...container },
      ],
    });
    const answer = api.call("ecs", "RunTask", {
      taskDefinition: "app",
      launchType: host ? "EC2" : "FARGATE",
      networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-a"] } },
    });
    return (answer as { tasks: { taskArn: string }[] }).tasks[0]?.taskArn ?? "";
  };
  const becomes = (taskArn: string, shape: object) =>
    vi.waitFor(
      () => {
        const { tasks } = api.call("ecs", "DescribeTasks", { tasks: [taskArn] }) as { tasks: object[] };
        expect(tasks[0]).toMatchObject(shape);
      },
      { timeout: 15_000, interval: 25 },
    );
  return { world, api, run, becomes, processes: surroundings.processes };
}

const environment = (name: string, value: string) => ({ environment: [{ name, value }] });

/** What the task is, its container, and what ECS says in the end. */
const ENDINGS: readonly (readonly [string, object, object])[] = [
  [
    "whose image is unknown",
    { image: "example/none:1" },
    { stopCode: "TaskFailedToStart", stoppedReason: expect.stringMatching(/^CannotPullContainerError: /) },
  ],
  [
    "whose secret is missing",
    { secrets: [{ name: "DB", valueFrom: "arn:aws:secretsmanager:us-east-1:111122223333:secret:db" }] },
    {
      stopCode: "TaskFailedToStart",
      stoppedReason: expect.stringMatching(/^ResourceInitializationError: /),
    },
  ],
  [
    "that crashes",
    environment("CRASH_AFTER_S", "0.2"),
    { stopCode: "EssentialContainerExited", containers: [{ exitCode: 1 }] },
  ],
  ...(canMeasureMemory
    ? [
        [
          "that takes too much memory",
          { memory: 100, ...environment("LEAK_MB_PER_S", "200") },
          {
            stopCode: "EssentialContainerExited",
            containers: [{ exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" }],
          },
        ] as const,
      ]
    : []),
];

describe.skipIf((await loopbackObstacle()) !== undefined)("a task as a process", () => {
  it("runs at its own address until it is stopped, and ends with its own exit code", async () => {
    const { api, run, becomes, world, processes } = await stage();
    const tasks = [run({}), run({})];
    for (const taskArn of tasks) await becomes(taskArn, { lastStatus: "RUNNING" });
    const addresses = [...world.ecs.runningTasks()].map((task) => task.addresses.ipv4);
    expect(new Set(addresses).size).toBe(2);
    await vi.waitFor(async () => {
      for (const address of addresses)
        expect(await (await fetch(`http://${address}:8080/`)).json()).toMatchObject({ version: "7" });
    });
    for (const task of tasks) api.call("ecs", "StopTask", { task });
    for (const task of tasks) await becomes(task, { lastStatus: "STOPPED", containers: [{ exitCode: 0 }] });
    expect(processes.pids()).toEqual([]);
  });

  it.each(ENDINGS)("%s ends as ECS says", async (_what, container, shape) => {
    const { run, becomes } = await stage();
    await becomes(run(container), { lastStatus: "STOPPED", ...shape });
  });

  it("is healthy by its own health check", async () => {
    const { run, becomes } = await stage();
    const command = [
      "CMD-SHELL",
      `${process.execPath} -e "fetch('http://'+process.env.HOST+':'+process.env.PORT+'/health').then(a=>process.exit(a.ok?0:1),()=>process.exit(1))"`,
    ];
    const healthCheck = { command, interval: 5 };
    await becomes(run({ healthCheck }), { lastStatus: "RUNNING", healthStatus: "HEALTHY" });
  });

  it("is gone with its host", async () => {
    const { world, run, becomes, processes } = await stage();
    const host = world.ecs.registerContainerInstance({});
    await becomes(run({}, true), { lastStatus: "RUNNING" });
    expect(processes.pids()).toHaveLength(1);
    world.ecs.loseHost(host.ec2InstanceId);
    await vi.waitFor(() => expect(processes.pids()).toEqual([]));
  });
});
