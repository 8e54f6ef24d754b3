// The recorder of a simulated rollout: turns commits, orders, reads of metrics and writes to AWS into steps of the
// trace, hands each to every checker, and counts the product's calls.

import type { MemoryStores } from "../../../local/faces/ports/memory-store.ts";
import { checkedWorld } from "../../../local/models/answer-check.ts";
import { AwsError } from "../../../local/world/kernel.ts";
import type { World, WorldService } from "../../../local/world/world.ts";
import type { Key } from "../../../shared/base/keys.ts";
import { epochMs } from "../../../shared/base/time.ts";
import type { KeyState } from "../../../shared/contracts/aggregate.ts";
import type { RolloutState } from "../../../shared/core/rollout/state.ts";
import { initialRolloutState } from "../../../shared/core/rollout/state.ts";
import type { FaultProfile } from "../faults.ts";
import { INVARIANTS } from "./checkers/checkers.ts";
import { WRITES } from "./checkers/effects.ts";
import { POLICY } from "./policy.ts";
import { snapshot } from "./snapshot.ts";
import type { Breaks, Cast, Stage } from "./stage.ts";
import type { Known, Step } from "./trace.ts";

/** A stage before its stores and queues are there. */
export type Unwired = Omit<Stage, "stores" | "queues" | "chaos">;

/** From a read of health to the write that follows from it: two commits' worth of calls. */
const MOMENTS_MS = 2_000;

/** Hands each step to every checker. */
export function watcher(stage: Unwired, profile: () => FaultProfile): (step: Step) => void {
  const known: Known = {
    policyOf: (key) => stage.cast.find(({ scene }) => scene.key === key)?.policy ?? POLICY,
    served: (group) =>
      stage.cast.reduce((sum, { load }) => sum + (load.byGroup.get(group)?.requests ?? 0), 0),
    mayBeStale: () => profile().staleRead > 0,
    wasReadHealthy: (group, at) => at - (stage.healthReads.get(group) ?? 0) <= MOMENTS_MS,
  };
  const checkers = INVARIANTS.map(({ id, create }) => ({ id, check: create(known) }));
  return (step) => {
    stage.trace.push(step);
    for (const { id, check } of checkers) {
      const complaint = check(step);
      if (complaint !== undefined)
        stage.complaints.push(`${new Date(step.at).toISOString()} ${id}: ${complaint}`);
    }
  };
}

interface Watched {
  readonly stage: Unwired;
  readonly committed: Map<Key, KeyState>;
  readonly watch: (step: Step) => void;
}

export function watchedStores(stores: MemoryStores, { stage, committed, watch }: Watched): MemoryStores {
  const { state, fleet } = stores;
  const now = () => stage.world.kernel.now();
  return {
    ...stores,
    state: {
      ...state,
      commit: async (key, expected, next) => {
        const result = await state.commit(key, expected, next);
        if (result !== "committed") return result;
        committed.set(key, next);
        const rollout = (next.capabilities["rollout"] as RolloutState | undefined) ?? initialRolloutState;
        if (stage.cast.some(({ scene }) => scene.key === key)) {
          const { version, intents } = next;
          watch({ kind: "commit", at: now(), key, version, state: rollout, intents });
        }
        return result;
      },
    },
    fleet: {
      ...fleet,
      putCommand: async (key, command) => {
        await fleet.putCommand(key, command);
        if (command.type === "rollout") watch({ kind: "order", at: now(), key, command });
      },
    },
  };
}

const COUNTED: ReadonlySet<WorldService> = new Set(["ecs", "elasticloadbalancing"]);

/** What AWS could not have answered is a defect of the world: no act may swallow it as an unknown outcome. */
function defectsTold(world: World, stage: Stage): Pick<World, "call"> {
  const { call } = checkedWorld(world);
  return {
    call: (...asked) => {
      const [, operation] = asked;
      try {
        return call(...asked);
      } catch (error) {
        if (!(error instanceof AwsError)) stage.complaints.push(`${operation}: ${String(error)}`);
        throw error;
      }
    },
  };
}

interface ReadCall {
  readonly operation: string;
  readonly input: object;
  readonly at: number;
}

