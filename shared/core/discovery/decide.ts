// Discovery: keeps Cloud Map equal to the tasks that answer. This is the whole decision of one pass:
// fold what was read, compute the target, plan each registry, look after drains.

import type { Reason } from "../../base/reasons.ts";
import { counted, reason } from "../../base/reasons.ts";
import type { DurationMs, EpochMs } from "../../base/time.ts";
import { addMs, earliest, minutes, seconds } from "../../base/time.ts";
import type { Proposal } from "../../contracts/actions.ts";
import type { DiscoveryPolicy } from "../../contracts/policy.ts";
import type { Capability, DecideInput, Decision } from "../capability.ts";
import { desiredInstances } from "./desired.ts";
import { planDrains } from "./drain.ts";
import { foldDrains, foldHosts, foldListing, foldOperations } from "./fold.ts";
import type { DiscoveryObservation } from "./observation.ts";
import type { Plan } from "./plan.ts";
import { planRegistry } from "./plan.ts";
import { mendsItself } from "./retry.ts";
import { settleDiscovery } from "./settle.ts";
import type { DiscoveryState, RegistryState } from "./state.ts";
import { emptyRegistry, initialDiscoveryState } from "./state.ts";

type Input = DecideInput<DiscoveryState, DiscoveryObservation, DiscoveryPolicy>;

/** A registry or an address that could not be read is asked for again so soon. */
const UNREADABLE_RECHECK_MS = seconds(15);
const UNLISTED_RECHECK_MS = seconds(1);
const UNMENDED_RECHECK_MS = minutes(5);

export const discovery: Capability<DiscoveryState, DiscoveryObservation, DiscoveryPolicy> = {
  name: "discovery",
  initial: initialDiscoveryState,
  decide,
  settle: settleDiscovery,
};

/** Two installations, or two services on one registry, never touch each other's instances. */
export const ownerOf = (installation: string, key: string): string => `${installation}:${key}`;

function decide(input: Input): Decision<DiscoveryState> {
  const learnt = learn(input);
  const plans = Object.keys(learnt.registries).map((service) => planOne(input, learnt, service));
  const drains = planDrains(input, learnt);
  const all = [...plans, drains.plan];
  const problems = plans.flatMap((plan) => plan.problems ?? []);
  const reasons = unique([...problems, ...all.flatMap((plan) => plan.reasons)]);
  return {
    state: { ...learnt, drains: drains.drains },
    proposals: all.flatMap((plan) => plan.proposals),
    wakeAt: later(input.now, earliest(...all.map((plan) => plan.wakeAt))),
    reasons:
      reasons.length > 0
        ? reasons
        : [
            inSync(
              input,
              learnt,
              all.flatMap((plan) => plan.proposals),
            ),
          ],
  };
}

/** Everything that was read, folded in; registries that the policy names for the first time begin empty. */
function learn({ key, state, observation, policy, now, seed }: Input): DiscoveryState {
  const owner = ownerOf(observation.installation, key);
  const registries: Record<string, RegistryState> = {};
  const named = policy.registries.map((registry) => registry.service);
  for (const service of new Set([...named, ...Object.keys(state.registries)])) {
    const folded = foldOperations(state.registries[service] ?? emptyRegistry, observation.operations, {
      now,
      seed,
    });
    const listed = foldListing(folded, observation.registries[service] ?? {}, { owner, now });
    const nothingLeft = Object.keys(listed.instances).length === 0 || isMissing(observation, service);
    const forgotten = !named.includes(service) && nothingLeft;
    if (!forgotten) registries[service] = listed;
  }
  return {
    registries,
    drains: foldDrains(state, observation),
    leavingHosts: foldHosts(state.leavingHosts, observation, now),
  };
}

/** The registry itself was deleted; Cloud Map allows that only once it is empty. */
const isMissing = (observation: DiscoveryObservation, service: string): boolean =>
  observation.registries[service]?.problem?.code === "missing";

interface RegistryPlan extends Plan {
  readonly problems?: readonly Reason[];
}

