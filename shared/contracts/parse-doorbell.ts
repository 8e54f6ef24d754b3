// Reads the messages of our own queues. What ingest wrote is checked again when reconcile reads it: a
// message may be older than the code, or come from a person's hand.

import type { Key } from "../base/keys.ts";
import { parseKey } from "../base/keys.ts";
import { epochMs } from "../base/time.ts";
import type { Doorbell, Wake } from "./doorbells.ts";
import type { Fact, FactKind } from "./facts.ts";
import { TASK_STATUSES } from "./facts.ts";
import type { Dict } from "./guards.ts";
import { decodeJson, dictsAt, isDict, malformed, textAt, wholeAt } from "./guards.ts";
import { checkOrder, checkSeries } from "./metrics-guards.ts";

/** Decodes a work-queue body. Throws an `input` error that names the failing path. */
export function parseDoorbell(body: string): Doorbell {
  const message = messageOf(decodeJson(body, "(body)"));
  const facts = dictsAt(message, "facts", "");
  for (let index = 0; index < facts.length; index += 1) checkFact(facts[index] as Dict, index);
  return {
    key: keyAt(message),
    id: textAt(message, "id", ""),
    // -- reason: checkFact just looked at each of them
    facts: facts as unknown as readonly Fact[],
    hops: wholeAt(message, "hops", ""),
    sentAt: epochMs(wholeAt(message, "sentAt", "")),
  };
}

/** Whether a decoded body is a wake-up of the delay queue rather than an event. */
export const isWake = (body: unknown): body is Dict => isDict(body) && body["fairlead"] === "wake";

/** Checks a decoded delay-queue body. */
export function parseWake(body: unknown): Wake {
  const message = messageOf(body);
  if (message["fairlead"] !== "wake") throw malformed("fairlead", message["fairlead"], '"wake"');
  return {
    fairlead: "wake",
    key: keyAt(message),
    wakeAt: epochMs(wholeAt(message, "wakeAt", "")),
    hops: wholeAt(message, "hops", ""),
  };
}

function messageOf(body: unknown): Dict {
  if (isDict(body)) return body;
  throw malformed("(body)", body, "an object");
}

function keyAt(message: Dict): Key {
  const key = textAt(message, "key", "");
  try {
    parseKey(key);
  } catch {
    throw malformed("key", key, "a key such as account/region/cluster/service");
  }
  return key as Key;
}

/** What each kind needs so that a pass can work with it: texts and whole numbers. */
const needed: Readonly<
  Record<FactKind, { readonly texts: readonly string[]; readonly lists?: readonly string[] }>
> = {
  task: {
    texts: ["taskArn", "taskId", "clusterArn", "lastStatus", "health", "via"],
    lists: ["interfaces", "containers"],
  },
  "task-gone": { texts: ["taskId"] },
  "service-action": { texts: ["eventName", "level"] },
  deployment: { texts: ["eventName", "deploymentId", "level"] },
  hook: { texts: ["eventName", "hookId", "hookType", "lifecycleStage", "serviceDeploymentArn"] },
  instance: { texts: ["containerInstanceArn", "status"] },
  "instance-health": { texts: ["containerInstanceArn", "overallStatus"], lists: ["checks"] },
  daemon: { texts: ["detailType", "eventName", "level"] },
  alarm: { texts: ["alarmArn", "alarmName", "state"] },
  image: { texts: ["repository", "action", "result", "digest"] },
  "health-notice": { texts: ["eventTypeCode", "category"], lists: ["taskIds"] },
  spot: { texts: ["notice", "ec2InstanceId"] },
  "host-leaving": { texts: ["containerInstanceArn", "cause"] },
  metrics: { texts: ["rollout"], lists: ["series"] },
  subscription: { texts: [] },
  "traffic-change": { texts: ["eventName", "resource", "by"] },
  wake: { texts: ["cause"] },
};

const versioned: ReadonlySet<unknown> = new Set<FactKind>(["task", "instance"]);
const statuses: ReadonlySet<unknown> = new Set(TASK_STATUSES);

function checkFact(fact: Dict, index: number): void {
  const path = `facts[${index}]`;
  const kind = fact["kind"];
  const shape =
    typeof kind === "string" && Object.hasOwn(needed, kind) ? needed[kind as FactKind] : undefined;
  if (shape === undefined) throw malformed(`${path}.kind`, kind, `one of ${Object.keys(needed).join(", ")}`);
  wholeAt(fact, "at", path);
  if (versioned.has(kind)) wholeAt(fact, "version", path);
  for (const name of shape.texts) textAt(fact, name, path);
  for (const name of shape.lists ?? []) {
    if (!Array.isArray(fact[name])) throw malformed(`${path}.${name}`, fact[name], "a list");
  }
  if (kind === "task" && !statuses.has(fact["lastStatus"])) {
    throw malformed(`${path}.lastStatus`, fact["lastStatus"], `one of ${TASK_STATUSES.join(", ")}`);
  }
  if (kind === "metrics") checkSeries(fact, path);
  if (kind === "subscription") checkOrder(fact, path);
}
