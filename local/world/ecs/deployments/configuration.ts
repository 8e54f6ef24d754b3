// What ECS refuses in a deploymentConfiguration:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html; texts, where AWS
// publishes them, of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting-blue-green.html

import type { DeploymentConfiguration, DeploymentLifecycleHook, LoadBalancer } from "@aws-sdk/client-ecs";
import type { AwsError } from "../../kernel.ts";
import { invalid } from "../lookup.ts";

const DAY_MINUTES = 1_440;
const PAUSE_LIMIT_MINUTES = 20_160;
/** Of each kind: pause-lifecycle-hooks. */
const HOOK_LIMIT = 10;
const PAUSE_NEVER_AT: ReadonlySet<string> = new Set(["TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"]);
const HOOK_STAGES: ReadonlySet<string> = new Set([
  "RECONCILE_SERVICE",
  "PRE_SCALE_UP",
  "POST_SCALE_UP",
  "TEST_TRAFFIC_SHIFT",
  "POST_TEST_TRAFFIC_SHIFT",
  "PRE_PRODUCTION_TRAFFIC_SHIFT",
  "PRODUCTION_TRAFFIC_SHIFT",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
]);

export interface Deployable {
  readonly configuration: DeploymentConfiguration;
  readonly loadBalancers: readonly LoadBalancer[];
  readonly scheduling: "REPLICA" | "DAEMON";
}

export function checkDeployable({ configuration, loadBalancers, scheduling }: Deployable): void {
  const strategy = configuration.strategy ?? "ROLLING";
  checkPercents(configuration);
  checkBreaker(configuration);
  checkEarlySuccess(configuration, strategy);
  inRange(configuration.bakeTimeInMinutes, { least: 0, most: DAY_MINUTES, what: "bakeTimeInMinutes" });
  checkShifts(configuration, strategy);
  checkHooks(configuration.lifecycleHooks ?? []);
  if (strategy === "ROLLING") return;
  if (scheduling === "DAEMON") {
    throw invalid("The DAEMON scheduling strategy is supported with the ROLLING deployment strategy only.");
  }
  checkStagedBalancers(loadBalancers);
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly what: string;
  /** The smallest difference between two values; default: 1. */
  readonly unit?: number;
}

function inRange(value: number | undefined, { least, most, what, unit = 1 }: Range): void {
  if (value === undefined) return;
  const steps = value / unit;
  const fits = Math.abs(steps - Math.round(steps)) < 1e-6;
  if (fits && value >= least && value <= most) return;
  const multiple = unit === 1 ? "an integer" : `a multiple of ${unit}`;
  throw invalid(`${what} must be ${multiple} between ${least} and ${most}.`);
}

function checkPercents({ minimumHealthyPercent, maximumPercent }: DeploymentConfiguration): void {
  if (minimumHealthyPercent !== undefined && minimumHealthyPercent < 0)
    throw invalid("minimumHealthyPercent must not be negative.");
  if (maximumPercent === undefined) return;
  if (maximumPercent < 1 || maximumPercent < (minimumHealthyPercent ?? 0))
    throw invalid("maximumPercent must be at least minimumHealthyPercent and more than 0.");
}

function checkBreaker({ deploymentCircuitBreaker: breaker }: DeploymentConfiguration): void {
  const threshold = breaker?.thresholdConfiguration;
  if (threshold === undefined) return;
  const most = threshold.type === "COUNT" ? Number.MAX_SAFE_INTEGER : 100;
  if (threshold.value === undefined) throw invalid("thresholdConfiguration.value is required.");
  inRange(threshold.value, { least: 1, most, what: "thresholdConfiguration.value" });
}

function checkEarlySuccess(configuration: DeploymentConfiguration, strategy: string): void {
  const early = configuration.earlySuccessCriteria;
  if (early?.enable !== true) return;
  if (strategy !== "ROLLING") {
    throw invalid("earlySuccessCriteria is supported with the ROLLING deployment strategy only.");
  }
  if (early.healthyPercent === undefined || early.sourceServiceRevisionCleanup === undefined) {
    throw invalid("earlySuccessCriteria needs healthyPercent and sourceServiceRevisionCleanup.");
  }
  const least = configuration.minimumHealthyPercent ?? 0;
  inRange(early.healthyPercent, { least, most: 100, what: "earlySuccessCriteria.healthyPercent" });
}

