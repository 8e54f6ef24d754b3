// ECS container instances: their state (fires on every placement) and, since 2026, their health.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_health_events.html

import { arnName, parseEcsArn } from "../../base/arn.ts";
import type { KeyParts } from "../../base/keys.ts";
import type { InstanceFact, InstanceHealthFact } from "../facts.ts";
import type { Dict, Mutable } from "../guards.ts";
import { booleanAt, dictsAt, keep, malformed, maybeTextAt, maybeWholeAt, textAt } from "../guards.ts";
import type { Envelope } from "./envelope.ts";
import type { Reading } from "./route.ts";
import { clusterOf, routed } from "./route.ts";

export function readInstance(envelope: Envelope): Reading {
  const { detail, at } = envelope;
  const fact: Mutable<InstanceFact> = {
    kind: "instance",
    containerInstanceArn: instanceArn(detail),
    version: maybeWholeAt(detail, "version", "detail") ?? 0,
    status: textAt(detail, "status", "detail"),
    agentConnected: booleanAt(detail, "agentConnected", "detail"),
    at,
  };
  keep(fact, "ec2InstanceId", maybeTextAt(detail, "ec2InstanceId", "detail"));
  for (const attribute of dictsAt(detail, "attributes", "detail")) {
    const value = attribute["value"];
    if (typeof value !== "string" || value === "") continue;
    if (attribute["name"] === "ecs.availability-zone") fact.availabilityZone = value;
    else if (attribute["name"] === "ecs.instance-type") fact.instanceType = value;
  }
  return routed(instanceKey(envelope, fact.containerInstanceArn), fact);
}

export function readInstanceHealth(envelope: Envelope): Reading {
  const { detail, at } = envelope;
  const checks = dictsAt(detail, "healthChecks", "detail").map((check, index) => {
    const path = `detail.healthChecks[${index}]`;
    return { type: textAt(check, "type", path), status: textAt(check, "status", path) };
  });
  const fact: Mutable<InstanceHealthFact> = {
    kind: "instance-health",
    containerInstanceArn: instanceArn(detail),
    overallStatus: textAt(detail, "overallStatus", "detail"),
    checks,
    at,
  };
  keep(fact, "ec2InstanceId", maybeTextAt(detail, "ec2InstanceId", "detail"));
  return routed(instanceKey(envelope, fact.containerInstanceArn), fact);
}

function instanceArn(detail: Dict): string {
  const arn = textAt(detail, "containerInstanceArn", "detail");
  if (parseEcsArn(arn) !== undefined && !arn.endsWith("/")) return arn;
  throw malformed("detail.containerInstanceArn", arn, "a container instance ARN");
}

const instanceKey = (envelope: Envelope, arn: string): KeyParts => ({
  kind: "instance",
  id: arnName(arn),
  ...clusterOf(envelope),
});
