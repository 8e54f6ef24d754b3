// The condition keys of a request. A value is made only when a policy asks for it; a key that AWS does not
// supply for the action is absent. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html

import type { ActionFacts } from "./action-data.ts";
import { clusterNameOf } from "./ecs-targets.ts";
import type { Principal } from "./evaluate.ts";
import type { Call, Input, Place } from "./target-names.ts";
import { namesIn, targetsOf } from "./target-names.ts";
import type { ContextLookup } from "./wildcard.ts";

export interface Asked {
  readonly call: Call;
  readonly facts: ActionFacts;
  readonly resource: string;
  readonly principal: Principal;
  readonly roleTags: Readonly<Record<string, string>>;
  /** The rule or schedule that a service acts for. */
  readonly sourceArn?: string;
}

type Values = readonly string[] | undefined;
type Supply = (asked: Asked, place: Place) => Values;

const one = (value: string | undefined): Values => (value === undefined ? undefined : [value]);

const ofType = (type: string): Supply => {
  const facts = { types: [type], keys: new Set<string>() };
  return ({ call }, place) => one(targetsOf(call, facts, place).find((arn) => arn !== "*"));
};

const roleArnOf = ({ principal }: Asked): Values =>
  principal.kind === "role" ? [principal.roleArn] : undefined;

const GLOBAL: Readonly<Record<string, Supply>> = {
  "aws:requestedregion": (_asked, { region }) => [region],
  "aws:principalarn": roleArnOf,
  "aws:principalaccount": (asked, { account }) => (asked.principal.kind === "role" ? [account] : undefined),
  "aws:principaltype": ({ principal }) => (principal.kind === "role" ? ["AssumedRole"] : undefined),
  "aws:principalisawsservice": ({ principal }) => [String(principal.kind === "service")],
  "aws:principalservicename": ({ principal }) =>
    principal.kind === "service" ? [principal.name] : undefined,
  "aws:userid": ({ principal }) =>
    principal.kind === "role" ? [`AROALOCAL:${sessionOf(principal)}`] : undefined,
  "aws:resourceaccount": (_asked, { account }) => [account],
  // The wire face stands for AWS's endpoints, which answer over TLS.
  "aws:securetransport": () => ["true"],
  "aws:viaawsservice": () => ["false"],
  "aws:currenttime": () => [new Date().toISOString()],
  "aws:epochtime": () => [String(Math.floor(Date.now() / 1_000))],
  "aws:sourcearn": ({ sourceArn }) => one(sourceArn),
  "aws:sourceaccount": ({ sourceArn }, { account }) => (sourceArn === undefined ? undefined : [account]),
  "aws:tagkeys": ({ call }) => Object.keys(requestTags(call.input)),
};

const sessionOf = ({ sessionArn }: { readonly sessionArn: string }): string =>
  sessionArn.slice(sessionArn.lastIndexOf("/") + 1);

/** Supplied only for the actions that AWS lists them for. */
const OF_ACTIONS: Readonly<Record<string, Supply>> = {
  "ecs:cluster": ({ call }, { account, region }) => [
    `arn:aws:ecs:${region}:${account}:cluster/${clusterNameOf(call)}`,
  ],
  "ecs:service": ofType("service"),
  "ecs:task-definition": ofType("task-definition"),
  "ecs:container-instances": ofType("container-instance"),
  "ecs:capacity-provider": ofType("capacity-provider"),
  "servicediscovery:servicearn": ofType("service"),
  "servicediscovery:namespacearn": ofType("namespace"),
  "servicediscovery:servicename": ({ call }) => one(namesIn(call.input, "ServiceName", "Name")[0]),
  "servicediscovery:namespacename": ({ call }) => one(namesIn(call.input, "NamespaceName", "Name")[0]),
  "servicediscovery:servicecreatedbyaccount": (_asked, { account }) => [account],
  "iam:passedtoservice": ({ call }) => one(namesIn(call.input, "PassedToService")[0]),
  // Of tags that are put on at creation.
  "elasticloadbalancing:createaction": ({ call }) =>
    call.operation === "AddTags" ? undefined : [call.operation],
  "events:source": ({ call }) => entriesOf(call, "Source"),
  "events:detail-type": ({ call }) => entriesOf(call, "DetailType"),
  "dynamodb:select": ({ call }) => one(namesIn(call.input, "Select")[0]),
  "dynamodb:returnvalues": ({ call }) => one(namesIn(call.input, "ReturnValues")[0]),
  "dynamodb:returnconsumedcapacity": ({ call }) => one(namesIn(call.input, "ReturnConsumedCapacity")[0]),
};

