// The proof of the HTTP load balancer: real requests to tasks that are real processes, through a shift of weights,
// the replacement of every task, and a drain. Nothing of it may cost a client an error.

import { createSurroundings } from "../../local/runtime/surroundings.ts";
import { followWallClock } from "../../local/runtime/wall-clock.ts";
import type { Load } from "../../local/scenario/load/load.ts";
import { startLoad } from "../../local/scenario/load/load.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { epochMs } from "../../shared/base/time.ts";

export interface TrafficFigures {
  readonly requests: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly oddities: readonly string[];
  readonly versions: Readonly<Record<string, number>>;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Tasks that served during the run. */
  readonly tasksStarted: number;
}

const QUICK = { minMs: 50, maxMs: 150 };
const DWELL = {
  provisioning: QUICK,
  pending: QUICK,
  activating: QUICK,
  deactivating: QUICK,
  deprovisioning: QUICK,
};
const CONNECTIONS = 24;
const STEP_TIMEOUT_MS = 60_000;

type Call = (
  service: "ecs" | "elasticloadbalancing",
  operation: string,
  input: object,
) => Record<string, never[]>;

export interface TrafficOrder {
  /** At least that many, and until all steps are done. */
  readonly requests: number;
  /** Instead of the steps a task's process is killed, without any notice. */
  readonly killsOne?: boolean;
}

/** Text: why it cannot be done on this system. */
export async function driveTraffic({
  requests,
  killsOne = false,
}: TrafficOrder): Promise<TrafficFigures | string> {
  const surroundings = await createSurroundings();
  if (typeof surroundings === "string") return surroundings;
  const world = createWorld({
    seed: 11,
    startAt: epochMs(Date.now()),
    throttling: false,
    backends: surroundings.worldOptions.backends,
    ecs: { ...surroundings.worldOptions.ecs, fargateDwell: DWELL },
    elb: {
      propagation: { minMs: 100, maxMs: 300 },
      provisioning: { minMs: 0, maxMs: 0 },
      firstProbe: QUICK,
    },
  });
  const clock = followWallClock(world);
  const inStep = clock.inStep(world);
  const call: Call = (service, operation, input) =>
    inStep.call(service, operation, input) as Record<string, never[]>;
  try {
    const { balancer } = await surroundings.open(world, clock);
    const shop = await build(call, world);
    await balancer.ready();
    const [endpoint] = balancer.endpoints();
    if (endpoint === undefined) throw new Error("the listener did not open");
    const load = startLoad({ host: endpoint.address, port: endpoint.port, connections: CONNECTIONS });
    const course = { call, world, shop, load, requests };
    const tasksStarted = killsOne
      ? await killProcess(surroundings.processes.pids()[0] ?? 0, course)
      : await unroll(course);
    return { ...figuresOf(await load.stop()), tasksStarted };
  } finally {
    await surroundings.stop();
    clock.stop();
  }
}

function figuresOf(result: Awaited<ReturnType<Load["stop"]>>) {
  const { "200": _well, ...errors } = result.statuses;
  const sorted = result.latencies.sort();
  const rank = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    requests: sorted.length,
    errors,
    oddities: result.oddities,
    versions: result.versions,
    requestsPerSecond: Math.round((sorted.length / result.durationMs) * 1_000),
    p50Ms: rank(0.5),
    p99Ms: rank(0.99),
  };
}

interface Shop {
  readonly listenerArn: string;
  readonly groups: Readonly<Record<"blue" | "green", string>>;
}

async function build(call: Call, world: World): Promise<Shop> {
  const first = (answer: Record<string, never[]>, list: string, member: string): string =>
    String((answer[list]?.[0] as Record<string, unknown> | undefined)?.[member]);
  const elb = (operation: string, input: object) => call("elasticloadbalancing", operation, input);
  const LoadBalancerArn = first(
    elb("CreateLoadBalancer", { Name: "shop", Subnets: ["subnet-a", "subnet-b"] }),
    "LoadBalancers",
    "LoadBalancerArn",
  );
  const group = (Name: string) => {
    const answer = elb("CreateTargetGroup", {
      Name,
      Protocol: "HTTP",
      Port: 8080,
      VpcId: "vpc-1",
      TargetType: "ip",
      HealthCheckPath: "/health",
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      HealthyThresholdCount: 2,
    });
    const TargetGroupArn = first(answer, "TargetGroups", "TargetGroupArn");
    elb("ModifyTargetGroupAttributes", {
      TargetGroupArn,
      Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "2" }],
    });
    return TargetGroupArn;
  };
  const groups = { blue: group("blue"), green: group("green") };
  const listenerArn = first(
    elb("CreateListener", {
      LoadBalancerArn,
      Protocol: "HTTP",
      Port: 8088,
      DefaultActions: weights(groups, 100),
    }),
    "Listeners",
    "ListenerArn",
  );
  for (const [index, [name, targetGroupArn]] of Object.entries(groups).entries())
    createService(call, { name, targetGroupArn, version: index + 1 });
  await settled(() => healthyIn(call, groups.blue) >= 2 && healthyIn(call, groups.green) >= 2, world);
  return { listenerArn, groups };
}