function planOne(input: Input, learnt: DiscoveryState, service: string): RegistryPlan {
  const { key, observation, policy, now } = input;
  const view = observation.registries[service];
  const registry = learnt.registries[service] ?? emptyRegistry;
  if (view?.settings === undefined) return unreadable(service, view?.problem, now);
  if (registry.listedAt === undefined) return unlisted(service, view.problem, now);
  const leaving = {
    draining: new Set(Object.keys(learnt.drains)),
    hosts: new Set(Object.keys(learnt.leavingHosts)),
  };
  const owner = ownerOf(observation.installation, key);
  const policies = policy.registries.filter((candidate) => candidate.service === service);
  const missing = missingPort(service, view.settings.recordTypes, policies);
  if (missing !== undefined) return { proposals: [], reasons: [missing], wakeAt: undefined };
  const { candidates, problems } = desiredInstances({ policies, observation, leaving, owner });
  const plan = planRegistry({
    key,
    service,
    settings: view.settings,
    registry,
    candidates,
    observation,
    policy,
    now,
  });
  const asksAgain = problems.some(({ code }) => code === "address-unknown" || code === "tags-unknown");
  const wakeAt = asksAgain ? earliest(plan.wakeAt, addMs(now, UNREADABLE_RECHECK_MS)) : plan.wakeAt;
  return { ...plan, wakeAt, problems };
}

function unreadable(
  service: string,
  problem: { code: string; message: string } | undefined,
  now: EpochMs,
): Plan {
  const why = problem === undefined ? "it was not read" : `${problem.code}: ${problem.message}`;
  const said = reason("registry-unreadable", `${service} could not be read (${why}): nothing is written.`, {
    service,
  });
  return { proposals: [], reasons: [said], wakeAt: addMs(now, recheckAfter(problem)) };
}

function unlisted(
  service: string,
  problem: { code: string; message: string } | undefined,
  now: EpochMs,
): Plan {
  const why = problem === undefined ? "" : ` (${problem.code}: ${problem.message})`;
  const said = reason("registry-unlisted", `${service} is listed again before anything is written${why}.`, {
    service,
  });
  const wait = problem === undefined ? UNLISTED_RECHECK_MS : recheckAfter(problem);
  return { proposals: [], reasons: [said], wakeAt: addMs(now, wait) };
}

/** What needs an operator is not asked for every few seconds. */
const recheckAfter = (problem: { code: string } | undefined): DurationMs =>
  problem === undefined || mendsItself(problem.code) ? UNREADABLE_RECHECK_MS : UNMENDED_RECHECK_MS;

/** SRV records need a port: https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html */
function missingPort(
  service: string,
  recordTypes: readonly string[],
  policies: DiscoveryPolicy["registries"],
): Reason | undefined {
  if (!recordTypes.includes("SRV") || policies.every((policy) => policy.port !== undefined)) return undefined;
  return reason("port-required", `${service} holds SRV records: give its registry a port.`, { service });
}

/** One reason for each text: a hundred tasks with one problem are told once. */
function unique(reasons: readonly Reason[]): readonly Reason[] {
  const seen = new Map<string, Reason>();
  for (const one of reasons) if (!seen.has(one.text)) seen.set(one.text, one);
  return [...seen.values()].slice(0, MAX_REASONS);
}
const MAX_REASONS = 20;

function inSync(input: Input, learnt: DiscoveryState, proposals: readonly Proposal[]): Reason {
  const entries = Object.values(learnt.registries).flatMap((registry) => Object.values(registry.instances));
  const registered = entries.filter((entry) => entry.phase === "registered").length;
  const inputs = {
    tasks: Object.keys(input.observation.tasks).length,
    registered,
    changes: proposals.length,
  };
  if (proposals.length > 0)
    return reason("changing", `Under change: ${counted(proposals.length, "instance")}.`, inputs);
  const moving = entries.length - registered;
  if (moving > 0)
    return reason("operations-running", `Cloud Map works on ${counted(moving, "operation")}.`, inputs);
  return reason(
    "in-sync",
    `Every task that answers is registered: ${counted(registered, "instance")}.`,
    inputs,
  );
}

const later = (now: EpochMs, wakeAt: EpochMs | undefined): EpochMs | undefined =>
  wakeAt === undefined || wakeAt > now ? wakeAt : addMs(now, UNLISTED_RECHECK_MS);
