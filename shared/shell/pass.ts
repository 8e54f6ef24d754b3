// One pass over one key: load -> observe -> decide -> arbitrate -> commit -> act -> record. Generic: it
// knows no capability by name. Intent is durable before the first outward call, the outcome after the
// last; a crash in between repeats at most idempotent steps.

import { AppError } from "../base/errors.ts";
import { fingerprint32 } from "../base/fingerprint.ts";
import type { Key } from "../base/keys.ts";
import type { Reason } from "../base/reasons.ts";
import type { EpochMs } from "../base/time.ts";
import { addMs, earliest, seconds } from "../base/time.ts";
import type { Proposal, Settled } from "../contracts/actions.ts";
import type { Aggregate, Json, KeyState } from "../contracts/aggregate.ts";
import type { Fact } from "../contracts/facts.ts";
import type { Mode, ServicePolicy } from "../contracts/policy.ts";
import type { Arbitration } from "../core/arbitration/arbitrate.ts";
import { arbitrate, cappedMode } from "../core/arbitration/arbitrate.ts";
import { pacingOf } from "../core/pacing.ts";
import type { CapabilityName } from "../core/registry.ts";
import { capabilityNames } from "../core/registry.ts";
import { mergeTasks, prunedTasks } from "../core/tasks.ts";
import { act } from "./act.ts";
import { freshened } from "./freshen.ts";
import { historyOf } from "./history.ts";
import { policyMarkOf } from "./policy-mark.ts";
import type { PassPorts } from "./ports.ts";
import type { CapabilityRun } from "./run-capability.ts";
import { runCapability, settleCapability } from "./run-capability.ts";
import { setWake } from "./wake.ts";

export interface PassInput {
  readonly key: Key;
  readonly facts: readonly Fact[];
  readonly hops: number;
}

export type PassResult = "settled" | "acted" | "unmanaged" | "quarantined";

/** So often a key may fail in a row before only the sweep is heard. */
export const QUARANTINE_AFTER = 5;
/** A second worker on the key is rare and brief; more collisions than this are left to SQS. */
const MAX_CONFLICTS = 3;

export async function pass(input: PassInput, ports: PassPorts): Promise<PassResult> {
  for (let collision = 0; collision < MAX_CONFLICTS; collision += 1) {
    const result = await attemptPass(input, ports);
    if (result !== "conflict") return result;
  }
  throw new AppError("conflict", `${input.key} is being worked on elsewhere`, { detail: { key: input.key } });
}

async function attemptPass(input: PassInput, ports: PassPorts): Promise<PassResult | "conflict"> {
  const aggregate = await ports.store.load(input.key);
  if (aggregate.policy === undefined) return "unmanaged";
  if (aggregate.state.failures >= QUARANTINE_AFTER && !isFromSweep(input.facts)) return "quarantined";
  if (isOutdated(input.facts, aggregate.state.wakeAt, ports.clock.now())) return "settled";
  const { waitMs, credit } = pacingOf(aggregate.state, ports.clock.now());
  if (waitMs > 0) await ports.wait(waitMs);
  const now = ports.clock.now();
  const known = await learn(aggregate, { ...input, now }, ports);
  const decided = await decide(known, { ...input, now, credit }, ports);
  return commitAndAct(aggregate, decided, { input, ports, now });
}

const isFromSweep = (facts: readonly Fact[]): boolean =>
  facts.some((fact) => fact.kind === "wake" && fact.cause !== "timer" && fact.cause !== "peer");

/**
 * A wake-up of a timer that was set anew since, which has a wake-up of its own. Answered by a pass, each would
 * send another: a rollout that sets its timer with every answer of the feed would get one chain more a minute.
 */
const isOutdated = (facts: readonly Fact[], wakeAt: EpochMs | undefined, now: EpochMs): boolean =>
  wakeAt !== undefined &&
  wakeAt > now &&
  facts.length > 0 &&
  facts.every((fact) => fact.kind === "wake" && fact.cause === "timer" && fact.at !== wakeAt);

// --- what is known --------------------------------------------------------------------------------------

interface Moment extends PassInput {
  readonly now: EpochMs;
}

