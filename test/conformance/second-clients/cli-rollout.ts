// A rollout by hand with the AWS CLI: what an operator types, one process for each command.

import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ACCOUNT, REGION } from "../clients.ts";
import { at } from "../observe.ts";

const run = promisify(execFile);

export interface CliResult {
  readonly failures: readonly string[];
  readonly checks: number;
}

const COMMAND_TIMEOUT_MS = 30_000;
/** Each look is a process of half a second. */
const LOOKS = 60;
const PAUSE_MS = 100;
const CLUSTER = "quay";
const SUBNETS = ["subnet-0d0eab1bb38d5ca64", "subnet-0d0eab1bb38d5ca65"];

type Aws = (command: string, input: object) => Promise<object>;

function cli(program: string, endpoint: string): Aws {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: "testing",
    AWS_SECRET_ACCESS_KEY: "testing",
    AWS_DEFAULT_REGION: REGION,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_MAX_ATTEMPTS: "1",
    PYTHONDONTWRITEBYTECODE: "1",
  };
  return async (command, input) => {
    const words = [...command.split(" "), "--cli-input-json", JSON.stringify(input), "--output", "json"];
    const { stdout } = await run(program, words, { env, timeout: COMMAND_TIMEOUT_MS });
    return JSON.parse(stdout === "" ? "{}" : stdout) as object;
  };
}

class CheckError extends Error {}

interface Drive {
  readonly aws: Aws;
  checks: number;
}

function check(drive: Drive, name: string, holds: boolean): void {
  if (!holds) throw new CheckError(name);
  drive.checks += 1;
}

export async function driveCli(program: string, endpoint: string): Promise<CliResult> {
  const drive: Drive = { aws: cli(program, endpoint), checks: 0 };
  try {
    await drive.aws("ecs create-cluster", { clusterName: CLUSTER });
    await canaryRollout(drive);
    return { failures: [], checks: drive.checks };
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    return { failures: [message.trim().split("\n").at(-1) ?? message], checks: drive.checks };
  }
}

async function canaryRollout(drive: Drive): Promise<void> {
  const { aws } = drive;
  const [blue, green] = [await targetGroup(aws, "cli-blue"), await targetGroup(aws, "cli-green")];
  const rule = await listenerRule(aws, [blue, green]);
  const [first, second] = [await define(aws, "app:1"), await define(aws, "app:2")];
  await aws("ecs create-service", serviceInput({ first, blue, green, rule }));
  await continueWhenPaused(drive);
  await reaches(drive, "SUCCESSFUL");
  await aws("ecs update-service", { cluster: CLUSTER, service: "cli", taskDefinition: second });
  const paused = await continueWhenPaused(drive);
  check(drive, "the rollout pauses after scaling up", paused === "POST_SCALE_UP");
  const done = await reaches(drive, "SUCCESSFUL");
  await checkRevision(drive, String(at(done, "targetServiceRevision.arn")), second);
  const rules = await aws("elbv2 describe-rules", { RuleArns: [rule] });
  const weights = at(rules, "Rules.0.Actions.0.ForwardConfig.TargetGroups.*.Weight") as number[];
  check(drive, "all traffic is on one target group", weights.includes(0) && Math.max(...weights) > 0);
  await stoppedRollout(drive, first);
}

/** Back to the first version, and stopped half-way: the second one stays. */
async function stoppedRollout(drive: Drive, first: string): Promise<void> {
  const { aws } = drive;
  await aws("ecs update-service", { cluster: CLUSTER, service: "cli", taskDefinition: first });
  const deployment = await look(drive, "the rollout back pauses", (seen) => pausedHook(seen) !== undefined);
  await aws("ecs stop-service-deployment", {
    serviceDeploymentArn: at(deployment, "serviceDeploymentArn"),
    stopType: "ROLLBACK",
  });
  await look(drive, "it is rolled back", async (seen) => {
    const hook = pausedHook(seen);
    if (hook !== undefined && at(seen, "status") === "ROLLBACK_IN_PROGRESS") await goOn(aws, seen, hook);
    return at(seen, "status") === "ROLLBACK_SUCCESSFUL";
  });
  const services = await aws("ecs describe-services", { cluster: CLUSTER, services: ["cli"] });
  check(drive, "the second version stays", at(services, "services.0.taskDefinition") !== first);
}

async function checkRevision(drive: Drive, arn: string, definition: string): Promise<void> {
  const revisions = await drive.aws("ecs describe-service-revisions", { serviceRevisionArns: [arn] });
  check(
    drive,
    "the revision names the new version",
    at(revisions, "serviceRevisions.0.taskDefinition") === definition,
  );
}

