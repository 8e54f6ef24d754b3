// The stage of a simulated rollout: world, services, load, the product's functions over real adapters, the
// faults that they meet, and the recorder that watches them.

import type { MemoryStores } from "../../../local/faces/ports/memory-store.ts";
import { createMemoryStores } from "../../../local/faces/ports/memory-store.ts";
import type { World } from "../../../local/world/world.ts";
import { createWorld } from "../../../local/world/world.ts";
import type { Key } from "../../../shared/base/keys.ts";
import { prng } from "../../../shared/base/prng.ts";
import type { EpochMs } from "../../../shared/base/time.ts";
import { epochMs, minutes, seconds } from "../../../shared/base/time.ts";
import type { KeyState } from "../../../shared/contracts/aggregate.ts";
import type { RolloutPolicy } from "../../../shared/contracts/rollout-policy.ts";
import type { RolloutState } from "../../../shared/core/rollout/state.ts";
import { initialRolloutState } from "../../../shared/core/rollout/state.ts";
import { runFor } from "../engine.ts";
import { startFunctions } from "../lambda.ts";
import type { AllPorts, Plant, Queues } from "../pipeline.ts";
import { createQueues } from "../pipeline.ts";
import type { Chaos } from "../process.ts";
import { installRules, silent } from "../run.ts";
import type { RolloutFaults } from "./faults.ts";
import { NO_FAULTS } from "./faults.ts";
import type { Load } from "./load.ts";
import { startLoad } from "./load.ts";
import { POLICY } from "./policy.ts";
import type { Unwired } from "./recorder.ts";
import { recordedWorld, watchedStores, watcher } from "./recorder.ts";
import type { Scene, SceneOptions } from "./scene.ts";
import { CLUSTER, createScene } from "./scene.ts";
import type { Step } from "./trace.ts";

export interface ServiceOptions extends SceneOptions {
  readonly policy?: Partial<RolloutPolicy>;
  readonly requestsPerSecond?: number;
}

export interface StageOptions {
  readonly seed: number;
  readonly services: readonly ServiceOptions[];
  readonly crashPoint?: Chaos["crashPoint"];
  readonly mutate?: (ports: AllPorts) => AllPorts;
  readonly verbose?: boolean;
}

/** What the product's calls meet beside the profile's faults. */
export interface Breaks {
  /** outage: reads fail. gap: they answer without a point. */
  metrics?: "outage" | "gap";
  /** Services whose ELB writes are denied. */
  deniedElb?: boolean;
}

export interface Cast {
  readonly scene: Scene;
  readonly load: Load;
  readonly policy: RolloutPolicy;
}

export interface Webhook {
  readonly url: string;
  readonly body: Readonly<Record<string, string | number>>;
}

export interface Stage {
  readonly world: World;
  readonly stores: MemoryStores;
  readonly queues: Queues;
  readonly chaos: Chaos;
  readonly cast: readonly Cast[];
  readonly breaks: Breaks;
  readonly trace: Step[];
  readonly complaints: string[];
  /** When AWS last answered that somebody in a target group is healthy. */
  readonly healthReads: Map<string, number>;
  /** ECS and ELB calls of the product, in order: what a waiting rollout must not make. */
  readonly calls: {
    readonly at: EpochMs;
    readonly name: string;
    readonly key: Key | undefined;
    readonly write: boolean;
  }[];
  readonly notices: { readonly to: string; readonly event: string; readonly detail: object }[];
  /** What webhook steps are answered; default: pass. */
  webhook: (
    call: Webhook,
  ) => { readonly verdict: "pass" | "fail" | "wait"; readonly reason: string } | undefined;
  state(key: Key): RolloutState;
  keyState(key: Key): KeyState | undefined;
  setFaults(faults: RolloutFaults): void;
  /** A command of an operator, and its doorbell. */
  pass(ms: number): Promise<void>;
}

/**
 * Longer than a decision is acted on (20 s in shell/act.ts) and shorter than the function's time-out of 30 s, after
 * which Lambda ends a process: between an adapter's look and its write nothing can fence AWS's calls.
 */
const STALL_MS = 25_000;

const START = epochMs(Date.UTC(2026, 10, 2, 8));
/** Load balancers come up, first tasks are healthy. */
const WARM_UP_MS = minutes(4);

export async function createStage(options: StageOptions): Promise<Stage> {
  const stage = build(options);
  for (const { scene, policy } of stage.cast)
    await stage.stores.fleet.putPolicy(scene.key, { rollout: policy });
  await stage.pass(WARM_UP_MS);
  // Requests to a service that was still coming up are no rollout's.
  for (const { load } of stage.cast) Object.assign(load.all, { requests: 0, failed: 0 });
  return stage;
}

