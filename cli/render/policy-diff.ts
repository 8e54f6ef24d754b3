// What a manifest would change: one line for each value that differs.

import type { Key } from "../../shared/base/keys.ts";
import { durationText } from "../../shared/contracts/manifest/duration.ts";
import type { ServicePolicy } from "../../shared/contracts/policy.ts";
import type { RolloutStep } from "../../shared/contracts/rollout-policy.ts";
import { stepText } from "../../shared/shell/rollout-words.ts";
import type { Paint } from "../io.ts";

export interface PolicyChange {
  readonly key: Key;
  readonly before: ServicePolicy | undefined;
  readonly after: ServicePolicy;
}

type Values = ReadonlyMap<string, string>;

const isStep = (path: string): boolean => /^rollout\.steps\[\d+\]$/.test(path);

/** In the manifest's words; a webhook with its whole address, which is elsewhere kept from view. */
function valueText(path: string, value: string): string {
  if (!isStep(path)) return value;
  const step = JSON.parse(value) as RolloutStep;
  return step.kind === "webhook"
    ? `webhook ${step.url} within ${durationText(step.timeoutMs)}`
    : stepText(step);
}

/** Every value of nested plain data by its path; each step of a rollout is one value. */
function valuesOf(value: unknown, path = "", found = new Map<string, string>()): Values {
  if (isStep(path)) return found.set(path, JSON.stringify(value));
  if (typeof value !== "object" || value === null) return found.set(path, JSON.stringify(value));
  for (const [name, inner] of Object.entries(value)) {
    const part = Array.isArray(value) ? `[${name}]` : path === "" ? name : `.${name}`;
    valuesOf(inner, `${path}${part}`, found);
  }
  return found;
}

export const isChange = ({ before, after }: PolicyChange): boolean => changedPaths(before, after).length > 0;

function changedPaths(before: ServicePolicy | undefined, after: ServicePolicy): readonly string[] {
  const [old, next] = [valuesOf(before ?? {}), valuesOf(after)];
  return [...new Set([...old.keys(), ...next.keys()])].filter((path) => old.get(path) !== next.get(path));
}

export function renderPolicyChange(change: PolicyChange, paint: Paint): readonly string[] {
  const { key, before, after } = change;
  const paths = changedPaths(before, after);
  if (paths.length === 0) return [`${key}: unchanged`];
  const [old, next] = [valuesOf(before ?? {}), valuesOf(after)];
  const lines = paths.flatMap((path) => {
    const [was, is] = [old.get(path), next.get(path)];
    return [
      ...(was === undefined ? [] : [paint("bad", `  - ${path}: ${valueText(path, was)}`)]),
      ...(is === undefined ? [] : [paint("good", `  + ${path}: ${valueText(path, is)}`)]),
    ];
  });
  return [`${key}: ${before === undefined ? "new" : "changed"}`, ...lines];
}
