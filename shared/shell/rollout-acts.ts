// What a rollout did or would do, in a few words each: for the API, `rollout history` and `why`.

import type { Action, Outcome, RolloutAction } from "../contracts/actions.ts";

const last = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);
/** `targetgroup/NAME/ID` */
const groupName = (arn: string): string => arn.split("/").at(-2) ?? arn;

export const actText = (action: Action): string =>
  isRolloutAction(action) ? rolloutActText(action) : action.type.replaceAll("-", " ");

const ofOthers: ReadonlySet<Action["type"]> = new Set<Exclude<Action["type"], RolloutAction["type"]>>([
  "register-instance",
  "deregister-instance",
  "set-instance-health",
  "stop-task",
]);

export const isRolloutAction = (action: Action): action is RolloutAction => !ofOthers.has(action.type);

export function rolloutActText(action: RolloutAction): string {
  switch (action.type) {
    case "start-deployment":
      return `deploy ${last(action.order.taskDefinition)}${strategyText(action.order.strategy)}`;
    case "continue-deployment":
      return action.answer === "CONTINUE" ? "let ECS go on" : "let ECS roll back";
    case "stop-deployment":
      return `stop the deployment (${action.how.toLowerCase()})`;
    case "set-weights":
      return `set weights ${weightsText(action.weights)}`;
    case "create-task-set":
      return `create a task set of ${last(action.order.taskDefinition)} at ${action.order.percent} %`;
    case "scale-task-set":
      return `scale task set ${last(action.taskSetArn)} to ${action.percent} %`;
    case "set-primary-task-set":
      return `make task set ${last(action.taskSetArn)} primary`;
    case "delete-task-set":
      return `delete task set ${last(action.taskSetArn)}`;
    case "set-header-route":
      return `route ${action.header}: ${action.values.join(", ")}`;
    case "remove-header-routes":
      return "remove header routes";
    case "subscribe-metrics":
      return metricsText(action.subscription.queries.length);
    case "unsubscribe-metrics":
      return "end the metrics";
    case "ring-keys":
      return `tell ${action.keys.length} others`;
    case "call-webhook":
      return `ask ${hostOf(action.url)}`;
    case "notify":
      return `notify ${action.to === "events" ? "EventBridge" : hostOf(action.to)} of ${action.event}`;
  }
}

/** Without queries it only wants to hear who changes the rule's weights. */
const metricsText = (queries: number): string =>
  queries === 0
    ? "ask for changes of the rule"
    : `ask for ${queries} ${queries === 1 ? "metric" : "metrics"}`;

const strategyText = (strategy: string | undefined): string =>
  strategy === undefined ? "" : ` as ${strategy.toLowerCase()}`;

/** Webhook addresses carry secrets in their path. */
const hostOf = (url: string): string => URL.parse(url)?.host ?? "a webhook";

const weightsText = (weights: Readonly<Record<string, number>>): string =>
  Object.entries(weights)
    .map(([group, weight]) => `${groupName(group)} ${weight}`)
    .join(", ");

export function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case "done":
      return "done";
    case "failed":
      return `failed, ${outcome.code}: ${outcome.message}${outcome.retry ? "; tried again" : ""}`;
    case "unknown":
      return "without an answer: looked at again";
    case "postponed":
      return `postponed (${outcome.code})`;
  }
}
