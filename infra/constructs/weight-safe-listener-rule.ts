// For your own stacks: an ALB listener rule whose weights are set once, when it is made, and never again by
// CloudFormation. With the rule as a plain resource every update of it, and every rollback of a stack, writes the
// weights of the code over what a deployment has shifted since, and traffic goes to an empty target group:
// https://github.com/aws/aws-cdk/issues/36649.
//
// Reading the live weights into the template is no way out: between the read and the write a shift goes on, and a
// stack that rolls back writes what it read before. So CloudFormation never hears of the weights: a small function
// makes the rule, and at updates tells Elastic Load Balancing only what is to change. ModifyRule keeps what it is not
// told: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html

import { fileURLToPath } from "node:url";
import { ArnFormat, CustomResource, Duration, Stack } from "aws-cdk-lib";
import type {
  CfnListenerRule,
  IApplicationListener,
  IApplicationTargetGroup,
} from "aws-cdk-lib/aws-elasticloadbalancingv2";
import { Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Architecture, Code, Runtime, SingletonFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { buildSync } from "esbuild";
import type { RuleSettings } from "../handlers/listener-rule.ts";

export interface WeightSafeListenerRuleProps {
  readonly listener: IApplicationListener;
  /** 1 to 50,000, once for each listener. */
  readonly priority: number;
  /** As of AWS::ElasticLoadBalancingV2::ListenerRule, e.g. `{ field: "path-pattern", pathPatternConfig: … }`. */
  readonly conditions: readonly CfnListenerRule.RuleConditionProperty[];
  /** Gets all the traffic when the rule is made. */
  readonly targetGroup: IApplicationTargetGroup;
  /** Gets none until a deployment shifts some. */
  readonly alternateTargetGroup: IApplicationTargetGroup;
  /** Before the forwarding: `authenticate-oidc`, `authenticate-cognito`, `jwt-validation`. */
  readonly before?: readonly CfnListenerRule.ActionProperty[];
}

/** One function in a stack serves all of its rules. */
const SINGLETON = "8d6f3f0e-7c0a-4c2f-9a55-fa010ead0001";

const entry = fileURLToPath(new URL("../handlers/custom-resource.ts", import.meta.url));

/** Inline, so that the stack needs no assets: the runtime brings the SDK along. */
function handlerCode(): string {
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node24",
    minify: true,
    charset: "ascii",
    external: ["@aws-sdk/*"],
    write: false,
  });
  return outputFiles.map(({ text }) => text).join("");
}

export class WeightSafeListenerRule extends Construct {
  /** For `advancedConfiguration.productionListenerRule`, and for whoever writes weights. */
  readonly ruleArn: string;

  constructor(scope: Construct, id: string, props: WeightSafeListenerRuleProps) {
    super(scope, id);
    const { listener } = props;
    const provider = this.#provider(listener);
    const resource = new CustomResource(this, "Rule", {
      resourceType: "Custom::WeightSafeListenerRule",
      serviceToken: provider.functionArn,
      properties: { Rule: Stack.of(this).toJsonString(settingsOf(props)) },
    });
    resource.node.addDependency(provider, listener);
    this.ruleArn = resource.ref;
  }

  #provider(listener: IApplicationListener): SingletonFunction {
    const provider = new SingletonFunction(this, "Provider", {
      uuid: SINGLETON,
      lambdaPurpose: "WeightSafeListenerRule",
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: Code.fromInline(handlerCode()),
      timeout: Duration.minutes(1),
      description: "Makes listener rules whose weights CloudFormation never writes",
    });
    for (const statement of statementsFor(this, listener)) provider.addToRolePolicy(statement);
    return provider;
  }
}

function statementsFor(scope: Construct, { listenerArn }: IApplicationListener): readonly PolicyStatement[] {
  const elb = (actions: readonly string[], resources: string[]) =>
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: actions.map((name) => `elasticloadbalancing:${name}`),
      resources,
    });
  const rules = Stack.of(scope).formatArn({
    service: "elasticloadbalancing",
    resource: "listener-rule",
    resourceName: "app/*",
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
  return [
    elb(["CreateRule"], [listenerArn]),
    elb(["ModifyRule", "SetRulePriorities", "DeleteRule", "AddTags"], [rules]),
    // AWS authorises reads for the whole account only.
    elb(["DescribeRules", "DescribeTags"], ["*"]),
  ];
}

function settingsOf(props: WeightSafeListenerRuleProps): RuleSettings {
  const { listener, priority, conditions, before = [], targetGroup, alternateTargetGroup } = props;
  return {
    listenerArn: listener.listenerArn,
    priority,
    // CloudFormation's names and the API's differ in the first letter alone.
    conditions: capitalised(conditions) as RuleSettings["conditions"],
    before: capitalised(before) as RuleSettings["before"],
    groups: [
      { targetGroupArn: targetGroup.targetGroupArn, initialWeight: 100 },
      { targetGroupArn: alternateTargetGroup.targetGroupArn, initialWeight: 0 },
    ],
  };
}

function capitalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitalised);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.charAt(0).toUpperCase() + name.slice(1),
      capitalised(inner),
    ]),
  );
}
