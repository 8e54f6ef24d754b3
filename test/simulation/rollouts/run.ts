// One simulated rollout run: services and a fault profile from the seed; a safety phase with faults on, where
// every step is checked; then a liveness phase without faults, in which every rollout must come to an end.

import { keyOf } from "../../../shared/base/keys.ts";
import type { Prng } from "../../../shared/base/prng.ts";
import { prng } from "../../../shared/base/prng.ts";
import type { EpochMs } from "../../../shared/base/time.ts";
import { minutes, seconds } from "../../../shared/base/time.ts";
import type { RolloutPolicy } from "../../../shared/contracts/rollout-policy.ts";
import type { AllPorts } from "../pipeline.ts";
import { unended } from "./endings.ts";
import type { RolloutFaults } from "./faults.ts";
import { drawRolloutFaults, NO_FAULTS } from "./faults.ts";
import { AUTO, STEPS } from "./policy.ts";
import { CLUSTER, KINDS } from "./scene.ts";
import type { ServiceOptions, Stage } from "./stage.ts";
import { createStage } from "./stage.ts";
import { doSomething, relent } from "./workload.ts";

export interface RolloutRunOptions {
  readonly seed: number;
  readonly profile?: RolloutFaults;
  readonly mutate?: (ports: AllPorts) => AllPorts;
  readonly verbose?: boolean;
  /** Called before anything happens: to listen, and to look at the end. */
  readonly observe?: (stage: Stage) => void;
}

export interface RolloutRunResult {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly met: ReadonlyMap<string, number>;
  readonly bus: Stage["world"]["events"] extends { counters(): infer C } ? C : never;
  /** How rollouts ended, by driver and outcome. */
  readonly outcomes: readonly string[];
  readonly steps: number;
}

const SAFETY_MS = minutes(25);
/** An operator looks at what waits for a word. */
const ATTENTION_MS = minutes(15);
/** The longest retry, the progress deadline, the analysis' deadline and a queue of two rollouts. */
const LIVENESS_MS = minutes(75);

export async function runRollouts(options: RolloutRunOptions): Promise<RolloutRunResult> {
  const { seed, mutate, verbose } = options;
  const chance = prng(seed ^ 0x7011_0075);
  const services = drawServices(chance);
  const stage = await createStage({ seed, services, ...(mutate && { mutate }), ...(verbose && { verbose }) });
  options.observe?.(stage);
  stage.setFaults(options.profile ?? drawRolloutFaults(prng(seed ^ 0x5eed)));
  await safetyPhase(stage);
  await livenessPhase(stage);
  return {
    seed,
    faults: stage.complaints,
    met: stage.chaos.met,
    bus: stage.world.events.counters() as RolloutRunResult["bus"],
    outcomes: stage.cast.flatMap(({ scene }) => {
      const state = stage.state(scene.key);
      const past = state.past.map(({ driver, outcome }) => `${driver} ${outcome}`);
      return state.phase === "stuck" ? [...past, `${state.rollout.driver} needs-operator`] : past;
    }),
    steps: stage.trace.length,
  };
}

/** Some roll out together: one aborts, all do. */
function drawServices(chance: Prng): readonly ServiceOptions[] {
  const web = drawService(chance, "web");
  if (!chance.chance(0.2)) return [web];
  const members = ["web", "api"].map((name) =>
    keyOf({ kind: "service", account: "111122223333", region: "us-east-1", cluster: CLUSTER, name }),
  );
  const group = { name: "shop", members, lockstep: chance.chance(0.5) };
  return [web, drawService(chance, "api")].map((one) => ({ ...one, policy: { ...one.policy, group } }));
}

function drawService(chance: Prng, name: string): ServiceOptions {
  const policy: Partial<RolloutPolicy> = {
    steps: chance.pick([STEPS, STEPS, AUTO]),
    onNewer: chance.pick(["supersede", "queue", "refuse"] as const),
    onDrift: chance.pick(["repair", "hold"] as const),
    drainSlices: chance.pick([1, 3]),
    rollbackWindow: chance.pick([0, 2]),
  };
  const desiredCount = chance.int(2, 5);
  const requestsPerSecond = chance.pick([0, 1, 4, 8]);
  return { name, kind: chance.pick(KINDS), desiredCount, requestsPerSecond, policy };
}

async function safetyPhase(stage: Stage): Promise<void> {
  const { world, chaos } = stage;
  const until = (world.kernel.now() + SAFETY_MS) as EpochMs;
  while (world.kernel.now() < until) {
    await stage.pass(seconds(chaos.chance.int(5, 150)));
    await doSomething(stage);
  }
}

async function livenessPhase(stage: Stage): Promise<void> {
  stage.setFaults(NO_FAULTS);
  for (let passed = 0; passed < LIVENESS_MS; passed += ATTENTION_MS) {
    await relent(stage);
    await stage.pass(ATTENTION_MS);
  }
  stage.complaints.push(...unended(stage).map((fault) => `not ended: ${fault}`));
}
