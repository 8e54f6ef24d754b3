// How rollouts begin: a start that is wanted and allowed, or a deployment that somebody else began.

import { NO_REVISION } from "../../base/arn.ts";
import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import { addMs, epochMs } from "../../base/time.ts";
import type { RolloutCommand } from "../../contracts/policy.ts";
import type { RolloutPolicy } from "../../contracts/rollout-policy.ts";
import type { DeploymentView, RevisionView, ServiceView } from "../../contracts/rollout-views.ts";
import { driverOf } from "./drivers/drivers.ts";
import { freezeAt } from "./freeze.ts";
import { waitsForDependency } from "./groups.ts";
import { DRIFT_IDLE } from "./guard.ts";
import { holdOf } from "./holds.ts";
import type { Pass } from "./pass.ts";
import { say, wake } from "./pass.ts";
import { EXTERNAL_AUTHOR, PEER_RECHECK_MS } from "./policy.ts";
import { isKnownGood } from "./rollback-window.ts";
import { rolloutId } from "./rollout-id.ts";
import type { Active, DriverName, Idle, Revision, Rollout, Wanted } from "./state.ts";
import { shortName } from "./tasks-failing.ts";

export const wantedFrom = (taskDefinition: string, { by, at, id }: RolloutCommand): Wanted => ({
  taskDefinition,
  by,
  at: epochMs(at),
  decision: id,
});

// --- a start that is wanted -----------------------------------------------------------------------------

/** The rollout that begins now, where nothing holds it; else the memory without a start that cannot be. */
export function begun(pass: Pass, idle: Idle, service: ServiceView): Active | Idle {
  const { wanted } = idle;
  if (wanted === undefined) return idle;
  const refusal = refusalOf(pass, wanted, service);
  if (refusal !== undefined) {
    say(pass, reason("start-refused", `${refusal} (${wanted.decision})`, { decision: wanted.decision }));
    return { ...withoutWanted(idle), ...refusedAfterAll(idle, wanted, refusal) };
  }
  return startedFrom(pass, idle, { wanted, service });
}

/** The order was taken and it cannot be after all: whoever gave it must find that. */
export const refusedAfterAll = (
  { answered = [] }: Idle,
  { decision }: Wanted,
  text: string,
): Pick<Idle, "answered"> => ({
  answered: answered.map((one) => (one.decision === decision ? { ...one, outcome: "refused", text } : one)),
});

const withoutWanted = ({ wanted: _over, ...rest }: Idle): Idle => rest;

function refusalOf({ input }: Pass, { taskDefinition }: Wanted, service: ServiceView): string | undefined {
  const { driver, reason: why } = driverOf(service, input.policy, "start");
  if (driver === "watch") return why.text;
  const needsRules =
    input.observation.mayWeigh === false ? ruleWriteNeeded(input.policy, service) : undefined;
  if (needsRules !== undefined) return `${needsRules}; ${NO_RULES}`;
  const name = shortName(taskDefinition);
  return name === shortName(presentDefinition(service)) ? `${service.name} runs ${name} already.` : undefined;
}

const NO_RULES = "this installation may not write listener rules (its setting `rollouts` is not `traffic`).";

/** What no strategy of ECS stands in for: said before anything begins, instead of a refusal by AWS in the middle. */
function ruleWriteNeeded(
  { steps }: RolloutPolicy,
  { controller, taskSets }: ServiceView,
): string | undefined {
  const isWeighed = taskSets.some(({ targetGroupArn }) => targetGroupArn !== undefined);
  if (controller === "EXTERNAL" && isWeighed) return "Task sets get their traffic by the rule's weights";
  const isRouted = !("kind" in steps) && steps.some(({ kind }) => kind === "headerRoute");
  return isRouted ? "The policy has a headerRoute step" : undefined;
}

/** Under the EXTERNAL controller the primary task set says what runs. */
const presentDefinition = ({ taskDefinition, taskSets }: ServiceView): string =>
  taskSets.find(({ status }) => status === "PRIMARY")?.taskDefinition ?? taskDefinition;

