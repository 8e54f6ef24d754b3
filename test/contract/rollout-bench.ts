// A driver on a bench: it is told where the rollout shall be, its acts are carried out through the real adapters on
// the local world, and nothing else decides. What `decide` would do between is left out on purpose.

import { createMemoryStores } from "../../local/faces/ports/memory-store.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { AppError } from "../../shared/base/errors.ts";
import { prng } from "../../shared/base/prng.ts";
import { epochMs, minutes, seconds } from "../../shared/base/time.ts";
import type { Settled } from "../../shared/contracts/actions.ts";
import type { Fact } from "../../shared/contracts/facts.ts";
import { defaultRolloutPolicy } from "../../shared/contracts/rollout-defaults.ts";
import type { RolloutPolicy } from "../../shared/contracts/rollout-policy.ts";
import type { Steering, Wish } from "../../shared/core/rollout/driver.ts";
import { learntFrom } from "../../shared/core/rollout/drivers/done.ts";
import { driverFor } from "../../shared/core/rollout/drivers/drivers.ts";
import type { RolloutObservation } from "../../shared/core/rollout/observation.ts";
import type { Active, DriverName, Rollout } from "../../shared/core/rollout/state.ts";
import { performRollout } from "../../shared/shell/act-rollout.ts";
import { observeRollout } from "../../shared/shell/observers/rollout.ts";
import { runFor } from "../simulation/engine.ts";
import { noFaults } from "../simulation/faults.ts";
import type { AllPorts } from "../simulation/pipeline.ts";
import { createQueues, portsOf } from "../simulation/pipeline.ts";
import type { Chaos } from "../simulation/process.ts";
import { Process } from "../simulation/process.ts";
import type { Load } from "../simulation/rollouts/load.ts";
import { startLoad } from "../simulation/rollouts/load.ts";
import type { Kind, Scene } from "../simulation/rollouts/scene.ts";
import { CLUSTER, createScene } from "../simulation/rollouts/scene.ts";
import type { ServiceNow } from "../simulation/rollouts/snapshot.ts";
import { snapshot } from "../simulation/rollouts/snapshot.ts";
import { release } from "../simulation/rollouts/versions.ts";
import { silent } from "../simulation/run.ts";

export interface BenchOptions {
  readonly kind: Extract<Kind, "native" | "strategy" | "task-sets">;
  readonly driver: DriverName;
  readonly policy?: Partial<RolloutPolicy>;
  readonly seed?: number;
}

export interface Bench {
  readonly world: World;
  readonly scene: Scene;
  readonly load: Load;
  readonly chaos: Chaos;
  readonly policy: RolloutPolicy;
  rollout: Rollout;
  /** Every act that was carried out, by type. */
  readonly acts: string[];
  look(): ServiceNow;
  pass(ms: number): Promise<void>;
  /** One look and, where `perform` says so, its acts. */
  steer(wish: Wish, perform?: boolean): Promise<Steering>;
  /** Until the driver says that it is there, or that ECS ended it; throws when it takes longer. */
  reach(wish: Wish, limitMs?: number): Promise<Steering>;
}

const ROUNDS = 6;
const LOOK_EVERY_MS = seconds(5);

export async function createBench(options: BenchOptions): Promise<Bench> {
  const { kind, driver, seed = 1 } = options;
  const world = createWorld({
    seed,
    startAt: epochMs(Date.UTC(2026, 10, 2)),
    throttling: false,
    ecs: { clusters: [CLUSTER] },
    elb: { provisioning: { minMs: 1_000, maxMs: 2_000 } },
  });
  const scene = createScene(world, { name: "web", kind, desiredCount: 4 });
  const load = startLoad(world, scene, 10);
  const chaos: Chaos = {
    kernel: world.kernel,
    chance: prng(seed),
    profile: noFaults,
    met: new Map(),
    crashPoint: undefined,
    calls: 0,
  };
  const plant = {
    world,
    stores: createMemoryStores(),
    queues: createQueues(world.kernel),
    mode: "act",
    log: silent,
    witness: () => undefined,
  } as const;
  // The table is not what is on the bench: it never fails.
  const ports = { ...portsOf(plant, new Process(chaos)), store: plant.stores.state };
  await runFor(world.kernel, minutes(4));
  Object.assign(load.all, { requests: 0, failed: 0 });
  const policy: RolloutPolicy = {
    ...defaultRolloutPolicy,
    mode: "act",
    weights: kind === "strategy" ? "strategy" : "rule",
    steps: [
      { kind: "setWeight", weight: 10 },
      { kind: "pause" },
      { kind: "setWeight", weight: 50 },
      { kind: "pause" },
    ],
    drainSlices: 2,
    ...options.policy,
  };
  const rollout = {
    ...firstRollout(world, scene, driver),
    steps: "kind" in policy.steps ? [] : policy.steps,
  };
  return benchOf({ world, scene, load, chaos, policy, rollout, acts: [] }, ports);
}

