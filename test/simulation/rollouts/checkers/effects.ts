// S8: an action has one effect, however often it is tried. S9: every write to AWS was in the table before.

import type { Action } from "../../../../shared/contracts/actions.ts";
import { digestOf } from "../snapshot.ts";
import type { CallStep, Invariant } from "../trace.ts";

/** Which actions may lead to which writes. */
const ACTIONS: Readonly<Record<string, readonly Action["type"][]>> = {
  UpdateService: ["start-deployment"],
  ContinueServiceDeployment: ["continue-deployment"],
  StopServiceDeployment: ["stop-deployment"],
  ModifyRule: ["set-weights"],
  ModifyListener: ["set-weights"],
  CreateRule: ["set-header-route"],
  DeleteRule: ["remove-header-routes"],
  CreateTaskSet: ["create-task-set"],
  UpdateTaskSet: ["scale-task-set"],
  UpdateServicePrimaryTaskSet: ["set-primary-task-set"],
  DeleteTaskSet: ["delete-task-set"],
};

export const WRITES: ReadonlySet<string> = new Set(Object.keys(ACTIONS));

/** What one action may do once: the thing that would be there twice. */
function effectOf({ operation, input }: CallStep): string | undefined {
  switch (operation) {
    case "CreateTaskSet":
      return `task set ${String(input["externalId"])}`;
    case "ContinueServiceDeployment":
      return `answer to hook ${String(input["hookId"])}`;
    default:
      return undefined;
  }
}

export const oneEffect: Invariant = {
  id: "S8",
  create: () => {
    const effects = new Set<string>();
    return (step) => {
      if (step.kind !== "call" || step.refused !== undefined) return undefined;
      const effect = effectOf(step);
      const isRepeat = step.operation === "CreateTaskSet" && digestOf(step.before) === digestOf(step.after);
      if (effect === undefined || isRepeat) return undefined;
      if (effects.has(effect)) return `${effect} was made twice`;
      effects.add(effect);
      return undefined;
    };
  },
};

/** Of any pass: a worker that stood still may act late on an intent that is no longer there. */
export const intentFirst: Invariant = {
  id: "S9",
  create: () => {
    const intended = new Map<string, Set<string>>();
    return (step) => {
      if (step.kind === "commit") {
        const types = intended.get(step.key) ?? new Set<string>();
        for (const { action } of step.intents) types.add(markOf(action));
        intended.set(step.key, types);
        return undefined;
      }
      if (step.kind !== "call") return undefined;
      const types = intended.get(step.key) ?? new Set<string>();
      const isIntended = (ACTIONS[step.operation] ?? []).some((type) => types.has(markOfCall(type, step)));
      return isIntended ? undefined : `${step.operation} without a durable intent`;
    };
  },
};

const shares = (weights: Readonly<Record<string, number>>): string =>
  JSON.stringify(Object.entries(weights).sort());

function markOf(action: Action): string {
  switch (action.type) {
    case "set-weights":
      return `set-weights ${shares(action.weights)}`;
    case "continue-deployment":
      return `continue-deployment ${action.hookId} ${action.answer}`;
    case "scale-task-set":
      return `scale-task-set ${action.percent}`;
    case "start-deployment":
      return `start-deployment ${action.order.taskDefinition}`;
    case "create-task-set":
      return `create-task-set ${action.order.externalId}`;
    default:
      return action.type;
  }
}

interface ForwardGroups {
  readonly ForwardConfig?: {
    readonly TargetGroups?: readonly { readonly TargetGroupArn?: string; readonly Weight?: number }[];
  };
}

function markOfCall(type: Action["type"], { input }: CallStep): string {
  switch (type) {
    case "set-weights": {
      const actions = (input["Actions"] ?? input["DefaultActions"] ?? []) as readonly ForwardGroups[];
      const groups = actions.flatMap(({ ForwardConfig }) => ForwardConfig?.TargetGroups ?? []);
      return `set-weights ${shares(Object.fromEntries(groups.map((one) => [one.TargetGroupArn ?? "", one.Weight ?? 0])))}`;
    }
    case "continue-deployment":
      return `continue-deployment ${String(input["hookId"])} ${String(input["action"] ?? "CONTINUE")}`;
    case "scale-task-set":
      return `scale-task-set ${String((input["scale"] as { readonly value?: number } | undefined)?.value)}`;
    case "start-deployment":
      return `start-deployment ${String(input["taskDefinition"])}`;
    case "create-task-set":
      return `create-task-set ${String(input["externalId"])}`;
    default:
      return type;
  }
}