function build(options: StageOptions): Stage {
  const { seed, crashPoint } = options;
  let queues: Queues | undefined;
  const plain = createWorld({
    seed,
    startAt: START,
    throttling: false,
    ecs: { clusters: [CLUSTER] },
    elb: { provisioning: { minMs: 1_000, maxMs: 2_000 } },
    delivery: {
      deliver: ({ Arn }, { body }) => {
        (Arn === "urgent" ? queues?.urgent : queues?.ingress)?.send({ body });
        return "delivered";
      },
    },
  });
  queues = createQueues(plain.kernel);
  installRules(plain);
  const cast = options.services.map((service) => castOf(plain, service));
  const committed = new Map<Key, KeyState>();
  const stage: Unwired = {
    world: plain,
    cast,
    breaks: {},
    trace: [],
    complaints: [],
    calls: [],
    healthReads: new Map(),
    notices: [],
    webhook: () => ({ verdict: "pass", reason: "fine" }),
    state: (key) =>
      (committed.get(key)?.capabilities["rollout"] as RolloutState | undefined) ?? initialRolloutState,
    keyState: (key) => committed.get(key),
    setFaults: () => undefined,
    pass: (ms) => runFor(plain.kernel, ms as never),
  };
  const chaos: Chaos = {
    kernel: plain.kernel,
    chance: prng(seed ^ 0xc4a05),
    profile: NO_FAULTS,
    met: new Map(),
    crashPoint,
    calls: 0,
    stallMs: STALL_MS,
  };
  const watch = watcher(stage, () => chaos.profile);
  const stores = watchedStores(createMemoryStores(), { stage, committed, watch });
  const whole = Object.assign(stage, { stores, queues, chaos, setFaults: faultSetter(plain, chaos) });
  const mutate = (ports: AllPorts): AllPorts => {
    const own = withOutbound(ports, whole);
    return options.mutate === undefined ? own : options.mutate(own);
  };
  const world = recordedWorld(plain, whole, watch);
  const log = options.verbose ? printed(plain) : silent;
  startFunctions({ world, stores, queues, mode: "act", log, witness: () => undefined, mutate }, chaos);
  return whole;
}

function castOf(world: World, options: ServiceOptions): Cast {
  const scene = createScene(world, options);
  const weights = options.kind === "strategy" ? "strategy" : "rule";
  const policy: RolloutPolicy = { ...POLICY, weights, ...options.policy };
  return { scene, policy, load: startLoad(world, scene, options.requestsPerSecond ?? 4) };
}

function printed(world: World): Plant["log"] {
  const line = (level: string) => (message: string, fields?: object) =>
    console.log(new Date(world.kernel.now()).toISOString(), level, message, JSON.stringify(fields ?? {}));
  return { info: line("info"), warn: line("warn"), error: line("error"), count: () => undefined };
}

/** The service of a stage that has one. */
export function only({ cast }: Stage): Cast {
  const [first] = cast;
  if (first === undefined) throw new Error("the stage is empty");
  return first;
}

// --- faults ---------------------------------------------------------------------------------------------

const faultSetter =
  (world: World, chaos: Chaos) =>
  (faults: RolloutFaults): void => {
    chaos.profile = faults;
    world.events.setFaults({
      drop: faults.dropEvent,
      duplicate: faults.duplicateEvent,
      delay: {
        probability: faults.delayEvent,
        minMs: 1_000,
        maxMs: Math.max(1_000, faults.longestDelayMs),
      } as never,
      reorder: { probability: faults.reorderEvent, windowMs: seconds(20) },
    });
  };

/** Doorbells get lost here; people and programs outside are pretended. */
function withOutbound(ports: AllPorts, stage: Stage): AllPorts {
  const { chaos } = stage;
  const isLost = (): boolean => {
    const { lostWake = 0 } = chaos.profile as Partial<RolloutFaults>;
    const isHit = lostWake > 0 && chaos.chance.chance(lostWake);
    if (isHit) chaos.met.set("lostWake", (chaos.met.get("lostWake") ?? 0) + 1);
    return isHit;
  };
  return {
    ...ports,
    delay: {
      ...ports.delay,
      wakeLater: async (wake) => (isLost() ? undefined : ports.delay.wakeLater(wake)),
    },
    act: {
      ...ports.act,
      notifier: {
        notify: async (to, event, detail) => {
          stage.notices.push({ to, event, detail });
        },
      },
      webhooks: { call: async (url, body) => stage.webhook({ url, body }) },
    },
  };
}