interface Decisive extends Moment {
  readonly credit: number;
}

/** Merges the facts, and settles what a crashed pass left open: its outcome is unknown. */
async function learn(
  aggregate: Aggregate,
  { facts, now, key }: Moment,
  ports: PassPorts,
): Promise<Aggregate> {
  const { state } = aggregate;
  const news = await freshened(facts, { tasks: state.tasks, now }, ports.read.tasks);
  const tasks = prunedTasks(mergeTasks(state.tasks, news), now);
  const lost = state.intents.map((proposal): Settled => ({ proposal, outcome: { kind: "unknown" } }));
  const { capabilities } = settle(state.capabilities, lost, { key, now, version: state.version });
  return { ...aggregate, state: { ...state, tasks, capabilities, intents: [] } };
}

interface SettleMoment {
  readonly key: Key;
  readonly now: EpochMs;
  readonly version: number;
}

function settle(
  states: KeyState["capabilities"],
  settled: readonly Settled[],
  { key, now, version }: SettleMoment,
): { capabilities: KeyState["capabilities"]; wakeAt: EpochMs | undefined } {
  const capabilities: Record<string, Json> = { ...states };
  let wakeAt: EpochMs | undefined;
  for (const name of capabilityNames) {
    const own = settled.filter(({ proposal }) => proposal.capability === name);
    if (own.length === 0) continue;
    const seed = seedOf(key, version);
    const after = settleCapability(name, { state: capabilities[name], settled: own, now, seed });
    capabilities[name] = after.state;
    wakeAt = earliest(wakeAt, after.wakeAt);
  }
  return { capabilities, wakeAt };
}

const seedOf = (key: Key, version: number): number => fingerprint32(`${key}@${version}`);

// --- what is decided ------------------------------------------------------------------------------------

interface Decided {
  readonly next: KeyState;
  readonly accepted: readonly Proposal[];
  readonly modes: Readonly<Record<string, Mode>>;
}

async function decide(known: Aggregate, moment: Decisive, ports: PassPorts): Promise<Decided> {
  const { state, policy } = known;
  const seed = seedOf(known.key, state.version);
  const names = capabilityNames.filter((name) => policy?.[name] !== undefined);
  const runs = await Promise.all(
    names.map((name) =>
      runCapability(name, { aggregate: known, facts: moment.facts, now: moment.now, seed }, ports),
    ),
  );
  const modes = modesOf(names, policy, ports.settings.mode);
  const proposals = runs.flatMap((run) => run.proposals);
  const verdict = arbitrate({ proposals, modes, commands: known.commands });
  const decision = nextState(state, runs, { verdict, now: moment.now });
  const next = { ...decision, credit: moment.credit, policyMark: policyMarkOf(policy) };
  return { next, accepted: verdict.accepted, modes };
}

function modesOf(
  names: readonly CapabilityName[],
  policy: ServicePolicy | undefined,
  installation: Mode,
): Record<string, Mode> {
  return Object.fromEntries(
    names.map((name) => [name, cappedMode(installation, policy?.[name]?.mode ?? "observe")]),
  );
}

interface Verdict {
  readonly verdict: Arbitration;
  readonly now: EpochMs;
}

function nextState(state: KeyState, runs: readonly CapabilityRun[], { verdict, now }: Verdict): KeyState {
  const wakeAt = earliest(...runs.map((run) => run.wakeAt));
  const tasks = Object.assign({}, state.tasks, ...runs.map((run) => run.tasks)) as KeyState["tasks"];
  const { wakeAt: _former, hosts: _hosts, publicIps: _ips, ...rest } = state;
  const hosts = Object.assign({}, ...runs.map((run) => run.hosts)) as NonNullable<KeyState["hosts"]>;
  const publicIps = Object.assign({}, ...runs.map((run) => run.publicIps)) as NonNullable<
    KeyState["publicIps"]
  >;
  return {
    ...rest,
    tasks,
    capabilities: { ...state.capabilities, ...Object.fromEntries(runs.map((run) => [run.name, run.state])) },
    intents: verdict.accepted,
    awaiting: verdict.awaiting,
    reasons: Object.fromEntries(runs.map((run) => [run.name, allReasons(run, verdict)])),
    decidedAt: now,
    failures: 0,
    ...(wakeAt === undefined ? {} : { wakeAt }),
    ...(Object.keys(hosts).length === 0 ? {} : { hosts }),
    ...(Object.keys(publicIps).length === 0 ? {} : { publicIps }),
  };
}

