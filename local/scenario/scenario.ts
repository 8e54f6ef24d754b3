// What happens to the demo fleet: it grows, loses tasks, loses a host, and loses events. After each step the
// registries must become equal to the tasks that run, or the scenario names what did not.

import { UpdateContainerInstancesStateCommand, UpdateServiceCommand } from "@aws-sdk/client-ecs";
import type { Demo } from "./demo.ts";
import { CLUSTER } from "./fleet.ts";
import type { ServiceTruth } from "./truth.ts";
import { hasForeignInstance, isTrue, truthOf } from "./truth.ts";
import { pause, until } from "./wall-time.ts";

export interface ScenarioOptions {
  readonly signal: AbortSignal;
  /** One line of the timeline. */
  readonly onStep: (text: string) => void;
}

/** What failed; empty when all went well. Ends early at the first failure, and when interrupted. */
export type Failures = readonly string[];

interface Stage extends ScenarioOptions {
  readonly demo: Demo;
  readonly desired: Map<string, number>;
}

interface Step {
  readonly text: string;
  readonly act: (stage: Stage) => Promise<void> | void;
  /** How long the registries may take to be right again, ECS's own time included. */
  readonly patienceMs: (stage: Stage) => number;
}

/** The slowest start here is an EC2 task: 1.5 s for the scheduler, 6.5 s to RUNNING. */
const PATIENCE_MS = 30_000;
/** Replacements start, pass their health check, and only then are the old tasks stopped. */
const DRAIN_PATIENCE_MS = 60_000;
/** The sweep comes once a minute; its full comparison with ECS once in five. */
const FIRST_SWEEP_MS = 75_000;
const NEXT_RESYNC_MS = 390_000;

