// ECS events about tasks, services, deployments, hooks and daemons.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html

import { parseEcsArn } from "../../base/arn.ts";
import type { KeyParts } from "../../base/keys.ts";
import type { DaemonFact, DeploymentFact, HookFact, ServiceActionFact, TaskFact } from "../facts.ts";
import type { Mutable } from "../guards.ts";
import { instantOf, keep, malformed, maybeReasonAt, maybeTextAt, textAt } from "../guards.ts";
import { taskFactOf } from "../task-shape.ts";
import type { Envelope } from "./envelope.ts";
import type { ClusterRef, Reading } from "./route.ts";
import { clusterOf, requiredService, routed, scopeOf, serviceOf } from "./route.ts";

/**
 * The Fargate Spot notice as documented has neither `version` nor `group`. Without a version it is a hint
 * (version 0): it never replaces stored facts; the pass that receives it reads the task with DescribeTasks
 * and merges that answer. Without a group it goes to the task's own key, whose pass learns the group from
 * the same read and rings that key.
 */
export function readTask(envelope: Envelope): Reading {
  const fact = taskFactOf(envelope.detail, { at: envelope.at, via: "event", path: "detail" });
  return routed(taskKeyParts(fact, clusterOf(envelope)), fact);
}

/** A colon or slash cannot be in a service's name: such a group is a RunTask caller's own word. */
const servicePattern = /^service:([^:/]+)$/;

function taskKeyParts(fact: TaskFact, cluster: ClusterRef): KeyParts {
  if (fact.group === "") return { kind: "task", id: fact.taskId, ...cluster };
  const service = servicePattern.exec(fact.group)?.[1];
  if (service !== undefined) return { kind: "service", name: service, ...cluster };
  return { kind: "group", name: fact.group, ...cluster };
}

export function readServiceAction(envelope: Envelope): Reading {
  const { detail, at } = envelope;
  const fact: Mutable<ServiceActionFact> = {
    kind: "service-action",
    eventName: textAt(detail, "eventName", "detail"),
    level: textAt(detail, "eventType", "detail"),
    at,
  };
  keep(fact, "reason", maybeReasonAt(detail, "reason", "detail"));
  return routed(serviceActionKey(envelope, fact.eventName), fact);
}

/** CAPACITY_PROVIDER_… events may concern the cluster as a whole. */
function serviceActionKey(envelope: Envelope, eventName: string): KeyParts {
  const service = serviceOf(envelope, envelope.detail["serviceArn"]);
  if (service !== undefined) return service;
  if (!eventName.startsWith("CAPACITY_PROVIDER_")) return requiredService(envelope);
  const { cluster, ...scope } = clusterOf(envelope);
  return { kind: "cluster", name: cluster, ...scope };
}

export function readDeployment(envelope: Envelope): Reading {
  const { detail, at } = envelope;
  const fact: Mutable<DeploymentFact> = {
    kind: "deployment",
    eventName: textAt(detail, "eventName", "detail"),
    deploymentId: textAt(detail, "deploymentId", "detail"),
    level: textAt(detail, "eventType", "detail"),
    at,
  };
  keep(fact, "reason", maybeReasonAt(detail, "reason", "detail"));
  return routed(requiredService(envelope, detail["serviceArn"]), fact);
}

export function readHook(envelope: Envelope): Reading {
  const { detail, at } = envelope;
  const fact: Mutable<HookFact> = {
    kind: "hook",
    eventName: textAt(detail, "eventName", "detail"),
    hookId: textAt(detail, "hookId", "detail"),
    hookType: textAt(detail, "hookType", "detail"),
    lifecycleStage: textAt(detail, "lifecycleStage", "detail"),
    serviceDeploymentArn: textAt(detail, "serviceDeploymentArn", "detail"),
    at,
  };
  keep(fact, "expiresAt", instantOf(detail["expiresAt"]));
  return routed(requiredService(envelope, detail["serviceArn"], fact.serviceDeploymentArn), fact);
}

export function readDaemon(envelope: Envelope): Reading {
  const { detail, at } = envelope;
  const fact: Mutable<DaemonFact> = {
    kind: "daemon",
    detailType: envelope.detailType,
    eventName: textAt(detail, "eventName", "detail"),
    level: textAt(detail, "eventType", "detail"),
    at,
  };
  keep(fact, "containerInstanceArn", maybeTextAt(detail, "containerInstanceArn", "detail"));
  keep(fact, "reason", maybeReasonAt(detail, "reason", "detail"));
  return routed(daemonKey(envelope), fact);
}

/** `daemon/cluster/name`, `daemon-deployment/cluster/name/id`, …; `resources` may be empty. */
function daemonKey(envelope: Envelope): KeyParts {
  const { detail, resources } = envelope;
  for (const text of [
    detail["daemonArn"],
    detail["daemonDeploymentArn"],
    detail["daemonRevisionArn"],
    ...resources,
  ]) {
    const arn = parseEcsArn(text);
    const [cluster = "", name = ""] = arn?.path ?? [];
    if (arn === undefined || !daemonTypes.has(arn.type) || cluster === "" || name === "") continue;
    return { kind: "daemon", cluster, name, ...scopeOf(envelope, arn) };
  }
  throw malformed("detail.daemonArn", detail["daemonArn"], "a daemon ARN");
}

const daemonTypes: ReadonlySet<string> = new Set(["daemon", "daemon-deployment", "daemon-revision"]);