/**
 * ECS takes the group for empty to which production points (containers-roadmap#2853). A present revision without
 * healthy targets holds nothing: the start may be its cure.
 */
const driftHold = ({ drift }: Idle) =>
  drift?.code === DRIFT_IDLE ? reason(DRIFT_IDLE, `${drift.text} The start waits.`) : undefined;

function startHold(pass: Pass, idle: Idle, { taskDefinition }: Pick<Wanted, "taskDefinition">) {
  const { policy, now, observation } = pass.input;
  if (observation.isPaused) return reason("key-paused", "The service is paused: the start waits.");
  // Back to what was good is the cure of an outage: neither the calendar nor another service holds it up.
  if (isKnownGood(taskDefinition, idle, policy)) return driftHold(idle);
  const freeze = freezeAt(policy.freeze, now);
  if (freeze !== undefined) {
    wake(pass, freeze.until);
    return reason("frozen", `${freeze.text} The start waits.`);
  }
  const waits = driftHold(idle) ?? waitsForDependency(pass);
  if (waits !== undefined) wake(pass, addMs(now, PEER_RECHECK_MS));
  return waits;
}

/** A start that waits, and why it waits: nothing is read of the service for it. */
export function withStartHold(pass: Pass, idle: Idle): Idle {
  if (idle.wanted === undefined) return idle;
  const { hold: before, ...wanted } = idle.wanted;
  const why = startHold(pass, idle, wanted);
  if (why === undefined) return { ...idle, wanted };
  say(pass, why);
  return { ...idle, wanted: { ...wanted, hold: holdOf(why, before, pass.input.now) } };
}

function startedFrom(
  pass: Pass,
  idle: Idle,
  { wanted, service }: { wanted: Wanted; service: ServiceView },
): Active {
  const { key, policy, now } = pass.input;
  const choice = driverOf(service, policy, "start");
  const source = presentDefinition(service);
  const target = qualified(wanted.taskDefinition, source);
  const isEmpty = service.desiredCount === 0 && choice.driver === "native";
  const skips = isEmpty || isKnownGood(target, idle, policy);
  const rollout = newRollout(policy, {
    id: rolloutId(key, wanted.decision),
    driver: choice.driver,
    author: wanted.by,
    target: { taskDefinition: target, images: [] },
    source: sourceOf(service, source),
    skips,
    now,
  });
  const waived = skips ? { waived: isEmpty ? NOBODY_WANTED : knownGoodText(target) } : {};
  say(
    pass,
    choice.reason,
    reason("begun", `${rollout.id} begins: ${shortName(target)} in place of ${shortName(source)}.`),
  );
  sayReach(pass, choice.driver);
  const { currentDeploymentArn: foundDeployment } = service;
  const found = foundDeployment === undefined ? {} : { foundDeployment };
  return { ...withoutWanted(idle), phase: "starting", rollout: { ...rollout, ...found, ...waived } };
}

const knownGoodText = (target: string): string =>
  `${shortName(target)} was good before; the rollback window skips the steps.`;

function sayReach(pass: Pass, driver: DriverName): void {
  if (pass.input.observation.mayWeigh !== false || driver !== "native") return;
  say(pass, reason("strategy-weights", `ECS shifts the traffic in its own steps: ${NO_RULES}`));
}

const sourceOf = ({ currentRevisionArn }: ServiceView, taskDefinition: string): Revision => ({
  taskDefinition,
  ...(currentRevisionArn === undefined ? {} : { revisionArn: currentRevisionArn }),
  images: [],
});

/** `family:revision` in the account and Region of the present one. */
const qualified = (name: string, like: string): string =>
  name.startsWith("arn:") || !like.includes("/") ? name : `${like.slice(0, like.lastIndexOf("/"))}/${name}`;

// --- a deployment of somebody else ----------------------------------------------------------------------

export interface Found {
  readonly service: ServiceView;
  readonly deployment: DeploymentView;
  readonly revisions: readonly RevisionView[];
}

