// What a call is about: the ARNs of the resources that its input names, by the resource types of AWS's service
// authorization reference. Where the input names none, AWS asks for `*`, or for all of a cluster.

import type { ActionFacts } from "./action-data.ts";
import { cloudMapTargets } from "./cloud-map-targets.ts";
import { ecsTargets } from "./ecs-targets.ts";

export type Input = Readonly<Record<string, unknown>>;

/** Looks a thing up in the world: uncounted, unthrottled; undefined when AWS would answer an error. */
export type Lookup = (service: string, operation: string, input: object) => Input | undefined;

export interface Place {
  readonly account: string;
  readonly region: string;
  readonly lookup: Lookup;
}

export interface Call {
  readonly service: string;
  readonly operation: string;
  readonly input: Input;
}

/** The ARNs of one resource type that the call names. */
export type TargetNamer = (call: Call, place: Place) => readonly string[];

const arnOf = ({ account, region }: Place, service: string, resource: string): string =>
  `arn:aws:${service}:${region}:${account}:${resource}`;

/** Strings of the named members, lists flattened. */
export const namesIn = (input: Input, ...members: readonly string[]): readonly string[] =>
  members.flatMap((member) => [input[member]].flat()).filter((value) => typeof value === "string");

const named =
  (service: string, prefix: string, ...members: readonly string[]): TargetNamer =>
  ({ input }, place) =>
    namesIn(input, ...members).map((name) =>
      name.startsWith("arn:") ? name : arnOf(place, service, `${prefix}${name}`),
    );

/** `http://…/111122223333/NAME`. */
const queues: TargetNamer = ({ input }, place) =>
  namesIn(input, "QueueUrl", "QueueName").map((url) =>
    arnOf(place, "sqs", url.slice(url.lastIndexOf("/") + 1)),
  );

function tablesOf({ input }: Call): readonly string[] {
  const { TransactItems, RequestItems } = input;
  const items = Array.isArray(TransactItems) ? (TransactItems as readonly Input[]) : [];
  const transacted = items.flatMap((item) =>
    Object.values(item).flatMap((part) => namesIn(part as Input, "TableName")),
  );
  const batched = typeof RequestItems === "object" && RequestItems !== null ? Object.keys(RequestItems) : [];
  return [...new Set([...namesIn(input, "TableName"), ...transacted, ...batched])];
}

const tableArn = (place: Place, table: string): string =>
  table.startsWith("arn:") ? table : arnOf(place, "dynamodb", `table/${table}`);

/** A read of an index is authorised on the index alone. */
const tables: TargetNamer = (call, place) =>
  call.input["IndexName"] === undefined ? tablesOf(call).map((table) => tableArn(place, table)) : [];

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/using-identity-based-policies.html */
const indexes: TargetNamer = (call, place) =>
  namesIn(call.input, "IndexName").flatMap((index) =>
    tablesOf(call).map((table) => `${tableArn(place, table)}/index/${index}`),
  );

/** `PutEvents` names its bus in each entry. */
const buses: TargetNamer = ({ operation, input }, place) => {
  const entries = Array.isArray(input["Entries"]) ? (input["Entries"] as readonly Input[]) : [];
  const names =
    operation === "PutEvents"
      ? entries.map(({ EventBusName = "default" }) => String(EventBusName))
      : namesIn(input, "Name", "EventBusName");
  return [...new Set(names)].map((name) =>
    name.startsWith("arn:") ? name : arnOf(place, "events", `event-bus/${name}`),
  );
};

const rules: TargetNamer = ({ input }, place) =>
  namesIn(input, "Rule", "Name").map((name) => arnOf(place, "events", `rule/${name}`));

const alarms: TargetNamer = (call, place) => {
  const found = named("cloudwatch", "alarm:", "AlarmName", "AlarmNames")(call, place);
  // A listing without names is authorised on all alarms.
  return found.length === 0 && call.operation.startsWith("Describe")
    ? [arnOf(place, "cloudwatch", "alarm:*")]
    : found;
};

const NAMERS: Readonly<Record<string, Readonly<Record<string, TargetNamer>>>> = {
  ecs: ecsTargets,
  servicediscovery: cloudMapTargets,
  sqs: { queue: queues },
  dynamodb: { table: tables, index: indexes },
  events: { "event-bus": buses, "rule-on-default-event-bus": rules },
  cloudwatch: {
    alarm: alarms,
    dashboard: named("cloudwatch", "dashboard/", "DashboardName", "DashboardNames"),
  },
};

/** Every ARN of that type anywhere in the input: ELB names everything by ARN. */
function elbTargets(type: string, input: unknown): readonly string[] {
  if (typeof input === "string") {
    return input.startsWith("arn:") &&
      input
        .split(":")
        .slice(5)
        .join(":")
        .startsWith(`${type.replace(/\/$/, "")}/`)
      ? [input]
      : [];
  }
  if (typeof input !== "object" || input === null) return [];
  return Object.values(input).flatMap((value) => elbTargets(type, value));
}

/** The ARNs that the caller needs the action on, without repetition; `*` when the input names none. */
export function targetsOf(call: Call, { types }: ActionFacts, place: Place): readonly string[] {
  if (types.length === 0) return ["*"];
  const tagged = /^(Tag|Untag|ListTagsFor)/.test(call.operation)
    ? namesIn(call.input, "resourceArn", "ResourceARN", "ResourceArn")
    : [];
  if (tagged.length > 0) return tagged;
  const namers = NAMERS[call.service] ?? {};
  const found = types.flatMap((type) =>
    call.service === "elasticloadbalancing"
      ? elbTargets(type, call.input)
      : (namers[type]?.(call, place) ?? []),
  );
  return found.length === 0 ? ["*"] : [...new Set(found)];
}
