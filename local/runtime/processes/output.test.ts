// Whose output is asked for: a service in each way people name one, a task by its id or the beginning of it.

import { expect, it } from "vitest";
import type { ContainerOutput } from "./output.ts";
import { outputsOf } from "./output.ts";

const outputOf = (taskId: string, service: string | undefined, cluster = "demo"): ContainerOutput => {
  return { taskId, cluster, service, container: "app", image: "a:1", hasEnded: false, lines: [] };
};

const OUTPUTS = [
  outputOf("aa11", "web"),
  outputOf("aa22", "web"),
  outputOf("bb33", "web", "other"),
  outputOf("cc44", undefined),
];

it.each([
  ["web", ["aa11", "aa22", "bb33"]],
  ["demo/web", ["aa11", "aa22"]],
  ["arn:aws:ecs:us-east-1:111122223333:service/other/web", ["bb33"]],
  ["aa", ["aa11", "aa22"]],
  ["cc44", ["cc44"]],
  ["arn:aws:ecs:us-east-1:111122223333:task/demo/aa22", ["aa22"]],
  ["demo/api", []],
  ["", []],
  ["demo/", []],
])("%s names its tasks", (of, expected) => {
  expect(outputsOf(OUTPUTS, of).map(({ taskId }) => taskId)).toEqual(expected);
});