/** The same answer; who is healthy by it is remembered. */
function noted(stage: Stage, { operation, input, at }: ReadCall, answer: object): object {
  if (operation !== "DescribeTargetHealth") return answer;
  const { TargetGroupArn: group = "" } = input as { TargetGroupArn?: string };
  const { TargetHealthDescriptions: targets = [] } = answer as {
    TargetHealthDescriptions?: { TargetHealth?: { State?: string } }[];
  };
  if (targets.some(({ TargetHealth }) => TargetHealth?.State === "healthy")) stage.healthReads.set(group, at);
  return answer;
}

/** The world as the product's functions reach it. */
export function recordedWorld(world: World, stage: Stage, watch: (step: Step) => void): World {
  const checked = defectsTold(world, stage);
  const call: World["call"] = (...asked) => {
    const [service, operation, input] = asked;
    const refusal = refusalOf(stage.breaks, service, operation);
    if (refusal !== undefined) throw refusal;
    const cast = castFor(stage, input);
    const at = world.kernel.now();
    const write = WRITES.has(operation);
    if (COUNTED.has(service)) stage.calls.push({ at, name: operation, key: cast?.scene.key, write });
    if (operation === "GetMetricData")
      return readMetrics(stage, { input, watch }, () => checked.call(...asked));
    if (!write || cast === undefined) return noted(stage, { operation, input, at }, checked.call(...asked));
    const { scene } = cast;
    const before = snapshot(world, scene);
    const step = {
      kind: "call",
      at,
      key: scene.key,
      operation,
      input: input as Record<string, unknown>,
      before,
    } as const;
    try {
      const answer = checked.call(...asked);
      watch({ ...step, after: snapshot(world, scene) });
      return answer;
    } catch (error) {
      if (error instanceof AwsError) watch({ ...step, after: before, refused: error.name });
      throw error;
    }
  };
  return { ...world, call };
}

function refusalOf(
  { metrics, deniedElb }: Breaks,
  service: WorldService,
  operation: string,
): AwsError | undefined {
  if (metrics === "outage" && operation === "GetMetricData") {
    return new AwsError("InternalServiceFault", "Request processing has failed", { status: 500 });
  }
  if (deniedElb === true && service === "elasticloadbalancing" && WRITES.has(operation)) {
    return new AwsError("AccessDenied", "not authorized", { status: 403 });
  }
  return undefined;
}

interface MetricResult {
  readonly Timestamps?: readonly Date[];
}

interface MetricsAsked {
  readonly input: { readonly MetricDataQueries?: readonly { readonly MetricStat?: object }[] };
  readonly watch: (step: Step) => void;
}

function readMetrics(stage: Stage, { input, watch }: MetricsAsked, read: () => object): object {
  const answer = read() as { readonly MetricDataResults?: readonly MetricResult[] };
  const isGap = stage.breaks.metrics === "gap";
  const results = (answer.MetricDataResults ?? []).map((one) =>
    isGap ? { ...one, Timestamps: [], Values: [] } : one,
  );
  const times = results.flatMap(({ Timestamps = [] }) => Timestamps.map((one) => one.getTime()));
  const newest = times.length === 0 ? undefined : epochMs(Math.max(...times));
  const metrics = (input.MetricDataQueries ?? []).map(({ MetricStat }) => JSON.stringify(MetricStat));
  watch({ kind: "metrics", at: stage.world.kernel.now(), newest, metrics });
  return { ...answer, MetricDataResults: results };
}

/** Whose service, rule or task set the call names: names of services are in every ARN of theirs. */
function castFor({ cast }: Pick<Stage, "cast">, input: object): Cast | undefined {
  if (cast.length === 1) return cast[0];
  const text = JSON.stringify(input);
  return cast.find(({ scene }) => {
    const { traffic, name } = scene;
    const marks = [
      `"${name}"`,
      `/${name}"`,
      `/${name}/`,
      traffic?.rule,
      traffic?.testRule,
      traffic?.listener,
    ];
    return marks.some((mark) => mark !== undefined && text.includes(mark)) || text.includes(`/${name}-`);
  });
}