const firstRollout = (world: World, scene: Scene, driver: DriverName): Rollout => ({
  id: "r-0000beef",
  driver,
  author: "ann",
  startedAt: world.kernel.now(),
  target: { taskDefinition: release(world, scene, "good"), images: [] },
  source: { taskDefinition: scene.first, images: [] },
  taskSets: {},
  places: {},
  steps: [],
  isAuto: false,
  step: 0,
  stepSince: world.kernel.now(),
  weight: 0,
  scale: 0,
  analysis: { metrics: {}, requestsPerSecond: 0 },
  approvals: [],
  notified: [],
});

type Parts = Omit<Bench, "look" | "pass" | "steer" | "reach">;

function benchOf(parts: Parts, ports: AllPorts): Bench {
  const { world, scene } = parts;
  const bench: Bench = {
    ...parts,
    look: () => snapshot(world, scene),
    pass: (ms) => runFor(world.kernel, ms as never),
    steer: (wish, perform = true) => inVirtualTime(world, () => steerOnce(bench, ports, { wish, perform })),
    reach: async (wish, limitMs = minutes(40)) => {
      for (let passed = 0; ; passed += LOOK_EVERY_MS) {
        const answer = await bench.steer(wish);
        if (answer.proposals.length === 0 && (answer.standing === "reached" || answer.standing === "ended"))
          return answer;
        if (passed > limitMs)
          throw new Error(
            `${JSON.stringify(wish)} was not reached: ${JSON.stringify([answer, bench.rollout, bench.look()])}`,
          );
        await bench.pass(LOOK_EVERY_MS);
      }
    },
  };
  return bench;
}

/** Calls of adapters take virtual time: the clock moves until they are done. */
async function inVirtualTime<T>(world: World, run: () => Promise<T>): Promise<T> {
  let isDone = false;
  const done = run().finally(() => {
    isDone = true;
  });
  done.catch(() => undefined);
  while (!isDone) await runFor(world.kernel, seconds(0.1));
  return done;
}

interface Aim {
  readonly wish: Wish;
  readonly perform: boolean;
}

async function steerOnce(bench: Bench, ports: AllPorts, { wish, perform }: Aim): Promise<Steering> {
  const answer = await ask(bench, ports, wish);
  bench.rollout = { ...bench.rollout, ...answer.learnt } as Rollout;
  if (!perform) return answer;
  for (const proposal of answer.proposals) {
    bench.acts.push(proposal.action.type);
    const settled: Settled = { proposal, outcome: await outcomeOf(bench, ports, proposal) };
    const learnt = learntFrom(bench.rollout, settled, bench.world.kernel.now());
    bench.rollout = { ...bench.rollout, ...learnt } as Rollout;
  }
  return answer;
}

async function outcomeOf(
  bench: Bench,
  ports: AllPorts,
  proposal: Settled["proposal"],
): Promise<Settled["outcome"]> {
  const context = { key: bench.scene.key, hops: 0, decidedAt: ports.clock.now() };
  try {
    return await performRollout(proposal.action as never, proposal, { ports, context });
  } catch (error) {
    if (!(error instanceof AppError)) return { kind: "unknown" };
    if (error.code === "transient") return { kind: "unknown" };
    return { kind: "failed", code: error.code, message: error.message, retry: false };
  }
}

/** The rounds of questions that a pass makes. */
async function ask(bench: Bench, ports: AllPorts, wish: Wish): Promise<Steering> {
  const { policy, scene, world } = bench;
  const now = world.kernel.now();
  const wake: Fact = { kind: "wake", cause: "timer", at: now };
  const state: Active = { phase: "stepping", heard: [], past: [], rollout: bench.rollout };
  const aggregate = await ports.store.load(scene.key);
  const from = { aggregate, state, policy, facts: [wake], now };
  let { observation } = await observeRollout({ ...from, asks: [] }, ports);
  for (let round = 0; ; round += 1) {
    const answer = driverFor(bench.rollout.driver).steer(
      { key: scene.key, rollout: bench.rollout, observation, policy, now },
      wish,
    );
    if (answer.asks.length === 0 || round === ROUNDS) return answer;
    const seen: RolloutObservation = observation;
    bench.rollout = { ...bench.rollout, ...answer.learnt } as Rollout;
    ({ observation } = await observeRollout({ ...from, asks: answer.asks, seen }, ports));
  }
}
