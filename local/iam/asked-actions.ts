// Which actions a call needs. Most need the one of their own name; some need another for what they hand on: tags at
// creation, and roles that a service is to take.

import type { Call, Input, Place } from "./target-names.ts";
import { namesIn } from "./target-names.ts";

export interface AskedAction {
  readonly call: Call;
  /** Without its service. */
  readonly action: string;
  /** Given, where the call's own input does not name it. */
  readonly resource?: string;
}

export function askedActions(call: Call, place: Place): readonly AskedAction[] {
  const own = ownActions(call).map((action) => ({ call, action }));
  return [...own, ...taggedAtCreation(call), ...passedRoles(call, place)];
}

/** Operations on many things at once need the action of the single one; transactions those of their parts. */
function ownActions({ service, operation, input }: Call): readonly string[] {
  if (service === "sqs") return [operation.replace(/Batch$/, "")];
  if (service !== "dynamodb") return [operation];
  if (operation === "TransactGetItems") return ["GetItem"];
  if (operation !== "TransactWriteItems") return [operation];
  const items = (input["TransactItems"] ?? []) as readonly Input[];
  const parts = items.flatMap((item) => Object.keys(item));
  return [
    ...new Set(parts.map((part) => (part === "ConditionCheck" ? "ConditionCheckItem" : `${part}Item`))),
  ];
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/tagging-resources-during-creation.html */
function taggedAtCreation(call: Call): readonly AskedAction[] {
  if (call.service !== "elasticloadbalancing" || call.operation !== "CreateRule") return [];
  const { Tags, ListenerArn } = call.input;
  if (!Array.isArray(Tags) || Tags.length === 0) return [];
  const resource = `${String(ListenerArn).replace(":listener/", ":listener-rule/")}/*`;
  return [{ call, action: "AddTags", resource }];
}

const pass = (service: string, roles: readonly string[]): readonly AskedAction[] =>
  [...new Set(roles)].map((resource) => ({
    call: { service: "iam", operation: "PassRole", input: { PassedToService: service } },
    action: "PassRole",
    resource,
  }));

/**
 * Roles of hooks and of load balancers, for ECS itself; and whoever creates a task set passes its tasks' roles, as
 * CodeDeploy must: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/codedeploy_IAM_role.html
 */
function passedRoles({ service, operation, input }: Call, { lookup }: Place): readonly AskedAction[] {
  if (service !== "ecs" || !["CreateService", "UpdateService", "CreateTaskSet"].includes(operation))
    return [];
  const { lifecycleHooks = [] } = (input["deploymentConfiguration"] ?? {}) as {
    readonly lifecycleHooks?: readonly Input[];
  };
  const balancers = (input["loadBalancers"] ?? []) as readonly { readonly advancedConfiguration?: Input }[];
  const handed = [...lifecycleHooks, ...balancers.map((each) => each.advancedConfiguration ?? {})];
  const forEcs = pass(
    "ecs.amazonaws.com",
    handed.flatMap((each) => namesIn(each, "roleArn")),
  );
  if (operation !== "CreateTaskSet") return forEcs;
  const { taskDefinition } =
    lookup("ecs", "DescribeTaskDefinition", { taskDefinition: input["taskDefinition"] }) ?? {};
  const roles = namesIn((taskDefinition ?? {}) as Input, "taskRoleArn", "executionRoleArn");
  return [...forEcs, ...pass("ecs-tasks.amazonaws.com", roles)];
}
