// Instantiates synthesized CloudFormation templates on the local AWS. What runs locally is what is deployed:
// no wiring is written twice.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { WireFace } from "../faces/wire/server.ts";
import type { WorldApi } from "../faces/wire/world-api.ts";
import type { Authority } from "../iam/authority.ts";
import { createAuthority } from "../iam/authority.ts";
import type { Denial } from "../iam/denial.ts";
import type { Grant } from "../iam/roles.ts";
import type { AsyncInvokerOptions } from "../runtime/async-invoker.ts";
import { createAsyncInvoker } from "../runtime/async-invoker.ts";
import type { LogLine } from "../runtime/lambda-function.ts";
import type { BusDelivery } from "./delivery.ts";
import type { Scope } from "./intrinsics.ts";
import { condition, referencedNames, resolve } from "./intrinsics.ts";
import { createResource } from "./resources.ts";
import type {
  Created,
  DeployedFunction,
  DeployedQueue,
  DeployedRole,
  DeployedUrl,
  ResourceResult,
  Site,
} from "./site.ts";
import type { Properties, Stack, Template } from "./template.ts";
import { inDependencyOrder, readCloudAssembly } from "./template.ts";

export interface DeployOptions {
  /** A cloud assembly (`cdk.out`), or its stacks in the order of their dependencies. */
  readonly source: { readonly cdkOut: string } | { readonly stacks: readonly Stack[] };
  readonly world: WorldApi;
  readonly wire: WireFace;
  /** The same whose hooks the world was made with. */
  readonly delivery: BusDelivery;
  /** The same that the wire asks; without it only what services do themselves is decided about. */
  readonly authority?: Authority;
  readonly asynchronous?: AsyncInvokerOptions;
  readonly onLog?: (line: LogLine) => void;
  /** What went wrong outside of any function: a queue that cannot be reached, a throttled poller. */
  readonly onError?: (error: unknown) => void;
}

export interface IgnoredResource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
}

export interface LocalDeployment {
  readonly endpoint: string;
  readonly functions: readonly DeployedFunction[];
  readonly queues: readonly DeployedQueue[];
  /** The functions' own addresses. */
  readonly urls: readonly DeployedUrl[];
  readonly tables: readonly Created[];
  readonly roles: readonly DeployedRole[];
  /** What roles and resource policies refused so far: in a run that goes well there is none. */
  readonly denials: readonly Denial[];
  /** Every action that the templates grant to a role, and whether it was used so far. */
  grants(): readonly Grant[];
  /** Known, but without a local meaning. */
  readonly ignored: readonly IgnoredResource[];
  /** What `Ref` gives, by `stack/logicalId`. */
  readonly physicalIds: ReadonlyMap<string, string>;
  /** By `stack/output`. */
  readonly outputs: ReadonlyMap<string, unknown>;
  /** Takes no new events and messages, waits for running invocations, ends every environment. */
  stop(): Promise<void>;
}

interface Progress {
  readonly site: Site;
  readonly exports: Map<string, unknown>;
  readonly outputs: Map<string, unknown>;
  readonly physicalIds: Map<string, string>;
  readonly ignored: IgnoredResource[];
}

export async function deployLocal(options: DeployOptions): Promise<LocalDeployment> {
  const { source } = options;
  const stacks = "stacks" in source ? source.stacks : await readCloudAssembly(source.cdkOut);
  const site = createSite(options);
  const progress = { site, exports: new Map(), outputs: new Map(), physicalIds: new Map(), ignored: [] };
  options.delivery.connect(site);
  const stop = () => stopSite(site, options.delivery);
  try {
    for (const stack of stacks) await deployStack(stack, progress);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoint: site.endpoint,
    functions: [...site.functions.values()],
    queues: [...site.queues.values()],
    urls: [...site.urls.values()],
    tables: [...site.tables.values()],
    roles: [...site.roles.values()],
    denials: site.authority.denials,
    grants: site.authority.roles.grants,
    ignored: progress.ignored,
    physicalIds: progress.physicalIds,
    outputs: progress.outputs,
    stop,
  };
}

