// A service behind two target groups in a small virtual ECS, for the tests of this folder: the load balancer,
// the functions and the alarms are pretended, everything else is the model.

import type {
  CreateServiceRequest,
  DeploymentConfiguration,
  DeploymentLifecycleHook,
  Service,
  ServiceDeployment,
} from "@aws-sdk/client-ecs";
import { addMs, epochMs, seconds } from "../../../../shared/base/time.ts";
import { checkedOperations } from "../../../models/answer-check.ts";
import type { AlarmState } from "../../cloudwatch/alarm-rule.ts";
import type { FunctionInvoker, FunctionOutcome } from "../../functions.ts";
import type { BusEvent, Timeline } from "../../kernel.ts";
import { createKernel } from "../../kernel.ts";
import type { BalancingFixture } from "../balancing-fixture.ts";
import { createBalancingFixture } from "../balancing-fixture.ts";
import type { Ecs } from "../ecs.ts";
import { createEcs } from "../ecs.ts";

const RULE = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener-rule/app/web/1/2";
export const PRODUCTION = `${RULE}/production`;
export const TEST = `${RULE}/test`;
export const HOOK = "arn:aws:lambda:us-east-1:111122223333:function:hook";

export interface HookCall {
  readonly atS: number;
  readonly stage: string;
  readonly payload: Record<string, unknown>;
}

type Answer = FunctionOutcome | "never";
export const answered = (payload: unknown): Answer => ({ kind: "answered", payload });
export const SUCCEEDED = answered({ hookStatus: "SUCCEEDED" });
export const FAILED = answered({ hookStatus: "FAILED" });

export interface RolloutFixture {
  readonly kernel: Timeline;
  readonly ecs: Ecs;
  readonly balancing: BalancingFixture;
  readonly events: BusEvent[];
  readonly blue: string;
  readonly green: string;
  readonly alarms: Map<string, AlarmState>;
  readonly calls: HookCall[];
  /** Every weight that a rule ever had, in order: `rule green/all`. */
  readonly weightLog: { readonly rule: string; readonly weights: Readonly<Record<string, number>> }[];
  readonly rules: Map<string, ReadonlyMap<string, number>>;
  answer: (call: HookCall) => Answer;
  create(configuration?: DeploymentConfiguration, change?: Partial<CreateServiceRequest>): Service;
  /** A new revision: its service deployment's ARN. */
  deploy(change?: {
    readonly desiredCount?: number;
    readonly configuration?: DeploymentConfiguration;
  }): string;
  advance(byS: number): void;
  /** Until it holds, in steps of a second; throws after the limit. */
  advanceUntil(holds: () => boolean, limitS?: number): void;
  service(): Service;
  /** The newest one by default. */
  deployment(arn?: string): ServiceDeployment;
  latest(): string;
  /** Advances until the newest deployment has ended. */
  finish(limitS?: number): ServiceDeployment;
  /** The stages that a deployment shows while it runs, sampled each second, without repetitions in a row. */
  stagesUntilEnd(limitS?: number): string[];
  /** Green and blue shares of a rule. */
  weights(rule?: string): { readonly blue: number; readonly green: number };
  details(detailType: string): Record<string, unknown>[];
}

const ENDED = new Set(["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"]);

export const hasEnded = (deployment: ServiceDeployment): boolean => ENDED.has(deployment.status ?? "");

/** A function for every stage that takes one. */
export const ALL_STAGES_HOOK: DeploymentLifecycleHook = {
  hookTargetArn: HOOK,
  lifecycleStages: [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
  ],
};

interface Neighbours {
  readonly balancing: BalancingFixture;
  readonly functions: FunctionInvoker;
  readonly alarms: Map<string, AlarmState>;
}

function ecsWith(kernel: Timeline, { balancing, functions, alarms }: Neighbours): Ecs {
  const model = createEcs(
    kernel,
    { hostDwell: {} },
    { balancing, functions, alarmState: (name) => alarms.get(name) },
  );
  const ecs = { ...model, operations: checkedOperations("ecs", model.operations) };
  ecs.operations.RegisterTaskDefinition({
    family: "web",
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "256",
    memory: "512",
    containerDefinitions: [
      { name: "web", image: "example/web:1", portMappings: [{ containerPort: 80 }], essential: true },
    ],
  });
  return ecs;
}

/** The pretended balancer, with rules. */
function withRules(
  base: BalancingFixture,
  rules: Map<string, ReadonlyMap<string, number>>,
  log: RolloutFixture["weightLog"],
): BalancingFixture {
  return Object.assign(base, {
    weightsOf: (arn: string) => rules.get(arn),
    setWeights: (arn: string, weights: ReadonlyMap<string, number>) => {
      rules.set(arn, new Map(weights));
      log.push({ rule: arn, weights: Object.fromEntries(weights) });
    },
  });
}

const SERVICE = "web";