/** PutEvents has a value for each of its entries. */
function entriesOf({ input }: Call, member: string): Values {
  const entries = Array.isArray(input["Entries"]) ? (input["Entries"] as readonly Input[]) : [];
  return entries.flatMap((entry) => namesIn(entry, member));
}

const TAGS = /^(aws|ecs|elasticloadbalancing):resourcetag\/(.+)$/;
const ROLE_TAGS = /^aws:principaltag\/(.+)$/;
const REQUEST_TAGS = /^aws:requesttag\/(.+)$/;

/** Keys that AWS itself supplies to its own calls in a function's name, which are not modelled. */
const NOT_MODELLED = /^route53:/;

/** Whether a policy may use the key here; any other stops the deployment: it must not be false in silence. */
export const isKnownKey = (key: string): boolean =>
  Object.hasOwn(GLOBAL, key) ||
  Object.hasOwn(OF_ACTIONS, key) ||
  [TAGS, ROLE_TAGS, REQUEST_TAGS, NOT_MODELLED].some((pattern) => pattern.test(key));

const isSupported = ({ facts }: Asked, key: string): boolean => {
  const slash = key.indexOf("/");
  return facts.keys.has(slash < 0 ? key : `${key.slice(0, slash)}/*`);
};

export function contextOf(asked: Asked, place: Place): ContextLookup {
  const made = new Map<string, Values>();
  return (given) => {
    const key = given.toLowerCase();
    if (!made.has(key)) made.set(key, suppliedFor(key, asked, place));
    return made.get(key);
  };
}

function suppliedFor(key: string, asked: Asked, place: Place): Values {
  const supply = GLOBAL[key];
  if (supply !== undefined) return supply(asked, place);
  const roleTag = ROLE_TAGS.exec(key)?.[1];
  if (roleTag !== undefined) return one(caselessly(asked.roleTags, roleTag));
  const requestTag = REQUEST_TAGS.exec(key)?.[1];
  if (requestTag !== undefined) return one(caselessly(requestTags(asked.call.input), requestTag));
  if (!isSupported(asked, key)) return undefined;
  const resourceTag = TAGS.exec(key)?.[2];
  if (resourceTag !== undefined) return one(caselessly(resourceTags(asked, place), resourceTag));
  return OF_ACTIONS[key]?.(asked, place);
}

/** Tag keys in condition keys are not case-sensitive. */
function caselessly(tags: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.entries(tags).find(([name]) => name.toLowerCase() === key)?.[1];
}

function tagsOf(list: unknown): Readonly<Record<string, string>> {
  if (!Array.isArray(list)) return {};
  const tags = (list as readonly Input[]).map((tag) => [
    String(tag["key"] ?? tag["Key"]),
    String(tag["value"] ?? tag["Value"] ?? ""),
  ]);
  return Object.fromEntries(tags);
}

const requestTags = (input: Input): Readonly<Record<string, string>> =>
  tagsOf(input["tags"] ?? input["Tags"]);

function resourceTags({ call, resource }: Asked, { lookup }: Place): Readonly<Record<string, string>> {
  if (resource === "*") return {};
  const input = call.service === "ecs" ? { resourceArn: resource } : { ResourceARN: resource };
  if (call.service === "elasticloadbalancing") {
    const found = lookup(call.service, "DescribeTags", { ResourceArns: [resource] })?.["TagDescriptions"];
    return tagsOf(Array.isArray(found) ? (found[0] as Input | undefined)?.["Tags"] : undefined);
  }
  const output = lookup(call.service, "ListTagsForResource", input);
  return tagsOf(output?.["tags"] ?? output?.["Tags"]);
}