const MAX_REASONS_KEPT = 20;

const allReasons = (run: CapabilityRun, verdict: Arbitration): readonly Reason[] =>
  [...run.reasons, ...(verdict.reasons[run.name] ?? [])].slice(0, MAX_REASONS_KEPT);

// --- what is done ---------------------------------------------------------------------------------------

interface Work {
  readonly input: PassInput;
  readonly ports: PassPorts;
  readonly now: EpochMs;
}

async function commitAndAct(
  before: Aggregate,
  decided: Decided,
  work: Work,
): Promise<PassResult | "conflict"> {
  const { key } = work.input;
  if (decided.accepted.length === 0 && isSettled(before.state, decided.next, work.now)) return "settled";
  const version = before.state.version + 1;
  const intended = intentOf(decided, version, work.now);
  if ((await work.ports.store.commit(key, before.state.version, intended)) === "conflict") return "conflict";
  const { accepted } = decided;
  const { hops } = work.input;
  const { commands } = before;
  const settled = await act({ key, accepted, decidedAt: work.now, commands, hops }, work.ports);
  const wakeAt = settled.length === 0 ? intended.wakeAt : await record(intended, { settled, decided }, work);
  await setWake({ key, wakeAt, hops: work.input.hops }, work.ports);
  return settled.length === 0 ? "settled" : "acted";
}

/** A pass that dies between intent and outcome is found by its timer: longer than any function may run. */
const INTENT_TIMEOUT_MS = seconds(45);

function intentOf({ next, accepted }: Decided, version: number, now: EpochMs): KeyState {
  const wakeAt = accepted.length === 0 ? next.wakeAt : earliest(next.wakeAt, addMs(now, INTENT_TIMEOUT_MS));
  return { ...next, version, ...(wakeAt === undefined ? {} : { wakeAt }) };
}

/** Nothing was learnt and the timer still stands: writing would only cost. */
function isSettled(before: KeyState, next: KeyState, now: EpochMs): boolean {
  if (before.version === 0 || before.failures > 0) return false;
  const timerStands =
    next.wakeAt === undefined
      ? before.wakeAt === undefined
      : before.wakeAt !== undefined && before.wakeAt > now && before.wakeAt <= next.wakeAt;
  return timerStands && contentOf(before) === contentOf(next);
}

/** Proposals are the same while their ids are: a held one is made anew, with a new request id, in each pass. */
const contentOf = (state: KeyState): string => {
  const { tasks, capabilities, intents, reasons, hosts, publicIps, policyMark } = state;
  const held = state.awaiting.map(({ id }) => id);
  return JSON.stringify([tasks, capabilities, intents, held, reasons, hosts, publicIps, policyMark]);
};

/** The outcomes, durable. A conflict here means that another pass already took over from our intents. */
async function record(
  intended: KeyState,
  done: { readonly settled: readonly Settled[]; readonly decided: Decided },
  { input, ports }: Work,
): Promise<EpochMs | undefined> {
  const now = ports.clock.now();
  const after = settle(intended.capabilities, done.settled, {
    key: input.key,
    now,
    version: intended.version,
  });
  const wakeAt = earliest(done.decided.next.wakeAt, after.wakeAt);
  const { wakeAt: _intentTimeout, ...rest } = intended;
  const next: KeyState = {
    ...rest,
    version: intended.version + 1,
    capabilities: after.capabilities,
    intents: [],
    ...(wakeAt === undefined ? {} : { wakeAt }),
  };
  const records = historyOf(intended, { key: input.key, settled: done.settled, modes: done.decided.modes });
  await Promise.all([ports.store.commit(input.key, intended.version, next), ports.history.append(records)]);
  return wakeAt;
}
