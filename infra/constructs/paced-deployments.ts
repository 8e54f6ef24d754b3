// For your own stacks: sets up an ECS service so that Fairlead paces its deployments. BLUE_GREEN without waits of
// ECS's own, and PAUSE hooks where the waits are: with Fairlead gone, a pause ends after its time-out by going back.
// CDK's L2 knows neither PAUSE hooks nor the breaker's thresholds, hence the properties of CloudFormation.

import { Duration } from "aws-cdk-lib";
import type { BaseService } from "aws-cdk-lib/aws-ecs";
import { CfnService } from "aws-cdk-lib/aws-ecs";
import type { IApplicationTargetGroup } from "aws-cdk-lib/aws-elasticloadbalancingv2";
import type { IRole } from "aws-cdk-lib/aws-iam";
import { ManagedPolicy, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";

/** Where a PAUSE hook may stand and a rollout waits. `POST_TEST_TRAFFIC_SHIFT` only where there is a test rule. */
export type PauseStage =
  | "POST_TEST_TRAFFIC_SHIFT"
  | "PRE_PRODUCTION_TRAFFIC_SHIFT"
  | "POST_PRODUCTION_TRAFFIC_SHIFT";

export interface BreakerThreshold {
  /** Of failed tasks: a count, or percents of the desired count; bounded ones stay within 3 and 200. */
  readonly type: "COUNT" | "BOUNDED_PERCENT" | "UNBOUNDED_PERCENT";
  readonly value: number;
}

/** Fairlead's own Lambda hook: outputs `HookFunctionArn` and `HookRoleArn` of its stateless stack. */
export interface LambdaHook {
  readonly functionArn: string;
  readonly roleArn: string;
}

export interface PacedDeploymentsProps {
  /** Of either launch type, under the ECS deployment controller, without load balancers of its own. */
  readonly service: BaseService;
  readonly container: { readonly name: string; readonly port: number };
  readonly targetGroup: IApplicationTargetGroup;
  readonly alternateTargetGroup: IApplicationTargetGroup;
  /** Best one of `WeightSafeListenerRule`: updates of a plain rule's stack write its weights again. */
  readonly productionRuleArn: string;
  /** Gives test traffic to the new revision; also adds the pause after the test shift. */
  readonly testRuleArn?: string;
  /** In which ECS writes the rules. Default: a new one with AWS's managed policy. */
  readonly loadBalancerRole?: IRole;
  /** A pause that nobody ends goes back after that: 1 minute to 14 days. Default: 1 day. */
  readonly pauseTimeout?: Duration;
  /** Default: ECS's own, half of the desired count. */
  readonly breaker?: BreakerThreshold;
  readonly hook?: LambdaHook;
}

/** Stages with something to say for a function, where no PAUSE hook may stand, and the gate before all of them. */
const HOOK_STAGES = ["PRE_SCALE_UP", "TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"];

const MINUTES_MAX = 20_160;

export class PacedDeployments extends Construct {
  constructor(scope: Construct, id: string, props: PacedDeploymentsProps) {
    super(scope, id);
    const service = props.service.node.defaultChild;
    if (!(service instanceof CfnService)) throw new Error(`${props.service.node.path} is no service of ECS`);
    const role = props.loadBalancerRole ?? this.#loadBalancerRole();
    service.loadBalancers = [balancerOf(props, role)];
    service.addPropertyOverride("DeploymentController", { Type: "ECS" });
    for (const [name, value] of Object.entries(configurationOf(props)))
      service.addPropertyOverride(`DeploymentConfiguration.${name}`, value);
    service.node.addDependency(role, props.targetGroup, props.alternateTargetGroup);
  }

  #loadBalancerRole(): Role {
    return new Role(this, "LoadBalancerRole", {
      description: "Lets ECS shift traffic between target groups",
      assumedBy: new ServicePrincipal("ecs.amazonaws.com"),
      managedPolicies: [
        ManagedPolicy.fromAwsManagedPolicyName("AmazonECSInfrastructureRolePolicyForLoadBalancers"),
      ],
    });
  }
}

const balancerOf = (props: PacedDeploymentsProps, role: IRole): CfnService.LoadBalancerProperty => ({
  containerName: props.container.name,
  containerPort: props.container.port,
  targetGroupArn: props.targetGroup.targetGroupArn,
  advancedConfiguration: {
    alternateTargetGroupArn: props.alternateTargetGroup.targetGroupArn,
    productionListenerRule: props.productionRuleArn,
    roleArn: role.roleArn,
    ...(props.testRuleArn !== undefined && { testListenerRule: props.testRuleArn }),
  },
});

/** As CloudFormation spells it; what is not named stays as the service has it. */
function configurationOf({ testRuleArn, pauseTimeout, breaker, hook }: PacedDeploymentsProps): object {
  const pauses: readonly PauseStage[] = [
    ...(testRuleArn === undefined ? [] : (["POST_TEST_TRAFFIC_SHIFT"] as const)),
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
  ];
  const TimeoutInMinutes = (pauseTimeout ?? Duration.days(1)).toMinutes();
  if (TimeoutInMinutes < 1 || TimeoutInMinutes > MINUTES_MAX) {
    throw new Error(`pauseTimeout is ${TimeoutInMinutes} minutes: expected 1 minute to 14 days`);
  }
  const pause = {
    TargetType: "PAUSE",
    LifecycleStages: pauses,
    TimeoutConfiguration: { Action: "ROLLBACK", TimeoutInMinutes },
  };
  return {
    Strategy: "BLUE_GREEN",
    // The old revision waits for Fairlead's CONTINUE after the shift, not for a clock.
    BakeTimeInMinutes: 0,
    LifecycleHooks: hook === undefined ? [pause] : [pause, lambdaHook(hook)],
    DeploymentCircuitBreaker: {
      Enable: true,
      Rollback: true,
      ...(breaker && { ThresholdConfiguration: { Type: breaker.type, Value: breaker.value } }),
    },
  };
}

const lambdaHook = ({ functionArn, roleArn }: LambdaHook) => ({
  TargetType: "AWS_LAMBDA",
  HookTargetArn: functionArn,
  RoleArn: roleArn,
  LifecycleStages: HOOK_STAGES,
});
