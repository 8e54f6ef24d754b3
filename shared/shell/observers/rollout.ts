// Reads what a rollout asks for, and no more: a rollout that waits costs no call. What is read once in a pass
// stands for all of its rounds; a read that fails says why, and the others stand.

import { clusterArn } from "../../base/arn.ts";
import { AppError } from "../../base/errors.ts";
import type { Key } from "../../base/keys.ts";
import { parseKey } from "../../base/keys.ts";
import type {
  DeploymentView,
  GroupHealth,
  RevisionView,
  ServiceView,
} from "../../contracts/rollout-views.ts";
import { baselineQueries, latencyReading, p99Of } from "../../core/rollout/metrics.ts";
import type {
  Baseline,
  PeerView,
  Read,
  RolloutAsk,
  RolloutObservation,
} from "../../core/rollout/observation.ts";
import type { Rollout, RolloutState } from "../../core/rollout/state.ts";
import type { PassPorts } from "../ports.ts";
import type { Observed, ObserveInput } from "./registry.ts";

type Input = ObserveInput<"rollout">;
type Parts = Pick<
  RolloutObservation,
  "service" | "deployment" | "revisions" | "rule" | "health" | "baseline" | "peers"
>;

export async function observeRollout(input: Input, ports: PassPorts): Promise<Observed<"rollout">> {
  const { aggregate, facts } = input;
  const commands = aggregate.commands.filter((command) => command.type === "rollout");
  const isPaused = aggregate.commands.some((command) => command.type === "pause");
  const { tasks } = aggregate.state;
  const { mode, watchesRollouts, leavesWeights } = ports.settings;
  const mayAct = mode !== "observe" && watchesRollouts !== true;
  const parts = await readParts(input, ports);
  return {
    observation: {
      facts,
      commands,
      isPaused,
      tasks,
      mayAct,
      ...(leavesWeights === true && { mayWeigh: false }),
      ...parts,
    },
    tasks,
    hosts: {},
    publicIps: {},
  };
}

/** Starts a read at its first use; the parts of one round that need each other share it. */
type Reads = { readonly [Ask in RolloutAsk]: () => Promise<Required<Parts>[Ask]> };

async function readParts(input: Input, ports: PassPorts): Promise<Parts> {
  const { seen } = input;
  if (input.asks.length === 0) return seen === undefined ? {} : partsOf(seen);
  const reads = readsOf(input, ports);
  const asked = ASKS.filter((ask) => input.asks.includes(ask));
  await Promise.all(asked.map((ask) => reads.of[ask]()));
  const started = await Promise.all(
    [...reads.started].map(async ([ask, read]) => [ask, await read] as const),
  );
  return { ...(seen === undefined ? {} : partsOf(seen)), ...(Object.fromEntries(started) as Parts) };
}

const ASKS: readonly RolloutAsk[] = [
  "service",
  "deployment",
  "revisions",
  "rule",
  "health",
  "baseline",
  "peers",
];

const partsOf = (seen: RolloutObservation): Parts =>
  Object.fromEntries(ASKS.flatMap((ask) => (seen[ask] === undefined ? [] : [[ask, seen[ask]]])));

interface Scene {
  readonly input: Input;
  readonly ports: PassPorts;
  readonly place: Place;
  readonly rollout: Rollout | undefined;
  readonly of: Reads;
}