/** API_LinearConfiguration, API_CanaryConfiguration: each goes with its own strategy only. */
function checkShifts(
  { linearConfiguration, canaryConfiguration }: DeploymentConfiguration,
  strategy: string,
): void {
  if (linearConfiguration !== undefined) {
    if (strategy !== "LINEAR") throw onlyWith("linearConfiguration", "LINEAR");
    inRange(linearConfiguration.stepPercent, { least: 3, most: 100, unit: 0.1, what: "stepPercent" });
    inRange(linearConfiguration.stepBakeTimeInMinutes, {
      least: 0,
      most: DAY_MINUTES,
      what: "stepBakeTimeInMinutes",
    });
  }
  if (canaryConfiguration === undefined) return;
  if (strategy !== "CANARY") throw onlyWith("canaryConfiguration", "CANARY");
  inRange(canaryConfiguration.canaryPercent, { least: 0.1, most: 100, unit: 0.1, what: "canaryPercent" });
  inRange(canaryConfiguration.canaryBakeTimeInMinutes, {
    least: 0,
    most: DAY_MINUTES,
    what: "canaryBakeTimeInMinutes",
  });
}

const onlyWith = (member: string, strategy: string): AwsError =>
  invalid(`${member} is only valid when the deployment strategy is ${strategy}.`);

function checkHooks(hooks: readonly DeploymentLifecycleHook[]): void {
  for (const kind of ["AWS_LAMBDA", "PAUSE"]) {
    const count = hooks.filter((hook) => (hook.targetType ?? "AWS_LAMBDA") === kind).length;
    if (count > HOOK_LIMIT)
      throw invalid(`A service can have at most ${HOOK_LIMIT} ${kind} lifecycle hooks.`);
  }
  for (const hook of hooks) checkHook(hook);
}

function checkHook(hook: DeploymentLifecycleHook): void {
  const { targetType = "AWS_LAMBDA", hookTargetArn, lifecycleStages = [], timeoutConfiguration } = hook;
  const pause = targetType === "PAUSE";
  if (!pause && targetType !== "AWS_LAMBDA") {
    throw invalid("Invalid targetType. Valid values are: AWS_LAMBDA, PAUSE");
  }
  if (lifecycleStages.length === 0) throw invalid("lifecycleStages is required for lifecycle hooks.");
  const unknown = lifecycleStages.find((stage) => !HOOK_STAGES.has(stage));
  if (unknown !== undefined) throw invalid(`Lifecycle hooks cannot be configured at the ${unknown} stage.`);
  const barred = pause ? lifecycleStages.find((stage) => PAUSE_NEVER_AT.has(stage)) : undefined;
  if (barred !== undefined) throw invalid(`PAUSE hooks cannot be configured at the ${barred} stage.`);
  if (pause && (hookTargetArn !== undefined || hook.roleArn !== undefined)) {
    throw invalid("hookTargetArn and roleArn are not applicable to PAUSE hooks.");
  }
  if (!pause && hookTargetArn === undefined) throw invalid("hookTargetArn is required for AWS_LAMBDA hooks.");
  const most = pause ? PAUSE_LIMIT_MINUTES : DAY_MINUTES;
  inRange(timeoutConfiguration?.timeoutInMinutes, { least: 1, most, what: "timeoutInMinutes" });
}

/** None at all is fine: ECS then replaces tasks and shifts no traffic (blue-green-deployment-implementation). */
function checkStagedBalancers(loadBalancers: readonly LoadBalancer[]): void {
  const seen = new Set<string>();
  for (const { advancedConfiguration, targetGroupArn } of loadBalancers) {
    if (advancedConfiguration === undefined) {
      throw invalid(
        "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy",
      );
    }
    const { alternateTargetGroupArn, productionListenerRule, testListenerRule } = advancedConfiguration;
    if (alternateTargetGroupArn === undefined || productionListenerRule === undefined) {
      throw invalid(
        "alternateTargetGroupArn and productionListenerRule are required in advancedConfiguration.",
      );
    }
    for (const arn of [targetGroupArn ?? "", alternateTargetGroupArn]) {
      if (seen.has(arn)) throw invalid(`Duplicate targetGroupArn found: ${arn}`);
      seen.add(arn);
    }
    checkRule(productionListenerRule);
    if (productionListenerRule !== testListenerRule) continue;
    throw invalid(
      `The following rules cannot be used as both production and test listener rules: ${testListenerRule}`,
    );
  }
}

function checkRule(arn: string): void {
  if (arn.includes(":listener-rule/") || arn.includes(":listener/net/")) return;
  throw invalid(
    `productionListenerRule has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got: ${arn}`,
  );
}
