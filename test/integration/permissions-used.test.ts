// What the template grants is what the functions use: nothing less, or a call is denied; nothing more, or it
// is listed here.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fairleadApp } from "../../infra/app.ts";
import { buildFunctions } from "../../infra/build/build.ts";
import type { Settings } from "../../infra/settings.ts";
import { readSettings } from "../../infra/settings.ts";
import type { LocalAws } from "../../local/deploy/local-aws.ts";
import { startLocalAws } from "../../local/deploy/local-aws.ts";
import type { Stack, TemplateResource } from "../../local/deploy/template.ts";
import { readCloudAssembly } from "../../local/deploy/template.ts";
import type { Grant } from "../../local/iam/roles.ts";
import { millis } from "../../shared/base/time.ts";
import { administrator } from "./permissions-clients.ts";
import * as drive from "./permissions-drive.ts";
import * as rollouts from "./permissions-rollouts.ts";
import { USED_BY_AWS } from "./used-by-aws.ts";

const step = { minMs: 50, maxMs: 150 };
const dwell = {
  provisioning: step,
  pending: step,
  activating: step,
  leaving: step,
  deactivating: step,
  stopping: step,
  deprovisioning: step,
};
/** An unhealthy task runs on until the scheduler looks: long enough to be seen. */
const schedulerLatency = { minMs: 3_000, maxMs: 3_500 };
/** Waits of ECS that nobody here is interested in. */
const shiftMs = millis(500);
const ecs = { fargateDwell: dwell, ec2Dwell: dwell, schedulerLatency, shiftMs };

let folder: string;
let stacks: readonly Stack[];

type Given = Partial<Record<keyof Settings, string>>;

/** The product's own templates for these settings. */
async function synthesized(given: Given): Promise<readonly Stack[]> {
  const cdkOut = await mkdtemp(join(folder, "cdk.out-"));
  const all: Given = { installation: "test", mode: "act", retentionDays: "1", ...given };
  const bundles = join(folder, "dist", "functions");
  fairleadApp({ outdir: cdkOut, bundles, settings: readSettings((name) => all[name]) }).synth();
  return readCloudAssembly(cdkOut);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fairlead-permissions-"));
  const sources = fileURLToPath(new URL("../../functions", import.meta.url));
  await buildFunctions({ sources, out: join(folder, "dist") });
  stacks = await synthesized({});
}, 180_000);

afterAll(() => rm(folder, { recursive: true }));

interface StatementJson {
  readonly Sid: string;
  readonly Action: string | readonly string[];
}

type ChangeActions = (sid: string, actions: readonly string[]) => readonly string[];

/** The real templates with other actions in the statements of one role. */
const withActions = (role: string, change: ChangeActions): readonly Stack[] =>
  stacks.map((stack) => {
    const Resources = Object.entries(stack.template.Resources).map(([id, resource]) => [
      id,
      resource.Type === "AWS::IAM::Role" && id.startsWith(role) ? changed(resource, change) : resource,
    ]);
    return { ...stack, template: { ...stack.template, Resources: Object.fromEntries(Resources) } };
  });

interface PolicyJson {
  readonly PolicyDocument: { readonly Statement: readonly StatementJson[] };
}

function changed(role: TemplateResource, change: ChangeActions): TemplateResource {
  const given = role.Properties?.["Policies"] as readonly PolicyJson[] | undefined;
  const Policies = given?.map((policy) => {
    const statements = policy.PolicyDocument.Statement.map((statement) => ({
      ...statement,
      Action: change(statement.Sid, [statement.Action].flat()),
    }));
    const Statement = statements.filter(({ Action }) => Action.length > 0);
    return { ...policy, PolicyDocument: { ...policy.PolicyDocument, Statement } };
  });
  return { ...role, Properties: { ...role.Properties, Policies } };
}

const without =
  (sid: string, action: string): ChangeActions =>
  (at, actions) =>
    at === sid ? actions.filter((candidate) => candidate !== action) : actions;

const excused = new Set(USED_BY_AWS.flatMap(({ actions }) => actions.map((action) => action.toLowerCase())));

const unused = (grants: readonly Grant[]): readonly string[] =>
  grants
    .filter(({ isUsed, action }) => !isUsed && !excused.has(action))
    .map(({ role, statement, action }) => `${role.replace(/^.*-/, "")} ${statement} ${action}`);

/** What neither of the two installations used: each drives a part of the product. */
const stillUnused = (...installations: readonly LocalAws[]): readonly string[] => {
  const [first = [], ...others] = installations.map(({ deployment }) => unused(deployment.grants()));
  return first.filter((grant) => others.every((list) => list.includes(grant)));
};