const OUT_OF_MEMORY = { exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" };

const patient = (): number => PATIENCE_MS;

const STEPS: readonly Step[] = [
  {
    text: "three services start: web (Fargate awsvpc) 3, api (EC2 bridge) 4, edge (ECS Anywhere) 2 tasks",
    act: ({ demo }) => demo.startServices(),
    patienceMs: patient,
  },
  {
    text: "scale out: web 3 -> 9, api 4 -> 8, edge 2 -> 4",
    act: async (stage) => {
      await scale(stage, "web", 9);
      await scale(stage, "api", 8);
      await scale(stage, "edge", 4);
    },
    patienceMs: patient,
  },
  {
    text: "kill tasks: three of web and two of api run out of memory, one of edge exits with 1",
    act: (stage) => {
      for (const name of ["web", "web", "web", "api", "api"]) kill(stage, name, OUT_OF_MEMORY);
      kill(stage, "edge", { exitCode: 1 });
    },
    patienceMs: patient,
  },
  {
    text: "scale in: web 9 -> 6, edge 4 -> 3",
    act: async (stage) => {
      await scale(stage, "web", 6);
      await scale(stage, "edge", 3);
    },
    patienceMs: patient,
  },
  { text: "drain one of the three EC2 hosts", act: drainHost, patienceMs: () => DRAIN_PATIENCE_MS },
  {
    text: "lose events: for 5 s EventBridge delivers nothing; web loses two tasks, api is scaled in by two",
    act: loseEvents,
    patienceMs: ({ demo }) => (demo.meter.sweeps() === 0 ? FIRST_SWEEP_MS : NEXT_RESYNC_MS),
  },
];

export async function runScenario(demo: Demo, options: ScenarioOptions): Promise<Failures> {
  const stage: Stage = {
    demo,
    ...options,
    desired: new Map([
      ["web", 3],
      ["api", 4],
      ["edge", 2],
    ]),
  };
  for (const step of STEPS) {
    options.onStep(step.text);
    await step.act(stage);
    const began = performance.now();
    const settled = await until(() => isSettled(stage), {
      timeoutMs: step.patienceMs(stage),
      signal: options.signal,
    });
    if (options.signal.aborted) return [];
    if (!settled) return [`${step.text}: ${complaints(stage).join("; ")}`, ...denialsOf(demo)];
    options.onStep(`registries are right after ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  }
  return aftermath(demo);
}

const truths = ({ demo }: Pick<Stage, "demo">): readonly ServiceTruth[] =>
  demo.services.map((service) => truthOf(demo.world, service, demo.drained));

function isSettled(stage: Stage): boolean {
  return truths(stage).every(
    (truth) => isTrue(truth) && truth.moving === 0 && truth.expected === stage.desired.get(truth.name),
  );
}

function complaints(stage: Stage): readonly string[] {
  return truths(stage).flatMap((truth) => [
    ...truth.missing.map((endpoint) => `${truth.name}: ${endpoint} runs and is not registered`),
    ...truth.stale.map((endpoint) => `${truth.name}: ${endpoint} is registered and should not be`),
    ...(truth.moving === 0 ? [] : [`${truth.name}: ${truth.moving} tasks are still on their way`]),
    ...(truth.expected === stage.desired.get(truth.name)
      ? []
      : [`${truth.name}: ${truth.expected} of ${stage.desired.get(truth.name)} tasks run`]),
  ]);
}

/** A refused call fails the run, also where the functions coped with it. */
const denialsOf = ({ deployment }: Pick<Demo, "deployment">): Failures =>
  [...new Set(deployment.denials.map(({ message }) => message))].map((message) => `IAM: ${message}`);

/** What must hold besides: nobody else's instance touched, no function failed. */
function aftermath(demo: Demo): Failures {
  const { world, services, deployment } = demo;
  const [first] = services;
  const failures: string[] = [...denialsOf(demo)];
  if (first !== undefined && !hasForeignInstance(world, first))
    failures.push("an instance of another owner is gone");
  for (const { name, lambda } of deployment.functions) {
    const { errors } = lambda.counts();
    if (errors > 0) failures.push(`function ${name} failed ${errors} times`);
  }
  return failures;
}

// --- acts -----------------------------------------------------------------------------------------------

async function scale({ demo, desired }: Stage, service: string, desiredCount: number): Promise<void> {
  desired.set(service, desiredCount);
  await demo.clients.ecs.send(new UpdateServiceCommand({ cluster: CLUSTER, service, desiredCount }));
}

/** Of the tasks that run and are meant to run, the oldest. */
function kill(
  { demo }: Pick<Stage, "demo">,
  name: string,
  exit: { exitCode: number; reason?: string },
): void {
  for (const task of demo.world.ecs.runningTasks(CLUSTER)) {
    if (task.group !== `service:${name}` || task.lastStatus !== "RUNNING" || task.desiredStatus !== "RUNNING")
      continue;
    demo.world.ecs.killTask(task.taskId, exit);
    return;
  }
}

async function drainHost({ demo }: Stage): Promise<void> {
  const host = [...demo.world.ecs.hosts()].find(({ kind }) => kind === "EC2");
  if (host === undefined) return;
  const containerInstances = [host.containerInstanceArn];
  demo.drained.add(host.containerInstanceArn);
  await demo.clients.ecs.send(
    new UpdateContainerInstancesStateCommand({ cluster: CLUSTER, containerInstances, status: "DRAINING" }),
  );
}

/** Long enough for replacements to start and for the stopped tasks to end: none of their events arrives. */
const LOSS_MS = 5_000;

async function loseEvents(stage: Stage): Promise<void> {
  const { demo, signal } = stage;
  demo.world.events.setFaults({ drop: 1 });
  demo.meter.setLosing(true);
  kill(stage, "web", { exitCode: 139 });
  kill(stage, "web", { exitCode: 139 });
  await scale(stage, "api", 6);
  await pause(LOSS_MS, signal);
  demo.meter.setLosing(false);
  demo.world.events.setFaults({ drop: 0 });
  stage.onStep("events are delivered again; what was lost is found by the sweep, once a minute");
}

/** After the scenario: something every while, so that there is something to look at. */
const CHURN_EVERY_MS = 20_000;

export async function churn(demo: Demo, { signal, onStep }: ScenarioOptions): Promise<void> {
  for (let round = 0; !signal.aborted; round += 1) {
    await pause(CHURN_EVERY_MS, signal);
    if (signal.aborted) return;
    const name = demo.services[round % demo.services.length]?.name ?? "web";
    onStep(`a task of ${name} crashes`);
    kill({ demo }, name, { exitCode: 1 });
  }
}
