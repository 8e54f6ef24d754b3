// The acts of the task-set driver, each with its reason.

import { reason } from "../../../base/reasons.ts";
import type { Proposal } from "../../../contracts/actions.ts";
import type { TaskSetView } from "../../../contracts/rollout-views.ts";
import type { Rollout } from "../state.ts";
import type { Roles } from "./roles.ts";
import { backProposal, FIELDS, proposal } from "./steering.ts";

type Way = "forward" | "back";

const by = (way: Way): typeof proposal => (way === "back" ? backProposal : proposal);

/** `ecs-svc/id` and task set ARNs end in their id. */
const idOf = (taskSet: TaskSetView): string => taskSet.arn.slice(taskSet.arn.lastIndexOf("/") + 1);

export interface Scaling {
  readonly taskSet: TaskSetView;
  readonly percent: number;
  readonly text: string;
}

export const scaleTo = (
  rollout: Rollout,
  { taskSet, percent, text }: Scaling,
  way: Way = "forward",
): Proposal =>
  by(way)(rollout, {
    what: `scale-${idOf(taskSet)}-${percent}`,
    field: FIELDS.taskSet(taskSet.arn),
    action: { type: "scale-task-set", taskSetArn: taskSet.arn, percent },
    why: reason("scale-task-set", text, { from: taskSet.scale, to: percent }),
  });

const deletion = (rollout: Rollout, taskSet: TaskSetView, way: Way = "forward"): Proposal =>
  by(way)(rollout, {
    what: `delete-${idOf(taskSet)}`,
    field: FIELDS.taskSet(taskSet.arn),
    action: { type: "delete-task-set", taskSetArn: taskSet.arn },
    why: reason(
      "delete-task-set",
      `The task set ${taskSet.externalId ?? taskSet.id} has no task left: it goes.`,
    ),
  });

/** Of a set that ECS does not show. */
export const deletionOf = (rollout: Rollout, taskSetArn: string): Proposal =>
  backProposal(rollout, {
    what: `delete-unseen-${taskSetArn.slice(taskSetArn.lastIndexOf("/") + 1)}`,
    field: FIELDS.taskSet(taskSetArn),
    action: { type: "delete-task-set", taskSetArn },
    why: reason("delete-unseen", "ECS does not show the task set that was made: it is deleted by its name."),
  });

export const primary = (rollout: Rollout, taskSet: TaskSetView, way: Way = "forward"): Proposal =>
  by(way)(rollout, {
    what: `primary-${idOf(taskSet)}`,
    field: FIELDS.primary,
    action: { type: "set-primary-task-set", taskSetArn: taskSet.arn },
    why: reason("set-primary", `The task set ${taskSet.externalId ?? taskSet.id} becomes the primary one.`),
  });

export interface Creation {
  readonly externalId: string;
  readonly taskDefinition: string;
  readonly percent: number;
  readonly targetGroupArn: string | undefined;
  readonly text: string;
}

export const creation = (rollout: Rollout, { service, stable }: Roles, order: Creation): Proposal => {
  const { externalId, taskDefinition, percent, targetGroupArn, text } = order;
  return proposal(rollout, {
    what: `create-${externalId}`,
    field: FIELDS.newTaskSet(externalId),
    action: {
      type: "create-task-set",
      order: {
        clusterArn: service.clusterArn,
        service: service.name,
        modelArn: stable?.arn ?? "",
        taskDefinition,
        externalId,
        percent,
        ...(targetGroupArn === undefined ? {} : { targetGroupArn }),
      },
    },
    why: reason("create-task-set", text, { percent }),
  });
};

/** Away with a set that has no traffic: first its tasks, then itself. Nothing while its tasks stop. */
export function removal(rollout: Rollout, taskSet: TaskSetView, way: Way = "forward"): readonly Proposal[] {
  if (taskSet.status === "PRIMARY") return [];
  if (taskSet.scale > 0) {
    const text = `The task set ${taskSet.externalId ?? taskSet.id} has no traffic: its tasks go.`;
    return [scaleTo(rollout, { taskSet, percent: 0, text }, way)];
  }
  return taskSet.running + taskSet.pending > 0 ? [] : [deletion(rollout, taskSet, way)];
}
