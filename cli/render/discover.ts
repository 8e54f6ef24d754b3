// `fairlead discover KEY`: each registry against the tasks that belong into it.

import type { InstanceView, KeyView, RegistryView } from "../../shared/shell/key-view.ts";
import type { Paint } from "../io.ts";
import { age, ahead } from "./age.ts";
import { table } from "./table.ts";

const HEAD = ["INSTANCE", "TASK IS", "HEALTH", "STANDING", "REGISTRY", "ADDRESS", "FOR", "NOTE"];

export function renderDiscover(view: KeyView, now: number, paint: Paint): readonly string[] {
  if (view.registries.length === 0) return ["No registry: its policy has no discovery."];
  return [
    ...view.registries.flatMap((registry, index) => [
      ...(index === 0 ? [] : [""]),
      ...registryLines(registry, now, paint),
    ]),
    ...holds(view, now, paint),
  ];
}

function registryLines(registry: RegistryView, now: number, paint: Paint): readonly string[] {
  const { service, name, running, healthy, registered, expected, moving, foreign } = registry;
  const checksHealth = registry.instances.some(({ health = "UNKNOWN" }) => health !== "UNKNOWN");
  const counts = [
    `${registered} of ${expected} registered`,
    `${running} running`,
    checksHealth ? `${healthy} healthy` : "no health check",
  ];
  if (moving > 0) counts.push(`${moving} operations under way`);
  if (foreign > 0) counts.push(`${foreign} of other owners, never touched`);
  const listed =
    registry.listedAt === undefined ? "not listed yet" : `listed ${age(registry.listedAt, now)} ago`;
  const lines = [
    `${paint("bold", name === undefined ? service : `${name} (${service})`)}: ${counts.join(", ")}; ${listed}`,
  ];
  if (registry.slowUntil !== undefined && registry.slowUntil > now) {
    lines.push(paint("warn", `AWS asked to slow down: writes go on ${ahead(registry.slowUntil, now)}`));
  }
  if (registry.instances.length === 0) return lines;
  const rows = registry.instances.map((instance) => instanceRow(instance, now, paint));
  return [...lines, ...table([HEAD.map((head) => paint("bold", head)), ...rows])];
}

function instanceRow(instance: InstanceView, now: number, paint: Paint): readonly string[] {
  const isRight =
    instance.standing === "wanted" ? instance.phase === "registered" : instance.phase === "absent";
  return [
    instance.instanceId,
    instance.taskStatus ?? "unknown",
    instance.health ?? "-",
    instance.standing,
    paint(isRight ? "good" : "warn", instance.phase),
    instance.address ?? "-",
    age(instance.since, now),
    note(instance, now),
  ];
}

function note({ failure, operationId }: InstanceView, now: number): string {
  if (failure !== undefined)
    return `${failure.code}: ${failure.message}; next try ${ahead(failure.nextTryAt, now)}`;
  return operationId === undefined ? "" : `operation ${operationId}`;
}

function holds(view: KeyView, now: number, paint: Paint): readonly string[] {
  const lines = [
    ...view.drains.map(({ taskId, askedAt, outSince }) => {
      const stage = outSince === undefined ? "leaves discovery" : `out for ${age(outSince, now)}`;
      return `task ${taskId} is drained before its stop: asked ${age(askedAt, now)} ago, ${stage}`;
    }),
    ...view.leavingHosts.map(
      (arn) => `host ${arn.slice(arn.lastIndexOf("/") + 1)} is leaving: its tasks are taken out`,
    ),
    ...(view.reasons["discovery"] ?? []).map(({ text }) => text),
  ];
  return lines.length === 0 ? [] : ["", ...lines.map((line) => paint("dim", line))];
}
