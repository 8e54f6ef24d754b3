// Drives rollouts by the product's bundles, as deployed from its template, so that every grant for rollouts, of the
// API and of the hook is needed once: a promotion behind a listener rule, one by task sets behind a listener's
// default action, and an abort. All orders come through the API's URL.

import { expect, vi } from "vitest";
import type { LocalAws } from "../../local/deploy/local-aws.ts";
import type { WorldService } from "../../local/world/world.ts";
import { seconds } from "../../shared/base/time.ts";
import { defaultAnalysisPolicy, defaultRolloutPolicy } from "../../shared/contracts/rollout-defaults.ts";
import type { RolloutPolicy } from "../../shared/contracts/rollout-policy.ts";
import { applyPolicies } from "../../shared/shell/operator.ts";
import type { Scene, Traffic } from "../simulation/rollouts/scene.ts";
import { CLUSTER, createScene, registerVersion } from "../simulation/rollouts/scene.ts";
import type { Stage } from "./permissions-drive.ts";

export { CLUSTER };

/** New tasks without a health check of their own count as healthy after 40 s; the balancer looks twice in 20 s. */
const PATIENCE = { timeout: 200_000, interval: 500 };

const policy: RolloutPolicy = {
  ...defaultRolloutPolicy,
  mode: "act",
  rollbackWindow: 0,
  drainSlices: 1,
  scaleDownDelayMs: seconds(2),
  steps: [
    { kind: "headerRoute", header: "x-version", values: ["new"] },
    { kind: "setWeight", weight: 20 },
    { kind: "headerRoute", header: "x-version", values: [] },
  ],
  // Nobody asks these services for anything: what is not known by then is let go.
  analysis: {
    ...defaultAnalysisPolicy,
    minRequests: 0,
    deadlineMs: seconds(10),
    onNoTraffic: "continue",
    onInconclusive: "continue",
  },
  notifications: [{ on: ["started", "promoted", "rolled-back"], to: "events" }],
};

type Answer = Readonly<Record<string, unknown>>;

/** Past every client: what people and stacks do to the account. */
const on =
  (service: WorldService) =>
  ({ local }: Stage, operation: string, input: object): Answer =>
    local.world.call(service, operation, input) as Answer;
const ecs = on("ecs");
const elb = on("elasticloadbalancing");

export interface Fleet {
  readonly paced: Scene;
  readonly cut: Scene;
  readonly sets: Scene;
}

export async function launchRollouts(stage: Stage): Promise<Fleet> {
  const { world } = stage.local;
  const fleet: Fleet = {
    paced: createScene(world, { name: "paced", kind: "native", desiredCount: 1, bakeMinutes: 0 }),
    cut: createScene(world, { name: "cut", kind: "native", desiredCount: 1, bakeMinutes: 0 }),
    sets: createScene(world, { name: "sets", kind: "task-sets", desiredCount: 1 }),
  };
  hookUp(stage, fleet.paced);
  serveByDefault(stage, trafficOf(fleet.sets));
  const policies = Object.values(fleet).map(({ key }: Scene) => [key, { rollout: policy }] as const);
  await applyPolicies(policies, stage.installation);
  await Promise.all(Object.values(fleet).map((scene: Scene) => waitForTarget(stage, scene)));
  return fleet;
}

function trafficOf({ traffic, name }: Scene): Traffic {
  if (traffic === undefined) throw new Error(`${name} has no load balancer`);
  return traffic;
}

function outputOf({ deployment }: LocalAws, name: string): string {
  const found = [...deployment.outputs].find(([output]) => output.endsWith(`/${name}`));
  if (found === undefined) throw new Error(`no output ${name}`);
  return String(found[1]);
}

/** Fairlead's own hook, as the documentation tells people to set it up. */
function hookUp(stage: Stage, { name }: Scene): void {
  const hook = {
    hookTargetArn: outputOf(stage.local, "HookFunctionArn"),
    roleArn: outputOf(stage.local, "HookRoleArn"),
    lifecycleStages: ["PRE_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT"],
  };
  const deploymentConfiguration = { strategy: "BLUE_GREEN", bakeTimeInMinutes: 0, lifecycleHooks: [hook] };
  ecs(stage, "UpdateService", { cluster: CLUSTER, service: name, deploymentConfiguration });
}