describe("the grants of the template", () => {
  const errors: unknown[] = [];
  let local: LocalAws;
  let clients: ReturnType<typeof administrator>;
  let second: LocalAws;
  let secondClients: ReturnType<typeof administrator>;

  beforeAll(async () => {
    // One action more than the product has: it must be the only one that is found unused.
    const spare = withActions("SweepRole", (sid, actions) =>
      sid === "ReadTasks" ? [...actions, "ecs:StopTask"] : actions,
    );
    local = await startLocalAws({ seed: 7, source: { stacks: spare }, ecs, onError: (e) => errors.push(e) });
    clients = administrator(local.wire);
    const stage = drive.openStage(local, clients);
    second = await startLocalAws({
      seed: 8,
      source: { stacks: spare },
      ecs: { ...ecs, clusters: [rollouts.CLUSTER] },
      elb: { provisioning: step },
      throttling: false,
      onError: (e) => errors.push(e),
    });
    secondClients = administrator(second.wire);
    const other = drive.openStage(second, secondClients);
    await Promise.all([driveDiscovery(stage), driveRollouts(other)]);
    stage.installation.close();
    other.installation.close();
  }, 420_000);

  async function driveDiscovery(stage: drive.Stage): Promise<void> {
    await drive.startFleet(stage);
    await drive.scaleIn(stage);
    await drive.stopTask(stage);
    await drive.interruptHost(stage);
    await drive.sendBrokenDoorbell(stage);
    await drive.fillDeadLetters(stage);
    await drive.letTimePass(stage);
    await drive.sweepUnhealthyTask(stage);
  }

  async function driveRollouts(stage: drive.Stage): Promise<void> {
    const fleet = await rollouts.launchRollouts(stage);
    await Promise.all([rollouts.promoteBoth(stage, fleet), rollouts.abortOne(stage, fleet)]);
  }

  afterAll(async () => {
    clients.destroy();
    secondClients.destroy();
    await Promise.all([local.stop(), second.stop()]);
  });

  it("are each used, but for what AWS's own services use and the planted one", () => {
    expect(stillUnused(local, second)).toEqual(["SweepRole8A7451E2 ReadTasks ecs:stoptask"]);
  });

  it("suffice: nothing was denied", () => {
    expect([...local.deployment.denials, ...second.deployment.denials]).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("excuse nothing that is not granted", () => {
    const granted = new Set(local.deployment.grants().map(({ action }) => action));
    const vain = [...excused].filter((action) => !granted.has(action) && !action.startsWith("kms:"));
    expect(vain).toEqual([]);
  });
});

describe("an action that is taken away", () => {
  it("stops the deployment where Lambda itself needs it", async () => {
    const source = { stacks: withActions("IngestRole", without("TakeEvents", "sqs:DeleteMessage")) };
    await expect(startLocalAws({ seed: 7, source, ecs })).rejects.toMatchObject({
      code: "input",
      message: expect.stringMatching(
        /IngressFeed\w+ .*role does not have permissions to call DeleteMessage on SQS: User: arn:aws:sts::/,
      ),
    });
  });

  it("fails the run with AWS's own words where the code needs it", async () => {
    const source = { stacks: withActions("ReconcileRole", without("KeepState", "dynamodb:UpdateItem")) };
    const local = await startLocalAws({ seed: 7, source, ecs });
    const clients = administrator(local.wire);
    const stage = drive.openStage(local, clients);
    await drive.launchFleet(stage);
    await vi.waitFor(() => expect(local.deployment.denials).not.toEqual([]), 20_000);
    const { account, region } = local.wire;
    const table = `arn:aws:dynamodb:${region}:${account}:table/${local.deployment.tables[0]?.name}`;
    expect(local.deployment.denials[0]).toEqual({
      principal: expect.stringMatching(
        /^arn:aws:sts::111122223333:assumed-role\/.*ReconcileRole.*\/test-reconcile$/,
      ),
      action: "dynamodb:UpdateItem",
      resource: table,
      message: expect.stringContaining(
        `is not authorized to perform: dynamodb:UpdateItem on resource: ${table} because no identity-based policy allows the dynamodb:UpdateItem action`,
      ),
    });
    await expect(local.stop()).rejects.toMatchObject({ code: "denied" });
    stage.installation.close();
    clients.destroy();
  }, 60_000);
});

describe("a queue policy that is taken away", () => {
  it("keeps the rules from their queue, and fails the run", async () => {
    const bare = stacks.map((stack) => {
      const Resources = Object.entries(stack.template.Resources).filter(
        ([id]) => !id.startsWith("IngressQueuePolicy"),
      );
      return { ...stack, template: { ...stack.template, Resources: Object.fromEntries(Resources) } };
    });
    const local = await startLocalAws({ seed: 7, source: { stacks: bare }, ecs });
    const clients = administrator(local.wire);
    const stage = drive.openStage(local, clients);
    await drive.launchFleet(stage);
    await vi.waitFor(() => expect(local.deployment.denials).not.toEqual([]), 20_000);
    expect(local.deployment.denials[0]?.message).toMatch(
      /^User: events\.amazonaws\.com is not authorized to perform: sqs:SendMessage on resource: .*Ingress.* because no resource-based policy allows/,
    );
    await expect(local.stop()).rejects.toMatchObject({ code: "denied" });
    stage.installation.close();
    clients.destroy();
  }, 60_000);
});

describe("grants for named clusters only", () => {
  it("suffice there and are denied elsewhere", async () => {
    const source = { stacks: await synthesized({ clusters: "default" }) };
    const local = await startLocalAws({ seed: 7, source, ecs, onDenial: () => undefined });
    const clients = administrator(local.wire);
    const stage = drive.openStage(local, clients);
    await drive.startFleet(stage);
    await drive.scaleIn(stage);
    expect(local.deployment.denials).toEqual([]);
    await drive.manageElsewhere(stage, "other");
    await vi.waitFor(() => expect(local.deployment.denials).not.toEqual([]), 20_000);
    expect(local.deployment.denials[0]?.message).toMatch(
      /test-sweep is not authorized to perform: ecs:ListTasks on resource: .*:container-instance\/other\/\* because/,
    );
    stage.installation.close();
    clients.destroy();
    await local.stop();
  }, 60_000);
});