/** Taken over as far as it can be paced; without write permission it is only watched. */
export function adopted(pass: Pass, idle: Idle, found: Found): Active {
  const { key, policy, now } = pass.input;
  const { service, deployment } = found;
  const choice = adoptionChoice(pass, found);
  const source = revisionOf(found, deployment.sources[0]?.arn) ?? { taskDefinition: NO_REVISION, images: [] };
  const target = revisionOf(found, deployment.target?.arn) ?? {
    taskDefinition: service.taskDefinition,
    images: [],
  };
  const isBack = choice.driver === "native" && isKnownGood(target.taskDefinition, idle, policy);
  const why = choice.waived ?? (isBack ? knownGoodText(target.taskDefinition) : undefined);
  const rollout = newRollout(policy, {
    id: rolloutId(key, deployment.arn),
    driver: choice.driver,
    author: EXTERNAL_AUTHOR,
    target,
    source,
    skips: why !== undefined,
    now,
  });
  const text = `${rollout.id}: a deployment of ${shortName(target.taskDefinition)} that somebody else began is ${
    choice.driver === "watch" ? "watched" : "taken over"
  }.`;
  say(pass, choice.reason, reason("adopted", text, { deployment: deployment.arn }));
  sayReach(pass, choice.driver);
  const waived = why === undefined ? {} : { waived: why };
  return { ...idle, phase: "preparing", rollout: { ...rollout, ...waived, deploymentArn: deployment.arn } };
}

function adoptionChoice({ input }: Pass, { service, deployment }: Found): Choice {
  const { policy, observation } = input;
  if (policy.mode === "observe" || !observation.mayAct) {
    return {
      driver: "watch",
      reason: reason("observe-only", "The mode is observe: it is only watched."),
    };
  }
  const choice = driverOf(service, policy, "adopt");
  if (deployment.sources.length === 0) return firstDeployment(choice);
  return service.desiredCount === 0 && choice.driver === "native"
    ? { ...choice, waived: NOBODY_WANTED }
    : choice;
}

/** Scaled to nothing, at night or for good: no task can prove anything, and a new revision must not be stuck on it. */
const NOBODY_WANTED = "The service's desired count is 0: there is nothing to compare and nothing to lose.";

interface Choice {
  readonly driver: DriverName;
  readonly reason: Reason;
  /** Why nothing has to be proven. */
  readonly waived?: string;
}

/** There is no old revision to compare with. Its PAUSE hooks are answered all the same, or it would wait for ever. */
function firstDeployment({ driver }: Choice): Choice {
  const waived = "This is the service's first deployment: there is nothing to go back to.";
  const why = reason("first-deployment", waived);
  return driver === "native" ? { driver, reason: why, waived } : { driver: "watch", reason: why };
}

function revisionOf({ revisions }: Found, arn: string | undefined): Revision | undefined {
  const view = revisions.find((one) => one.arn === arn);
  if (view === undefined) return undefined;
  const images = view.images.map(
    ({ container, image, digest }) => `${container}=${image}${digest === undefined ? "" : `@${digest}`}`,
  );
  return { taskDefinition: view.taskDefinition, revisionArn: view.arn, images };
}

// --- both -----------------------------------------------------------------------------------------------

interface Beginning extends Pick<Rollout, "id" | "driver" | "author" | "target" | "source"> {
  readonly skips: boolean;
  readonly now: Rollout["startedAt"];
}

function newRollout({ steps }: RolloutPolicy, { skips, now, ...known }: Beginning): Rollout {
  const isPacedHere = known.driver === "native" || known.driver === "task-sets";
  const isAuto = "kind" in steps;
  const written = isAuto || !isPacedHere || skips ? [] : steps;
  return {
    ...known,
    startedAt: now,
    taskSets: {},
    places: {},
    steps: written,
    isAuto: isAuto && isPacedHere && !skips,
    step: 0,
    stepSince: now,
    weight: 0,
    scale: 0,
    analysis: { metrics: {}, requestsPerSecond: 0 },
    approvals: [],
    notified: [],
  };
}