function createSite({ wire, world, authority, asynchronous, onLog, onError }: DeployOptions): Site {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const client = { endpoint: wire.endpoint, region: wire.region, credentials };
  const { account, region, endpoint } = wire;
  return {
    account,
    region,
    endpoint,
    world,
    authority: authority ?? createAuthority({ account, region, lookup: () => undefined }),
    sqs: new SQSClient(client),
    dynamodb: new DynamoDBClient(client),
    asynchronous: createAsyncInvoker({ ...asynchronous, ...(onError === undefined ? {} : { onError }) }),
    onLog: onLog ?? (() => undefined),
    onError: onError ?? (() => undefined),
    queues: new Map(),
    functions: new Map(),
    urls: new Map(),
    tables: new Map(),
    roles: new Map(),
    policies: new Map(),
    asyncPolicies: new Map(),
    pollers: [],
  };
}

async function stopSite(site: Site, delivery: BusDelivery): Promise<void> {
  await delivery.stop();
  const entrances = [...site.pollers, ...site.urls.values()];
  await Promise.all([...entrances.map((entrance) => entrance.stop()), site.asynchronous.stop()]);
  await Promise.all([...site.functions.values()].map(({ lambda }) => lambda.stop()));
  site.sqs.destroy();
  site.dynamodb.destroy();
}

async function deployStack(stack: Stack, progress: Progress): Promise<void> {
  const { template } = stack;
  const refs = new Map<string, unknown>([
    ...pseudoParameters(stack, progress.site),
    ...parameterDefaults(template),
  ]);
  const attributes = new Map<string, unknown>();
  const scope: Scope = { refs, attributes, exports: progress.exports, template };
  for (const logicalId of creationOrder(template)) {
    const result = await deployResource({ stack, logicalId, scope, progress });
    if (result === undefined) continue;
    refs.set(logicalId, result.ref);
    for (const [name, value] of Object.entries(result.attributes))
      attributes.set(`${logicalId}.${name}`, value);
  }
  for (const [name, { Value, Export }] of Object.entries(template.Outputs ?? {})) {
    const value = resolve(Value, scope);
    progress.outputs.set(`${stack.name}/${name}`, value);
    if (Export !== undefined) progress.exports.set(String(resolve(Export.Name, scope)), value);
  }
}

interface Step {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly scope: Scope;
  readonly progress: Progress;
}

async function deployResource({
  stack,
  logicalId,
  scope,
  progress,
}: Step): Promise<ResourceResult | undefined> {
  const resource = stack.template.Resources[logicalId];
  if (resource === undefined) return undefined;
  if (resource.Condition !== undefined && !condition(resource.Condition, scope)) return undefined;
  const { site } = progress;
  const properties = resolve(resource.Properties ?? {}, scope) as Properties;
  const { result, isIgnored } = await createResource({ site, stack, logicalId, resource, properties });
  progress.physicalIds.set(`${stack.name}/${logicalId}`, result.ref);
  if (isIgnored) progress.ignored.push({ stack: stack.name, logicalId, type: resource.Type });
  return result;
}

function creationOrder(template: Template): readonly string[] {
  return inDependencyOrder(Object.keys(template.Resources), (logicalId) => {
    const { Properties: properties, DependsOn = [] } = template.Resources[logicalId] ?? {};
    return [...[DependsOn].flat(), ...referencedNames(properties)];
  });
}

const pseudoParameters = (stack: Stack, { account, region }: Site): readonly [string, unknown][] => [
  ["AWS::AccountId", account],
  ["AWS::Region", region],
  ["AWS::Partition", "aws"],
  ["AWS::URLSuffix", "amazonaws.com"],
  ["AWS::StackName", stack.name],
  ["AWS::StackId", `arn:aws:cloudformation:${region}:${account}:stack/${stack.name}/local`],
  ["AWS::NotificationARNs", []],
];

const parameterDefaults = (template: Template): readonly [string, unknown][] =>
  Object.entries(template.Parameters ?? {}).map(([name, parameter]) => [name, parameter.Default]);