export function createRolloutFixture(seed = 1): RolloutFixture {
  const kernel = createKernel({ seed, startAt: epochMs(Date.UTC(2026, 0, 1)) });
  const events: BusEvent[] = [];
  kernel.onEvent((event) => events.push(event));
  const rules = new Map<string, ReadonlyMap<string, number>>();
  const weightLog: RolloutFixture["weightLog"] = [];
  const balancing = withRules(createBalancingFixture(kernel), rules, weightLog);
  const blue = balancing.addGroup("blue", { deregistrationDelayMs: 5_000 });
  const green = balancing.addGroup("green", { deregistrationDelayMs: 5_000 });
  rules.set(
    PRODUCTION,
    new Map([
      [blue, 100],
      [green, 0],
    ]),
  );
  rules.set(
    TEST,
    new Map([
      [blue, 100],
      [green, 0],
    ]),
  );
  const alarms = new Map<string, AlarmState>();
  const startedAt = kernel.now();
  const calls: HookCall[] = [];
  const functions: FunctionInvoker = {
    invoke: (_arn, payload, done) => {
      const fields = payload as Record<string, unknown>;
      const call = {
        atS: (kernel.now() - startedAt) / 1_000,
        stage: String(fields["lifecycleStage"]),
        payload: fields,
      };
      calls.push(call);
      const answer = fixture.answer(call);
      if (answer !== "never") done(answer);
    },
  };
  const ecs = ecsWith(kernel, { balancing, functions, alarms });
  const fixture: RolloutFixture = {
    kernel,
    ecs,
    balancing,
    events,
    blue,
    green,
    alarms,
    calls,
    weightLog,
    rules,
    answer: () => SUCCEEDED,
    ...drivingOf(kernel, ecs),
    create: (configuration, change) => {
      const request = { ...requestFor({ blue, green }, configuration), ...change };
      return ecs.operations.CreateService(request).service ?? {};
    },
    weights: (rule = PRODUCTION) => ({
      blue: rules.get(rule)?.get(blue) ?? -1,
      green: rules.get(rule)?.get(green) ?? -1,
    }),
    details: (detailType) =>
      events.filter((event) => event["detail-type"] === detailType).map((event) => ({ ...event.detail })),
  };
  return fixture;
}

const requestFor = (
  groups: { readonly blue: string; readonly green: string },
  configuration: DeploymentConfiguration | undefined,
): CreateServiceRequest => ({
  serviceName: SERVICE,
  desiredCount: 2,
  taskDefinition: "web",
  launchType: "FARGATE",
  networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2"] } },
  loadBalancers: [
    {
      targetGroupArn: groups.blue,
      containerName: "web",
      containerPort: 80,
      advancedConfiguration: {
        alternateTargetGroupArn: groups.green,
        productionListenerRule: PRODUCTION,
        testListenerRule: TEST,
        roleArn: "arn:aws:iam::111122223333:role/ecs",
      },
    },
  ],
  deploymentConfiguration: { strategy: "BLUE_GREEN", ...configuration },
});

type Driving = Pick<
  RolloutFixture,
  "advance" | "advanceUntil" | "service" | "deployment" | "latest" | "deploy" | "finish" | "stagesUntilEnd"
>;

function drivingOf(kernel: Timeline, ecs: Ecs): Driving {
  const { operations } = ecs;
  const advance = (byS: number): void => kernel.advanceTo(addMs(kernel.now(), seconds(byS)));
  const service = (): Service => operations.DescribeServices({ services: [SERVICE] }).services?.[0] ?? {};
  const latest = (): string => service().currentServiceDeployment ?? "";
  const deployment = (arn = latest()): ServiceDeployment =>
    operations.DescribeServiceDeployments({ serviceDeploymentArns: [arn] }).serviceDeployments?.[0] ?? {};
  const advanceUntil = (holds: () => boolean, limitS = 3_600): void => {
    for (let passed = 0; !holds(); passed += 1) {
      if (passed > limitS) throw new Error(`not reached within ${limitS} s: ${JSON.stringify(deployment())}`);
      advance(1);
    }
  };
  return {
    advance,
    service,
    latest,
    deployment,
    advanceUntil,
    deploy: ({ desiredCount, configuration } = {}) => {
      operations.UpdateService({
        service: SERVICE,
        forceNewDeployment: true,
        ...(desiredCount !== undefined && { desiredCount }),
        ...(configuration !== undefined && { deploymentConfiguration: configuration }),
      });
      return latest();
    },
    finish: (limitS = 86_400) => {
      const arn = latest();
      advanceUntil(() => hasEnded(deployment(arn)), limitS);
      return deployment(arn);
    },
    stagesUntilEnd: (limitS = 86_400) => {
      const seen: string[] = [];
      const arn = latest();
      advanceUntil(() => {
        const { lifecycleStage } = deployment(arn);
        if (lifecycleStage !== undefined && seen.at(-1) !== lifecycleStage) seen.push(lifecycleStage);
        return hasEnded(deployment(arn));
      }, limitS);
      return seen;
    },
  };
}