const weights = ({ blue, green }: Shop["groups"], share: number): object[] => [
  {
    Type: "forward",
    ForwardConfig: {
      TargetGroups: [
        { TargetGroupArn: blue, Weight: share },
        { TargetGroupArn: green, Weight: 100 - share },
      ],
    },
  },
];

interface ServiceOrder {
  readonly name: string;
  readonly targetGroupArn: string;
  readonly version: number;
}

function createService(call: Call, { name, targetGroupArn, version }: ServiceOrder): void {
  call("ecs", "RegisterTaskDefinition", {
    family: name,
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "256",
    memory: "512",
    containerDefinitions: [
      { name: "app", image: `example/web:${version}`, portMappings: [{ containerPort: 8080 }] },
    ],
  });
  call("ecs", "CreateService", {
    serviceName: name,
    taskDefinition: name,
    desiredCount: 2,
    launchType: "FARGATE",
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-a"] } },
    loadBalancers: [{ targetGroupArn, containerName: "app", containerPort: 8080 }],
  });
}

interface Course {
  readonly call: Call;
  readonly world: World;
  readonly shop: Shop;
  readonly load: Load;
  readonly requests: number;
}

/** Shift to green, replace every task of green, scale it in, take blue away. Returns how many tasks have run. */
async function unroll({ call, world, shop, load, requests }: Course): Promise<number> {
  const { listenerArn, groups } = shop;
  const seen = new Set<string>();
  const look = () => {
    for (const task of world.ecs.runningTasks()) if (task.lastStatus === "RUNNING") seen.add(task.taskId);
  };
  const part = (share: number) => load.until(Math.ceil(requests * share));
  const update = (service: string, change: object) => call("ecs", "UpdateService", { service, ...change });
  look();
  await part(0.1);
  for (const [index, share] of [75, 50, 0].entries()) {
    call("elasticloadbalancing", "ModifyListener", {
      ListenerArn: listenerArn,
      DefaultActions: weights(groups, share),
    });
    await part(0.2 + index * 0.1);
  }
  const before = new Set([...world.ecs.runningTasks()].map(({ taskId }) => taskId));
  update("green", { forceNewDeployment: true });
  await settled(() => {
    look();
    const left = [...world.ecs.runningTasks()].filter(({ group }) => group === "service:green");
    return (
      left.length === 2 &&
      left.every(({ taskId }) => !before.has(taskId)) &&
      healthyIn(call, groups.green) === 2
    );
  }, world);
  await part(0.7);
  update("green", { desiredCount: 1 });
  update("blue", { desiredCount: 0 });
  await settled(() => [...world.ecs.runningTasks()].length === 1, world);
  await part(1);
  return seen.size;
}

/** All requests go to blue: half of them to the process that dies. */
async function killProcess(pid: number, { load, requests }: Course): Promise<number> {
  await load.until(Math.ceil(requests / 2));
  process.kill(pid, "SIGKILL");
  await load.until(requests);
  return 0;
}

function healthyIn(call: Call, TargetGroupArn: string): number {
  const answer = call("elasticloadbalancing", "DescribeTargetHealth", { TargetGroupArn });
  const targets = answer["TargetHealthDescriptions"] as unknown as readonly {
    TargetHealth: { State: string };
  }[]; // -- reason: the call's answer is only known by its operation
  return targets.filter(({ TargetHealth }) => TargetHealth.State === "healthy").length;
}

async function settled(holds: () => boolean, world: World): Promise<void> {
  const deadline = performance.now() + STEP_TIMEOUT_MS;
  while (!holds()) {
    if (performance.now() > deadline) {
      const tasks = [...world.ecs.runningTasks()].map(
        (one) => `${one.group} ${one.lastStatus} ${one.desiredStatus}`,
      );
      throw new Error(`a step did not settle: ${tasks.join(", ")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
