// The first wish of the native driver: the new revision exists, healthy, behind the gate, without production
// traffic. Calls: start (service 1, UpdateService 2) once; each look deployment 1; at the gate once service 1,
// revisions 1, rule 1, health 2.

import { reason } from "../../../base/reasons.ts";
import type { DeploymentView, ServiceView } from "../../../contracts/rollout-views.ts";
import type { DriverInput, Steering } from "../driver.ts";
import type { Rollout } from "../state.ts";
import { shortName } from "../tasks-failing.ts";
import { during, isSteering, lookAt, shortHook, standOf, waitingHook } from "./native-deployment.ts";
import { GATE, planOf, TESTED } from "./native-plan.ts";
import { overtaken } from "./overtaken.ts";
import { learntPlaces, withRule } from "./places.ts";
import { driftOf, routeOf, shortage } from "./shift.ts";
import {
  acting,
  blocked,
  FIELDS,
  impossible,
  isSameDefinition,
  lacking,
  proposal,
  reached,
  seen,
  waiting,
  withLearnt,
} from "./steering.ts";

/** No deployment of ours is known: start it, or find the one whose start was never answered. */
export function startOrFind(input: DriverInput): Steering {
  const lack = lacking(input, "service");
  if (lack !== undefined) return lack;
  const service = seen(input.observation.service);
  if (service === undefined) return blocked(input, reason("service-unknown", "The service is not known."));
  if (isSameDefinition(service.taskDefinition, input.rollout.target.taskDefinition)) return find(input);
  if (service.scheduling === "DAEMON") {
    return impossible(
      reason("daemon", "ECS shifts no traffic for services of the DAEMON scheduling strategy."),
    );
  }
  return overtaken(input, service) ?? start(input, service);
}

/** The service is asked for the target already: its newest deployment is the one. */
function find(input: DriverInput): Steering {
  const view = lookAt(input);
  if (isSteering(view)) return view;
  const text = "The service's deployment is towards the target: it is the rollout's.";
  const found = reason("deployment-found", text, { deployment: view.arn });
  return during(acting(input, [], { reasons: [found] }), view, input.rollout);
}

function start(input: DriverInput, service: ServiceView): Steering {
  const { rollout, policy } = input;
  const { reasons, ...plan } = planOf(service, policy);
  const { strategy, percent } = plan;
  const text = `Starts ${shortName(rollout.target.taskDefinition)} with ${strategy}${percent === undefined ? "" : ` ${percent} %`}, PAUSE hooks at ${plan.pauseAt.join(" and ")}.`;
  const act = proposal(rollout, {
    what: "start",
    field: FIELDS.deployment,
    action: {
      type: "start-deployment",
      order: {
        clusterArn: service.clusterArn,
        service: service.name,
        taskDefinition: rollout.target.taskDefinition,
        ...(service.currentDeploymentArn === undefined
          ? {}
          : { expectedDeploymentArn: service.currentDeploymentArn }),
        ...plan,
      },
    },
    why: reason("start-deployment", text, { strategy }),
  });
  return acting(input, [act], { reasons });
}

export function readyAt(input: DriverInput, view: DeploymentView): Steering {
  const stand = standOf(view);
  const hook = waitingHook(view);
  if (stand === "early" || stand === "unknown") {
    if (hook === undefined) return waiting(input, working(view));
    if (view.stage !== TESTED) return waiting(input, foreignHook(view));
    return acting(input, [goOn(input, view, hook.hookId)]);
  }
  if (stand !== "gate") {
    const text = "Production traffic has moved on already: somebody else answered ECS's hook.";
    return reached({
      learnt: { weight: Math.round(view.target?.productionWeight ?? input.rollout.weight) },
      reasons: [reason("moved-on", text, { stage: view.stage ?? "" })],
    });
  }
  if (hook === undefined) return waiting(input, working(view));
  return withPlaces(input, view);
}

export const working = (view: DeploymentView): ReturnType<typeof reason> =>
  reason("ecs-works", `ECS is at ${view.stage ?? view.status}.`, {
    stage: view.stage ?? "",
    running: view.target?.running ?? 0,
    requested: view.target?.requested ?? 0,
  });

const foreignHook = (view: DeploymentView): ReturnType<typeof reason> =>
  reason("foreign-hook", `A PAUSE hook at ${view.stage ?? "?"} waits for whoever set it.`, {
    stage: view.stage ?? "",
  });

export const goOn = (
  { rollout }: DriverInput,
  view: DeploymentView,
  hookId: string,
): ReturnType<typeof proposal> =>
  proposal(rollout, {
    what: `continue-${shortHook(hookId)}`,
    field: FIELDS.deployment,
    action: { type: "continue-deployment", deploymentArn: view.arn, hookId, answer: "CONTINUE" },
    why: reason("continue", `ECS goes on from ${view.stage ?? "where it waits"}.`, {
      stage: view.stage ?? "",
    }),
  });

/** At the gate everything is looked at once: where the traffic goes, whether the rule says so, whether it can carry. */
function withPlaces(input: DriverInput, view: DeploymentView): Steering {
  const { observation } = input;
  if (input.rollout.places.candidateGroup !== undefined) return checked(input, view);
  const lack = lacking(input, "service", "revisions");
  if (lack !== undefined) return lack;
  const service = seen(observation.service);
  if (service === undefined) return checked(input, view);
  const learnt = learntPlaces(input.rollout, {
    service,
    revisions: seen(observation.revisions) ?? [],
    targetArn: view.target?.arn,
    sourceArn: view.sources[0]?.arn,
  });
  const rollout: Rollout = { ...input.rollout, ...learnt };
  return withLearnt(checked({ ...input, rollout }, view), learnt);
}

function checked(input: DriverInput, view: DeploymentView): Steering {
  const { rollout, observation } = input;
  const { candidateGroup, rule } = rollout.places;
  // Headless services and Service Connect: ECS itself vouches for the tasks.
  if (candidateGroup === undefined || isEmpty(view)) return counted(input, view);
  const lack = rule === undefined ? lacking(input, "health") : lacking(input, "rule", "health");
  if (lack !== undefined) return lack;
  const live = seen(observation.rule);
  const places = live === undefined ? rollout.places : withRule(rollout.places, live);
  const route = routeOf({ ...rollout, places });
  const drift = live === undefined || route === undefined ? undefined : driftOf(live, rollout, route);
  if (drift !== undefined && input.policy.onDrift === "hold")
    return blocked(input, drift, { learnt: { places } });
  const health = seen(observation.health) ?? [];
  const requested = view.target?.requested ?? 0;
  const short = shortage(candidateGroup, { health, percent: 100, requested });
  if (short !== undefined) return blocked(input, short, { learnt: { places } });
  return ready(view, { places });
}

/** Nothing is asked for and nothing runs on either side: there is no capacity that could be too little. */
export const isEmpty = ({ target, sources }: DeploymentView): boolean =>
  target?.requested === 0 && sources.every(({ running, requested }) => running === 0 && requested === 0);

function counted(input: DriverInput, view: DeploymentView): Steering {
  const { running = 0, requested = 0 } = view.target ?? {};
  if (running >= requested) return ready(view, {});
  return waiting(input, working(view));
}

const ready = (view: DeploymentView, learnt: Steering["learnt"]): Steering =>
  reached({
    learnt: { scale: 100, ...learnt },
    reasons: [
      reason("ready", `The new revision is healthy; ECS waits at ${GATE}.`, {
        running: view.target?.running ?? 0,
        requested: view.target?.requested ?? 0,
      }),
    ],
  });
