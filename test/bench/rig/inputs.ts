// One ordinary event for each function, and an AWS that knows the service which it concerns.

import { createHash } from "node:crypto";
import type { Item } from "../../../shared/adapters/dynamodb/attributes.ts";
import { encodePolicy, encodeState, stateKey } from "../../../shared/adapters/dynamodb/items.ts";
import type { Key } from "../../../shared/base/keys.ts";
import { epochMs, millis } from "../../../shared/base/time.ts";
import type { KeyState } from "../../../shared/contracts/aggregate.ts";
import { parseEvent } from "../../../shared/contracts/events.ts";
import type { ServicePolicy } from "../../../shared/contracts/policy.ts";
import type { StubAnswer } from "./aws-stub.ts";
import type { FunctionName } from "./bundles.ts";
import { keyOfService, sqsEvent, taskEvent } from "./events.ts";

export const START = Date.UTC(2026, 10, 22, 12);
const SERVICE = "ferry";
const key = keyOfService(SERVICE) as Key;

const running = (version: number, at: number): object =>
  taskEvent({ service: SERVICE, task: 1, version, lastStatus: "RUNNING", desiredStatus: "RUNNING", at });

/** The nth ordinary invocation: a task's event, its doorbell, a minute's tick. */
export function invocationOf(name: FunctionName, index: number): string {
  const now = Date.now();
  if (name === "sweep") return JSON.stringify({ source: "aws.events", "detail-type": "Scheduled Event" });
  const event = running(10 + index, now);
  const messageId = `00000000-0000-4000-9000-${String(index).padStart(12, "0")}`;
  if (name === "ingest") return sqsEvent([{ messageId, body: JSON.stringify(event) }]);
  const facts = factsOf(event, now);
  const doorbell = { key, id: `bench-${index}`, facts, hops: 0, sentAt: now };
  return sqsEvent([{ messageId, body: JSON.stringify(doorbell), group: key }]);
}

function factsOf(event: object, now: number): readonly object[] {
  const parsed = parseEvent(event, epochMs(now));
  if (parsed.kind !== "facts") throw new Error("the event was dropped");
  return parsed.routed.flatMap(({ facts }) => facts);
}

const policy: ServicePolicy = {
  discovery: {
    mode: "observe",
    registries: [
      { service: "srv-bench", port: 8080, address: "ipv4", requireHealthy: false, attributes: {} },
    ],
    maxRemoveShare: 0.5,
    force: false,
    drainMs: millis(10_000),
  },
};

/** Ten tasks: the size of a usual service. */
function storedState(): KeyState {
  const now = Date.now();
  const tasks: Record<string, KeyState["tasks"][string]> = {};
  for (let task = 1; task <= 10; task += 1) {
    const moment = {
      service: SERVICE,
      task,
      version: 5,
      lastStatus: "RUNNING",
      desiredStatus: "RUNNING",
      at: now,
    };
    for (const fact of factsOf(taskEvent(moment), now) as KeyState["tasks"][string][])
      tasks[fact.taskId] = fact;
  }
  return {
    version: 3,
    tasks,
    capabilities: {},
    intents: [],
    awaiting: [],
    reasons: {},
    decidedAt: epochMs(now),
    failures: 0,
  };
}

/** The sweep's own item on most minutes: this cycle of the resync is done. */
const doneSweep = (): object => ({
  schema: { N: "1" },
  version: { N: "3" },
  data: { S: JSON.stringify({ cycleAt: Date.now(), after: "\uffff" }) },
});

type WireItem = Record<string, object>;

/** As DynamoDB's JSON has it: binary values in base64. */
const onTheWire = (item: Item): WireItem =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      value.B === undefined ? value : { B: Buffer.from(value.B).toString("base64") },
    ]),
  );

interface TableInput {
  readonly IndexName?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, object>>;
}

/** What an UpdateItem of ours sets: `#name = :name` throughout. */
const changesOf = ({ ExpressionAttributeNames = {}, ExpressionAttributeValues = {} }: TableInput): WireItem =>
  Object.fromEntries(
    Object.values(ExpressionAttributeNames).flatMap((name) => {
      const value = ExpressionAttributeValues[`:${name}`];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** One service under management; its state item keeps what passes commit, so that it settles. */
export function managedServiceAnswers(): (target: string, input: TableInput) => StubAnswer | undefined {
  const state = onTheWire({ ...stateKey(key), ...encodeState(key, storedState()).set });
  const items = [state, onTheWire(encodePolicy(key, policy))];
  const bodies: Readonly<Record<string, unknown>> = {
    "DynamoDB_20120810.Query": { Items: items, Count: items.length, ScannedCount: items.length },
    "DynamoDB_20120810.BatchGetItem": { Responses: { fairlead: [] }, UnprocessedKeys: {} },
    "DynamoDB_20120810.GetItem": { Item: doneSweep() },
    "DynamoDB_20120810.UpdateItem": {},
    "Route53AutoNaming_v20170314.GetService": {
      Service: {
        Id: "srv-bench",
        Name: "bench",
        Arn: "arn:aws:servicediscovery:eu-central-1:111122223333:service/srv-bench",
        NamespaceId: "ns-bench",
      },
    },
    "Route53AutoNaming_v20170314.GetNamespace": { Namespace: { Id: "ns-bench", Name: "bench.local" } },
    "Route53AutoNaming_v20170314.ListTagsForResource": { Tags: [] },
    "Route53AutoNaming_v20170314.ListInstances": { Instances: [] },
    "Route53AutoNaming_v20170314.DiscoverInstancesRevision": { InstancesRevision: 1 },
    "AmazonSQS.ReceiveMessage": {},
  };
  return (target, input) => {
    if (target.endsWith(".UpdateItem")) Object.assign(state, changesOf(input));
    if (input.IndexName !== undefined) return { status: 200, body: { Items: [], Count: 0, ScannedCount: 0 } };
    return target in bodies ? { status: 200, body: bodies[target] } : undefined;
  };
}

export interface SendEntry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly MessageDeduplicationId: string;
}

/** As SQS confirms a message: clients may compare the digest. */
export const confirmed = ({ Id, MessageBody }: SendEntry): object => ({
  Id,
  MessageId: Id,
  MD5OfMessageBody: createHash("md5").update(MessageBody).digest("hex"),
});

/** SQS's answer to a batch of sends, all taken. */
export const allTaken = ({ Entries }: { readonly Entries: readonly SendEntry[] }): StubAnswer => ({
  status: 200,
  body: { Successful: Entries.map(confirmed), Failed: [] },
});
