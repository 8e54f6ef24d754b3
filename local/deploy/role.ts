// AWS::IAM::Role, Policy and ManagedPolicy, and the policies of resources: AWS::SQS::QueuePolicy and
// AWS::Lambda::Permission. What they say is enforced (local/iam).

import { AppError } from "../../shared/base/errors.ts";
import { managedPolicy } from "../iam/managed-policies.ts";
import type { Policy } from "../iam/policy.ts";
import { readPolicy } from "../iam/policy.ts";
import { requireKnownKeys } from "../iam/roles.ts";
import type { CreateResource, ResourceRequest, Site } from "./site.ts";
import { physicalName } from "./site.ts";

interface NamedDocument {
  readonly PolicyName: string;
  readonly PolicyDocument: unknown;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A policy of these templates, or one of AWS's. */
const policyByArn = (site: Site, arn: string): Policy => site.policies.get(arn) ?? managedPolicy(arn);

export const createRole: CreateResource = (request) => {
  const { site, properties, stack, logicalId } = request;
  const name = physicalName(request, properties["RoleName"], 64);
  const arn = `arn:aws:iam::${site.account}:role/${name}`;
  const inline = listOf(properties["Policies"]) as readonly NamedDocument[];
  const managed = listOf(properties["ManagedPolicyArns"]).map((policy) => policyByArn(site, String(policy)));
  const tags = listOf(properties["Tags"]) as readonly { readonly Key: string; readonly Value: string }[];
  const limit = properties["PermissionsBoundary"];
  const policies = [
    ...inline.map(({ PolicyName, PolicyDocument }) => readPolicy(PolicyName, PolicyDocument, "identity")),
    ...managed,
  ];
  for (const policy of policies) requireKnownKeys(policy);
  site.authority.roles.add({
    name,
    arn,
    policies,
    tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
    boundary: limit === undefined ? undefined : [policyByArn(site, String(limit))],
  });
  site.roles.set(arn, { stack: stack.name, logicalId, name, arn, properties });
  return { ref: name, attributes: { Arn: arn, RoleId: `AROALOCAL${logicalId}` } };
};

function attach(request: ResourceRequest, policy: Policy): void {
  for (const role of listOf(request.properties["Roles"]))
    request.site.authority.roles.attach(String(role), policy);
}

export const createPolicy: CreateResource = (request) => {
  const { properties, stack, logicalId } = request;
  const name = physicalName(request, properties["PolicyName"], 128);
  attach(request, readPolicy(name, properties["PolicyDocument"], "identity"));
  return { ref: `${stack.name}-${logicalId}`, attributes: { Id: `${stack.name}-${logicalId}` } };
};

export const createManagedPolicy: CreateResource = (request) => {
  const { site, properties } = request;
  const name = physicalName(request, properties["ManagedPolicyName"], 128);
  const arn = `arn:aws:iam::${site.account}:policy/${name}`;
  const policy = readPolicy(name, properties["PolicyDocument"], "identity");
  site.policies.set(arn, policy);
  attach(request, policy);
  return { ref: arn, attributes: { PolicyArn: arn } };
};

export const createQueuePolicy: CreateResource = ({ site, properties, stack, logicalId }) => {
  const name = `${stack.name}-${logicalId}`;
  const policy = readPolicy(name, properties["PolicyDocument"], "resource");
  for (const url of listOf(properties["Queues"])) {
    const queue = [...site.queues.values()].find((candidate) => candidate.url === url);
    if (queue === undefined) throw new AppError("input", `there is no queue ${String(url)}`);
    site.authority.addResourcePolicy(queue.arn, policy);
  }
  return { ref: name, attributes: { Id: name } };
};

/** One statement of the function's own policy. https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html */
export const createPermission: CreateResource = ({ site, properties, stack, logicalId }) => {
  const { Action, Principal, SourceArn, SourceAccount, FunctionName } = properties;
  const given = String(FunctionName);
  const arn = given.startsWith("arn:")
    ? given
    : `arn:aws:lambda:${site.region}:${site.account}:function:${given}`;
  const isService = String(Principal).endsWith(".amazonaws.com");
  const Condition = {
    ...(SourceArn === undefined ? {} : { ArnLike: { "aws:SourceArn": SourceArn } }),
    ...(SourceAccount === undefined ? {} : { StringEquals: { "aws:SourceAccount": SourceAccount } }),
  };
  const statement = {
    Sid: logicalId,
    Effect: "Allow",
    Principal: isService ? { Service: Principal } : { AWS: Principal },
    Action,
    Resource: arn,
    Condition,
  };
  const name = `${stack.name}-${logicalId}`;
  const document = { Version: "2012-10-17", Statement: statement };
  site.authority.addResourcePolicy(arn, readPolicy(name, document, "resource"));
  return { ref: name, attributes: { Id: name } };
};
