// The synthesized installation, as the tests read it: the real app over stand-in bundles, so that no test
// here waits for a build.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { afterAll } from "vitest";
import { fairleadApp } from "../../infra/app.ts";
import { FUNCTIONS } from "../../infra/pipeline.ts";
import type { Settings } from "../../infra/settings.ts";
import { readSettings } from "../../infra/settings.ts";
import { StatefulStack } from "../../infra/stacks/stateful.ts";
import { StatelessStack } from "../../infra/stacks/stateless.ts";

export type GivenSettings = Partial<Record<keyof Settings, string>>;

/** The fullest installation: every optional setting given. */
export const everySetting: GivenSettings = {
  installation: "team-a",
  mode: "act",
  clusters: "web,arn:aws:ecs:eu-west-1:111122223333:cluster/api",
  registries: "arn:aws:servicediscovery:eu-west-1:444455556666:service/srv-shared1",
  loadBalancers: "front,inner",
  hookRoles: "arn:aws:iam::111122223333:role/hooks/smoke-test",
  taskRoles: "arn:aws:iam::111122223333:role/crane-task,arn:aws:iam::111122223333:role/crane-execution",
  prometheusWorkspaces: "arn:aws:aps:eu-west-1:111122223333:workspace/ws-1234",
  retentionDays: "100",
  kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/0f0e0d0c-0b0a-4900-8807-060504030201",
  alarmTopicArn: "arn:aws:sns:eu-west-1:111122223333:operators",
};

export const settingsFrom = (given: GivenSettings): Settings => readSettings((name) => given[name]);

function standInBundles(folder: string): string {
  for (const name of Object.keys(FUNCTIONS)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "index.js"), `exports.handler = async () => "${name}";\n`);
  }
  return folder;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function appOf(given: GivenSettings): App {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-infra-"));
  folders.push(folder);
  const bundles = standInBundles(mkdtempSync(join(folder, "bundles-")));
  return fairleadApp({ settings: settingsFrom(given), outdir: join(folder, "cdk.out"), bundles });
}

export interface Resource {
  readonly id: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation properties have no type here -- reason: tests look into them
  readonly properties: Record<string, any>;
  readonly deletionPolicy: string | undefined;
}

export interface Synthesized {
  readonly app: App;
  readonly stateful: Template;
  readonly stateless: Template;
  /** Of both stacks. */
  readonly resources: readonly Resource[];
}

function stackOf<T>(app: App, type: new (...input: never[]) => T): T {
  const found = app.node.children.find((child) => child instanceof type);
  if (!(found instanceof type)) throw new Error(`the app has no ${type.name}`);
  return found;
}

function resourcesOf(template: Template): Resource[] {
  const { Resources } = template.toJSON() as { Resources: Record<string, Record<string, unknown>> };
  return Object.entries(Resources).map(([id, { Type, Properties, DeletionPolicy }]) => ({
    id,
    type: String(Type),
    properties: (Properties ?? {}) as Resource["properties"],
    deletionPolicy: DeletionPolicy as string | undefined,
  }));
}

export function synthesize(given: GivenSettings = {}): Synthesized {
  const app = appOf(given);
  const stateful = Template.fromStack(stackOf(app, StatefulStack));
  const stateless = Template.fromStack(stackOf(app, StatelessStack));
  return { app, stateful, stateless, resources: [...resourcesOf(stateful), ...resourcesOf(stateless)] };
}

export const ofType = ({ resources }: Synthesized, type: string): readonly Resource[] =>
  resources.filter((resource) => resource.type === type);

/** The logical id behind `Fn::GetAtt`, `Ref` or an import from the other stack. */
export function referent(value: unknown, { stateful }: Synthesized): string {
  const { "Fn::GetAtt": attribute, "Fn::ImportValue": imported, Ref: ref } = value as Record<string, unknown>;
  if (Array.isArray(attribute)) return String(attribute[0]);
  if (ref !== undefined) return String(ref);
  const { Outputs } = stateful.toJSON() as {
    Outputs: Record<string, { Value: unknown; Export: { Name: string } }>;
  };
  const output = Object.values(Outputs).find(({ Export }) => Export.Name === imported);
  if (output === undefined) throw new Error(`${JSON.stringify(value)} refers to nothing`);
  return referent(output.Value, { stateful } as Synthesized);
}
