// Between rollouts: a start that is wanted, a deployment of somebody else, weights that point at the wrong
// group. Costs nothing until something is heard; only services that ECS deploys in stages are looked at now and then.

import { reason } from "../../base/reasons.ts";
import { addMs, elapsedMs } from "../../base/time.ts";
import type { Fact } from "../../contracts/facts.ts";
import type { DeploymentView, ServiceView } from "../../contracts/rollout-views.ts";
import { driverOf } from "./drivers/drivers.ts";
import { guarded } from "./guard.ts";
import type { Pass } from "./pass.ts";
import { ask, isSweeps, say, wake } from "./pass.ts";
import { DRIFT_RECHECK_MS, GUARD_PERIOD_MS, UNREAD_RECHECK_MS } from "./policy.ts";
import { adopted, begun, withStartHold } from "./starts.ts";
import type { Active, Idle } from "./state.ts";

export function idled(pass: Pass, before: Idle): Active | Idle {
  const idle = withStartHold(pass, before);
  if (!isLookDue(pass, idle)) return asleep(pass, idle);
  if (ask(pass, "service")) return idle;
  const { service } = pass.input.observation;
  if (service?.ok !== true) return unread(pass, idle, service);
  const found = foreignDeployment(pass, idle, service.value);
  if (found === "asking") return idle;
  if (found !== undefined) return takenOver(pass, idle, { service: service.value, deployment: found });
  const { driver, reason: why } = driverOf(service.value, pass.input.policy);
  if (driver === "watch") say(pass, why);
  const known = remembered(pass, idle, service.value);
  const looked = withStartHold(pass, guarded(pass, known, service.value));
  if (pass.asks.size > 0 || !isWantedDue(looked)) return asleep(pass, looked);
  return begun(pass, { ...looked, checkedAt: pass.input.now }, service.value);
}

/** The next look of the guard. */
function asleep(pass: Pass, idle: Idle): Idle {
  const { guardedRule, checkedAt, drift } = idle;
  if (guardedRule !== undefined && checkedAt !== undefined) {
    wake(pass, addMs(checkedAt, drift === undefined ? GUARD_PERIOD_MS : DRIFT_RECHECK_MS));
  }
  return idle;
}

// --- when to look ---------------------------------------------------------------------------------------

const NEWS: ReadonlySet<Fact["kind"]> = new Set(["deployment", "hook", "traffic-change"]);

const isWantedDue = ({ wanted }: Idle): boolean => wanted !== undefined && wanted.hold === undefined;

function isLookDue(pass: Pass, idle: Idle): boolean {
  const { observation, now } = pass.input;
  const { checkedAt, guardedRule, drift } = idle;
  if (checkedAt === undefined || isWantedDue(idle)) return true;
  if (observation.facts.some(({ kind }) => NEWS.has(kind))) return true;
  const age = elapsedMs(checkedAt, now);
  if (guardedRule !== undefined && age >= (drift === undefined ? GUARD_PERIOD_MS : DRIFT_RECHECK_MS))
    return true;
  return age >= GUARD_PERIOD_MS && observation.facts.some(isSweeps);
}

function unread(pass: Pass, idle: Idle, read: { code: string; message: string } | undefined): Idle {
  const { now } = pass.input;
  const why = read === undefined ? "" : ` (${read.code}: ${read.message})`;
  say(pass, reason("service-unread", `The service could not be read${why}: nothing is decided.`));
  wake(pass, addMs(now, UNREAD_RECHECK_MS));
  // A service that is gone is not asked for again and again; a deployment of it would ring.
  return read?.code === "missing" || read?.code === "input" ? { ...idle, checkedAt: now } : idle;
}

// --- somebody else's deployment -------------------------------------------------------------------------

const UNDER_WAY: ReadonlySet<string> = new Set(["PENDING", "IN_PROGRESS"]);

/** One that is under way and not known; "asking" while it is being read. */
function foreignDeployment(
  pass: Pass,
  idle: Idle,
  service: ServiceView,
): DeploymentView | "asking" | undefined {
  const { observation } = pass.input;
  const isTold = observation.facts.some(({ kind }) => kind === "deployment" || kind === "hook");
  const isOther =
    service.currentDeploymentArn !== undefined && service.currentDeploymentArn !== idle.knownDeployment;
  if (service.controller !== "ECS" || !(isTold || isOther)) return undefined;
  if (ask(pass, "deployment")) return "asking";
  const { deployment } = observation;
  if (deployment?.ok !== true) {
    // Whose it is must be known before anything of ours begins over it.
    say(pass, reason("deployment-unread", "The service's deployment could not be read."));
    wake(pass, addMs(pass.input.now, UNREAD_RECHECK_MS));
    return "asking";
  }
  const { value } = deployment;
  return value !== undefined && UNDER_WAY.has(value.status) && value.arn !== idle.knownDeployment
    ? value
    : undefined;
}

function takenOver(
  pass: Pass,
  idle: Idle,
  { service, deployment }: { service: ServiceView; deployment: DeploymentView },
): Active | Idle {
  if (ask(pass, "revisions")) return idle;
  const { revisions } = pass.input.observation;
  if (revisions?.ok !== true) {
    say(
      pass,
      reason("revisions-unread", "The deployment's revisions could not be read: it is not taken over yet."),
    );
    wake(pass, addMs(pass.input.now, UNREAD_RECHECK_MS));
    return idle;
  }
  return adopted(pass, idle, { service, deployment, revisions: revisions.value });
}

/** The deployment that stands there is known now: only another one is news. */
function remembered({ input }: Pass, idle: Idle, service: ServiceView): Idle {
  const { deployment } = input.observation;
  if (deployment?.ok === false) return idle;
  const arn = deployment?.value?.arn ?? service.currentDeploymentArn;
  return arn === undefined ? idle : { ...idle, knownDeployment: arn };
}