function readsOf(
  input: Input,
  ports: PassPorts,
): { readonly of: Reads; readonly started: ReadonlyMap<RolloutAsk, Promise<unknown>> } {
  const started = new Map<RolloutAsk, Promise<unknown>>();
  const once =
    <Ask extends RolloutAsk>(ask: Ask, read: () => Promise<unknown>) =>
    (): Promise<Required<Parts>[Ask]> => {
      const known = input.seen?.[ask];
      if (known !== undefined) return Promise.resolve(known as Required<Parts>[Ask]);
      const running = started.get(ask) ?? guarded(read, ports);
      started.set(ask, running);
      // -- reason: each read below answers what its own name in Parts says
      return running as Promise<Required<Parts>[Ask]>;
    };
  const of: Reads = {
    service: once("service", () => readService(scene)),
    deployment: once("deployment", () => readDeployment(scene)),
    revisions: once("revisions", () => readRevisions(scene)),
    rule: once("rule", () => readRule(scene)),
    health: once("health", () => readHealth(scene)),
    baseline: once("baseline", () => readBaseline(scene)),
    peers: once("peers", () => readPeers(scene)),
  };
  const scene: Scene = {
    input,
    ports,
    place: placeOf(input.aggregate.key),
    rollout: rolloutOf(input.state),
    of,
  };
  return { of, started };
}

