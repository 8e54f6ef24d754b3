// Groups and dependencies of one file: completed, and refused where somebody would wait for himself.

import { describe, expect, it } from "vitest";
import { AppError } from "../../base/errors.ts";
import { parseManifest } from "../manifest.ts";

const scope = { account: "123123123123", region: "eu-west-3" };
const ACCOUNT = "123123123123/eu-west-3";

function problemsOf(text: string): readonly string[] {
  try {
    parseManifest(text, "fleet.yaml", scope);
  } catch (error) {
    if (error instanceof AppError && error.code === "input") return error.message.split("\n");
    throw error;
  }
  return [];
}

describe("relations", () => {
  const fleet = (services: Record<string, unknown>): string =>
    JSON.stringify({
      version: 1,
      services: Object.fromEntries(Object.entries(services).map(([name, rollout]) => [name, { rollout }])),
    });
  const policies = (text: string) => Object.fromEntries(parseManifest(text, "fleet.yaml", scope).policies);

  it("members of a group are all services of the file with its name", () => {
    const group = { name: "release", lockstep: false };
    const found = policies(fleet({ "a/x": { group }, "a/y": { group }, "a/z": {} }));
    const expected = { ...group, members: [`${ACCOUNT}/a/x`, `${ACCOUNT}/a/y`] };
    expect(found[`${ACCOUNT}/a/x`]?.rollout?.group).toEqual(expected);
    expect(found[`${ACCOUNT}/a/y`]?.rollout?.group).toEqual(expected);
    expect(found[`${ACCOUNT}/a/z`]?.rollout?.group).toBeUndefined();
  });

  it("dependencies are completed by account and Region, or given whole", () => {
    const other = "999999999999/us-east-1/b/other";
    const found = policies(fleet({ "a/x": { dependsOn: ["a/y", other, "a/y"] }, "a/y": {} }));
    expect(found[`${ACCOUNT}/a/x`]?.rollout?.dependsOn).toEqual([`${ACCOUNT}/a/y`, other]);
  });

  const locked = { group: { name: "g" } };
  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      "a stranger",
      { "a/x": { dependsOn: ["a/y"] } },
      /"a\/x"\]\.rollout\.dependsOn\[0\]: found "a\/y", expected a service of this file that has a rollout/,
    ],
    [
      "no service's name",
      { "a/x": { dependsOn: ["y"] } },
      /found "y", expected a service as cluster\/service/,
    ],
    ["itself", { "a/x": { dependsOn: ["a/x"] } }, /expected no circle/],
    [
      "a circle",
      { "a/x": { dependsOn: ["a/y"] }, "a/y": { dependsOn: ["a/z"] }, "a/z": { dependsOn: ["a/x"] } },
      /"a\/z"\]\.rollout\.dependsOn\[0\]: found "a\/x", expected no circle/,
    ],
    [
      "a member in lockstep",
      { "a/x": { ...locked, dependsOn: ["a/y"] }, "a/y": locked },
      /expected no circle/,
    ],
    [
      "a circle through a group in lockstep",
      { "a/x": { ...locked, dependsOn: ["a/z"] }, "a/y": locked, "a/z": { dependsOn: ["a/y"] } },
      /expected no circle/,
    ],
    [
      "a group that half goes in lockstep",
      { "a/x": locked, "a/y": { group: { name: "g", lockstep: false } } },
      /"a\/y"\]\.rollout\.group\.lockstep: found false, expected true, as a\/x of the same group has it/,
    ],
  ])("%s is refused", (_name, services, message) => {
    expect(problemsOf(fleet(services)).join("\n")).toMatch(message);
  });

  it("a member may wait for another where the group is not in lockstep", () => {
    const group = { name: "g", lockstep: false };
    expect(problemsOf(fleet({ "a/x": { group, dependsOn: ["a/y"] }, "a/y": { group } }))).toEqual([]);
  });
});
