// AWS Health notices about ECS, such as Fargate patching retirement. One notice concerns many entities.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-maintenance.html

import { parseEcsArn } from "../../base/arn.ts";
import type { Key, KeyParts } from "../../base/keys.ts";
import { reason } from "../../base/reasons.ts";
import type { HealthNoticeFact } from "../facts.ts";
import type { Mutable } from "../guards.ts";
import { dictsAt, instantOf, keep, maybeTextAt, textAt } from "../guards.ts";
import type { Envelope } from "./envelope.ts";
import type { Reading } from "./route.ts";
import { checkedKey, scopeOf } from "./route.ts";

export function readHealthNotice(envelope: Envelope): Reading {
  const service = textAt(envelope.detail, "service", "detail");
  if (service !== "ECS") {
    return reason("health-other-service", `AWS Health notice about ${service}: only ECS notices are used`);
  }
  const notice = noticeOf(envelope);
  const taskIdsByKey = new Map<Key, string[]>();
  for (const entity of entitiesOf(envelope)) {
    const parts = entityKey(envelope, entity);
    if (parts === undefined) continue;
    const key = checkedKey(parts);
    const taskIds = taskIdsByKey.get(key) ?? [];
    if (parts.kind === "task" && !taskIds.includes(parts.id)) taskIds.push(parts.id);
    taskIdsByKey.set(key, taskIds);
  }
  if (taskIdsByKey.size === 0) {
    return reason(
      "health-no-entity",
      `AWS Health notice ${notice.eventTypeCode} names no service and no task`,
    );
  }
  return [...taskIdsByKey].map(([key, taskIds]) => ({ key, facts: [{ ...notice, taskIds }] }));
}

function noticeOf(envelope: Envelope): HealthNoticeFact {
  const { detail, at } = envelope;
  const notice: Mutable<HealthNoticeFact> = {
    kind: "health-notice",
    eventTypeCode: textAt(detail, "eventTypeCode", "detail"),
    category: textAt(detail, "eventTypeCategory", "detail"),
    taskIds: [],
    at,
  };
  keep(notice, "startsAt", instantOf(detail["startTime"]));
  keep(notice, "endsAt", instantOf(detail["endTime"]));
  return notice;
}

/** `resources` repeats the entities; it is read only when the list itself is empty. */
function entitiesOf(envelope: Envelope): readonly string[] {
  const listed = dictsAt(envelope.detail, "affectedEntities", "detail").map((entity, index) =>
    maybeTextAt(entity, "entityValue", `detail.affectedEntities[${index}]`),
  );
  const entities = listed.length > 0 ? listed : envelope.resources;
  return entities.filter((entity) => typeof entity === "string");
}

/** Services are `cluster|service`, with or without spaces, or `cluster/service`; standalone tasks are ARNs. */
const servicePattern = /^\s*([^\s|/:]+)\s*[|/]\s*([^\s|/:]+)\s*$/;

function entityKey(envelope: Envelope, entity: string): KeyParts | undefined {
  const arn = parseEcsArn(entity);
  if (arn !== undefined) {
    const [cluster = "", name = ""] = arn.path;
    if (cluster === "" || name === "") return undefined;
    if (arn.type === "task") return { kind: "task", cluster, id: name, ...scopeOf(envelope, arn) };
    return arn.type === "service" ? { kind: "service", cluster, name, ...scopeOf(envelope, arn) } : undefined;
  }
  const [, cluster, name] = servicePattern.exec(entity) ?? [];
  if (cluster === undefined || name === undefined) return undefined;
  return { kind: "service", cluster, name, ...noticeScope(envelope) };
}

/** An organisation's view names the account and Region that are meant, not those of the sender. */
function noticeScope(envelope: Envelope): { account: string; region: string } {
  return scopeOf(envelope, {
    account: maybeTextAt(envelope.detail, "affectedAccount", "detail") ?? "",
    region: maybeTextAt(envelope.detail, "eventRegion", "detail") ?? "",
  });
}