/** A failure is something to decide on, not the end of the pass. */
async function guarded(read: () => Promise<unknown>, { clock }: PassPorts): Promise<Read<unknown>> {
  try {
    const value = await read();
    return { ok: true, value, at: clock.now() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { ok: false, code: error.code, message: error.message };
  }
}

/** The value, or the failure of what this read stands on. */
async function needed<T>(read: Promise<Read<T>>): Promise<T> {
  const found = await read;
  if (found.ok) return found.value;
  // -- reason: `code` came out of an AppError in `guarded`
  throw new AppError(found.code as AppError["code"], found.message);
}

const rolloutOf = (state: RolloutState): Rollout | undefined =>
  state.phase === "idle" ? undefined : state.rollout;

// --- ECS ------------------------------------------------------------------------------------------------

interface Place {
  readonly clusterArn: string;
  readonly service: string;
}

function placeOf(key: Key): Place {
  const parts = parseKey(key);
  if (parts.kind === "service") return { clusterArn: clusterArn(parts), service: parts.name };
  return { clusterArn: "", service: "" };
}

function readService({ ports, place, input }: Scene): Promise<ServiceView> {
  if (place.service === "")
    throw new AppError("input", `${input.aggregate.key} is no service: nothing rolls out`);
  return ports.read.deployments.service(place.clusterArn, place.service);
}

/** The rollout's own; else the one that the service names, where it was read anyway; else the newest. */
async function readDeployment(scene: Scene): Promise<DeploymentView | undefined> {
  const { ports, place, rollout } = scene;
  const arn = rollout?.deploymentArn ?? (await serviceIfRead(scene))?.currentDeploymentArn;
  return ports.read.deployments.deployment(place, arn);
}

async function serviceIfRead({ input, of }: Scene): Promise<ServiceView | undefined> {
  if (input.seen?.service === undefined && !input.asks.includes("service")) return undefined;
  const service = await of.service();
  return service.ok ? service.value : undefined;
}

/** Source and target, from whatever is known of them by now. */
async function readRevisions(scene: Scene): Promise<readonly RevisionView[]> {
  const { ports, rollout, of } = scene;
  const own = [rollout?.source.revisionArn, rollout?.target.revisionArn];
  const isKnown = own.every((arn) => arn !== undefined);
  const deployment = isKnown ? undefined : await needed(of.deployment());
  const current = (await serviceIfRead(scene))?.currentRevisionArn;
  const deployed = [deployment?.target?.arn, ...(deployment?.sources ?? []).map(({ arn }) => arn)];
  const arns = [...own, ...deployed, current].filter((arn) => arn !== undefined);
  return ports.read.deployments.revisions([...new Set(arns)]);
}

// --- traffic --------------------------------------------------------------------------------------------

async function readRule({ ports, rollout, of }: Scene) {
  if (rollout?.places.rule !== undefined) return ports.read.traffic.rule(rollout.places.rule);
  const service = await needed(of.service());
  const named = service.balancers[0]?.productionRuleArn;
  if (named !== undefined) return ports.read.traffic.rule(named);
  const primary = service.taskSets.find(({ status }) => status === "PRIMARY");
  const group = service.balancers[0]?.targetGroupArn ?? primary?.targetGroupArn;
  if (group === undefined)
    throw new AppError("missing", "the service has no target group: no rule leads to it");
  const rule = await ports.read.traffic.ruleOf(group);
  if (rule === undefined) throw new AppError("missing", `no listener rule leads to ${group}`);
  return rule;
}

async function readHealth({ ports, rollout, of, input }: Scene): Promise<readonly GroupHealth[]> {
  const { stableGroup, candidateGroup } = rollout?.places ?? {};
  const placed = [stableGroup, candidateGroup].filter((arn) => arn !== undefined);
  const isPlaced = placed.length === 2 && rollout?.taskSets.baseline === undefined;
  const arns = isPlaced ? placed : [...placed, ...groupsOf(await needed(of.service())), ...resolved(input)];
  return ports.read.traffic.health([...new Set(arns)]);
}

/** Where ECS alone chose the groups, the revisions tell them. */
const resolved = ({ seen }: Input): readonly string[] =>
  seen?.revisions?.ok === true ? seen.revisions.value.flatMap(({ targetGroupArns }) => targetGroupArns) : [];

const groupsOf = ({ balancers, taskSets }: ServiceView): readonly string[] => {
  const { targetGroupArn, alternateTargetGroupArn } = balancers[0] ?? {};
  const bySets = taskSets.map((taskSet) => taskSet.targetGroupArn);
  return [targetGroupArn, alternateTargetGroupArn, ...bySets].filter((arn) => arn !== undefined);
};

// --- metrics --------------------------------------------------------------------------------------------

/** Two reads, since what counts as slow is learnt by the first. */
async function readBaseline({ ports, rollout, input }: Scene): Promise<Baseline> {
  if (rollout === undefined) throw new AppError("missing", "no rollout says where the numbers are");
  const { policy, now } = input;
  const latency = latencyReading({ rollout, policy, now });
  const past = latency === undefined ? [] : await ports.read.metrics.read(latency.queries, latency.window);
  const p99Seconds = rollout.analysis.slowSeconds ?? p99Of(past);
  const analysis =
    p99Seconds === undefined ? rollout.analysis : { ...rollout.analysis, slowSeconds: p99Seconds };
  const { queries, window } = baselineQueries({ rollout: { ...rollout, analysis }, policy, now });
  const series = queries.length === 0 ? [] : await ports.read.metrics.read(queries, window);
  return { series, ...(p99Seconds !== undefined && { p99Seconds }) };
}

// --- peers ----------------------------------------------------------------------------------------------

async function readPeers({ input, ports }: Scene): Promise<readonly PeerView[]> {
  const { policy, aggregate } = input;
  const keys = new Set([...(policy.group?.members ?? []), ...policy.dependsOn]);
  keys.delete(aggregate.key);
  return Promise.all([...keys].map(async (key) => peerView(key, await ports.store.load(key))));
}

function peerView(key: Key, { state }: Awaited<ReturnType<PassPorts["store"]["load"]>>): PeerView {
  // -- reason: what this capability wrote under its name it reads back as its own
  const stored = state.capabilities["rollout"] as unknown as RolloutState | undefined;
  if (stored === undefined) return { key, phase: "idle", step: 0, steps: 0, weight: 0 };
  if (stored.phase !== "idle") {
    const { id, step, steps, weight, startedAt, cause } = stored.rollout;
    const why = cause === undefined ? {} : { cause: cause.code };
    return { key, phase: stored.phase, step, steps: steps.length, weight, rollout: id, startedAt, ...why };
  }
  const last = stored.past[0];
  if (last === undefined) return { key, phase: "idle", step: 0, steps: 0, weight: 0 };
  const { step, steps, weight, startedAt, endedAt, outcome } = last;
  return { key, phase: "idle", step, steps, weight, rollout: last.id, outcome, startedAt, endedAt };
}