/** The listener's default action forwards, and no rule does. */
function serveByDefault(stage: Stage, { listener, rule, blue, green }: Traffic): void {
  elb(stage, "DeleteRule", { RuleArn: rule });
  const TargetGroups = [
    { TargetGroupArn: blue, Weight: 100 },
    { TargetGroupArn: green, Weight: 0 },
  ];
  const DefaultActions = [{ Type: "forward", ForwardConfig: { TargetGroups } }];
  elb(stage, "ModifyListener", { ListenerArn: listener, DefaultActions });
}

async function waitForTarget(stage: Stage, scene: Scene): Promise<void> {
  const TargetGroupArn = trafficOf(scene).blue;
  await vi.waitFor(() => {
    const health = elb(stage, "DescribeTargetHealth", { TargetGroupArn });
    const states = (health["TargetHealthDescriptions"] as { TargetHealth: { State: string } }[]).map(
      ({ TargetHealth }) => TargetHealth.State,
    );
    expect([scene.name, ...states]).toEqual([scene.name, "healthy"]);
  }, PATIENCE);
}

/** Signed in a person's name; the local AWS looks at who, not at the signature. */
async function call(stage: Stage, path: string, body?: object): Promise<Answer> {
  const api = stage.local.deployment.urls.find(({ name }) => name.endsWith("-api"));
  const scope = `ann/20261122/${stage.local.wire.region}/lambda/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
  const response = await fetch(`${api?.url.replace(/\/$/, "")}/rollouts${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Answer;
  expect([path, response.status, response.ok ? "" : answer]).toEqual([
    path,
    body === undefined ? 200 : 202,
    "",
  ]);
  return answer;
}

/** Refused as long as the service's first deployment is watched. */
async function start(stage: Stage, { key, name }: Scene): Promise<void> {
  const taskDefinition = registerVersion(stage.local.world, name);
  await vi.waitFor(() => call(stage, `/${key}/start`, { taskDefinition }), PATIENCE);
}

async function waitForOutcome(stage: Stage, { key, name }: Scene, outcome: string): Promise<void> {
  await vi.waitFor(async () => {
    const { rollouts } = (await call(stage, "")) as { rollouts: Answer[] };
    const found = rollouts.find((each) => each["key"] === key);
    // What it waits for, should it wait for ever.
    expect([name, found?.["outcome"]], JSON.stringify(found)).toEqual([name, outcome]);
  }, PATIENCE);
  await call(stage, `/${key}`);
  await call(stage, `/${key}/history`);
}

export async function promoteBoth(stage: Stage, { paced, sets }: Fleet): Promise<void> {
  await Promise.all([start(stage, paced), start(stage, sets)]);
  await Promise.all([paced, sets].map((scene) => waitForOutcome(stage, scene, "promoted")));
  await askHook(stage, paced);
}

/**
 * The same bundle once more, asked about a deployment that is over: production stands on the new revision's group, so
 * to this deployment's eyes it goes astray.
 */
async function askHook(stage: Stage, { name }: Scene): Promise<void> {
  const of = { cluster: CLUSTER, service: name };
  const { serviceDeployments } = ecs(stage, "ListServiceDeployments", of) as {
    readonly serviceDeployments: readonly {
      readonly serviceDeploymentArn: string;
      readonly serviceArn: string;
      readonly targetServiceRevisionArn: string;
    }[];
  };
  const [last] = serviceDeployments;
  const hook = stage.local.deployment.functions.find((each) => each.name.endsWith("-hook"));
  const invocation = await hook?.lambda.invoke({
    executionId: "again",
    lifecycleStage: "PRE_SCALE_UP",
    resourceArn: last?.serviceDeploymentArn,
    executionDetails: {
      serviceArn: last?.serviceArn,
      targetServiceRevisionArn: last?.targetServiceRevisionArn,
      testTrafficWeights: {},
      productionTrafficWeights: {},
    },
  });
  expect(invocation?.result).toMatchObject({ hookStatus: "IN_PROGRESS", callBackDelay: 15 });
}

export async function abortOne(stage: Stage, { cut }: Fleet): Promise<void> {
  await start(stage, cut);
  await vi.waitFor(() => {
    const { services } = ecs(stage, "DescribeServices", {
      cluster: CLUSTER,
      services: [cut.name],
    }) as {
      services: { currentServiceDeployment?: string }[];
    };
    const listed = ecs(stage, "ListServiceDeployments", { cluster: CLUSTER, service: cut.name });
    expect(services).toHaveLength(1);
    expect(listed["serviceDeployments"]).toHaveLength(2);
  }, PATIENCE);
  await call(stage, `/${cut.key}/abort`, {});
  await waitForOutcome(stage, cut, "rolled-back");
}
