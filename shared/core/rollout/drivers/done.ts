// What an act that was carried out teaches, so that the next pass need not read it: called by `settle`, merged
// into the rollout like a driver's `learnt`. An unknown outcome teaches nothing; the next read does.

import { assertNever } from "../../../base/assert.ts";
import type { EpochMs } from "../../../base/time.ts";
import type { Settled } from "../../../contracts/actions.ts";
import type { TaskSetOrder } from "../../../contracts/rollout-orders.ts";
import type { Steering } from "../driver.ts";
import type { Rollout } from "../state.ts";
import { routeName } from "./header-route.ts";
import { shareOf } from "./weights.ts";

type Learnt = Steering["learnt"];

export function learntFrom(rollout: Rollout, { proposal, outcome }: Settled, now: EpochMs): Learnt {
  const { action } = proposal;
  if (outcome.kind === "failed" && action.type === "stop-deployment" && !outcome.retry) {
    return { stopRefused: true };
  }
  if (outcome.kind !== "done") return {};
  const answer = outcome.answer ?? {};
  switch (action.type) {
    case "start-deployment": {
      const { deploymentArn } = answer;
      return deploymentArn === undefined ? {} : { deploymentArn };
    }
    case "continue-deployment":
      return rollout.openHook?.id === action.hookId ? { openHook: undefined } : {};
    case "set-weights":
      return weightsLearnt(rollout, action.weights, now);
    case "create-task-set":
      return setLearnt(rollout, action.order, answer["taskSetArn"]);
    case "scale-task-set":
      return action.taskSetArn === rollout.taskSets.candidate ? { scale: action.percent } : {};
    case "delete-task-set":
      return { taskSets: without(rollout.taskSets, action.taskSetArn) };
    case "set-header-route":
      return { routed: routeName(action.header, action.values) };
    case "remove-header-routes":
      return { routed: "" };
    case "set-primary-task-set":
    case "stop-deployment":
    case "call-webhook":
    case "notify":
    case "ring-keys":
    case "subscribe-metrics":
    case "unsubscribe-metrics":
    case "register-instance":
    case "deregister-instance":
    case "set-instance-health":
    case "stop-task":
      return {};
    default:
      return assertNever(action);
  }
}

function weightsLearnt(rollout: Rollout, weights: Readonly<Record<string, number>>, now: EpochMs): Learnt {
  const weight = Math.round(shareOf(weights, rollout.places.candidateGroup));
  const begins = weight > 0 && rollout.trafficSince === undefined;
  return { weights, asked: weights, weight, ...(begins ? { trafficSince: now } : {}) };
}

function setLearnt(rollout: Rollout, order: TaskSetOrder, taskSetArn: string | undefined): Learnt {
  if (taskSetArn === undefined) return {};
  const { taskSets } = rollout;
  if (order.externalId !== rollout.id) return { taskSets: { ...taskSets, baseline: taskSetArn } };
  return { taskSets: { ...taskSets, candidate: taskSetArn }, scale: order.percent };
}

/** A set that was deleted is nobody's any more. */
const without = (taskSets: Rollout["taskSets"], arn: string): Rollout["taskSets"] =>
  Object.fromEntries(Object.entries(taskSets).filter(([, one]) => one !== arn));