async function continueWhenPaused(drive: Drive): Promise<unknown> {
  const isOver = (seen: object): boolean => !["PENDING", "IN_PROGRESS"].includes(String(at(seen, "status")));
  const seen = await look(
    drive,
    "the rollout pauses or ends",
    (one) => pausedHook(one) !== undefined || isOver(one),
  );
  const hook = pausedHook(seen);
  if (hook !== undefined) await goOn(drive.aws, seen, hook);
  return at(seen, "lifecycleStage");
}

const pausedHook = (deployment: object): string | undefined =>
  at(deployment, "lifecycleHookDetails.[status=AWAITING_ACTION].hookId") as string | undefined;

const goOn = (aws: Aws, deployment: object, hookId: string): Promise<object> =>
  aws("ecs continue-service-deployment", {
    serviceDeploymentArn: at(deployment, "serviceDeploymentArn"),
    hookId,
    action: "CONTINUE",
  });

const reaches = (drive: Drive, status: string): Promise<object> =>
  look(drive, `the deployment is ${status}`, (seen) => at(seen, "status") === status);

async function look(
  drive: Drive,
  name: string,
  holds: (deployment: object) => boolean | Promise<boolean>,
): Promise<object> {
  let seen: object = {};
  for (let round = 0; round < LOOKS; round += 1) {
    const listed = await drive.aws("ecs list-service-deployments", { cluster: CLUSTER, service: "cli" });
    const arn = at(listed, "serviceDeployments.0.serviceDeploymentArn");
    if (typeof arn === "string") {
      const found = await drive.aws("ecs describe-service-deployments", { serviceDeploymentArns: [arn] });
      seen = at(found, "serviceDeployments.0") as object;
      if (await holds(seen)) {
        drive.checks += 1;
        return seen;
      }
    }
    await sleep(PAUSE_MS);
  }
  throw new CheckError(`${name}: not within ${LOOKS} looks, last ${JSON.stringify(seen)}`);
}

async function targetGroup(aws: Aws, name: string): Promise<string> {
  const made = await aws("elbv2 create-target-group", {
    Name: name,
    Protocol: "HTTP",
    Port: 8080,
    VpcId: "vpc-0a1b2c3d",
    TargetType: "ip",
    HealthCheckIntervalSeconds: 5,
    HealthCheckTimeoutSeconds: 2,
    HealthyThresholdCount: 2,
  });
  return String(at(made, "TargetGroups.0.TargetGroupArn"));
}

async function listenerRule(aws: Aws, [blue, green]: readonly [string, string]): Promise<string> {
  const balancer = await aws("elbv2 create-load-balancer", { Name: "cli", Subnets: SUBNETS });
  const listener = await aws("elbv2 create-listener", {
    LoadBalancerArn: at(balancer, "LoadBalancers.0.LoadBalancerArn"),
    Protocol: "HTTP",
    Port: 80,
    DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
  });
  const rule = await aws("elbv2 create-rule", {
    ListenerArn: at(listener, "Listeners.0.ListenerArn"),
    Priority: 1,
    Conditions: [{ Field: "path-pattern", Values: ["/*"] }],
    Actions: [
      {
        Type: "forward",
        ForwardConfig: {
          TargetGroups: [
            { TargetGroupArn: blue, Weight: 100 },
            { TargetGroupArn: green, Weight: 0 },
          ],
        },
      },
    ],
  });
  return String(at(rule, "Rules.0.RuleArn"));
}

async function define(aws: Aws, image: string): Promise<string> {
  const made = await aws("ecs register-task-definition", {
    family: "cli",
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "256",
    memory: "512",
    containerDefinitions: [{ name: "app", image, portMappings: [{ containerPort: 8080 }] }],
  });
  return String(at(made, "taskDefinition.taskDefinitionArn"));
}

interface Wanted {
  readonly first: string;
  readonly blue: string;
  readonly green: string;
  readonly rule: string;
}

const serviceInput = ({ first, blue, green, rule }: Wanted): object => ({
  cluster: CLUSTER,
  serviceName: "cli",
  taskDefinition: first,
  desiredCount: 1,
  launchType: "FARGATE",
  networkConfiguration: { awsvpcConfiguration: { subnets: SUBNETS, assignPublicIp: "ENABLED" } },
  deploymentConfiguration: {
    strategy: "CANARY",
    canaryConfiguration: { canaryPercent: 10, canaryBakeTimeInMinutes: 1 },
    bakeTimeInMinutes: 1,
    lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["POST_SCALE_UP"] }],
  },
  loadBalancers: [
    {
      targetGroupArn: blue,
      containerName: "app",
      containerPort: 8080,
      advancedConfiguration: {
        alternateTargetGroupArn: green,
        productionListenerRule: rule,
        roleArn: `arn:aws:iam::${ACCOUNT}:role/ecs-balancer`,
      },
    },
  ],
});
