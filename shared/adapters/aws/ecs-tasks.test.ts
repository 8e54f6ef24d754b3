// Reads of tasks: what one odd task or failure does to the rest of its page.

import { describe, expect, it } from "vitest";
import { CLUSTER_ARN, idOf, NOW } from "../../../test/support/discovery-builders.ts";
import { createTaskReader } from "./ecs-tasks.ts";
import type { Pace } from "./pace.ts";

const pace = { run: (work: () => Promise<unknown>) => work() } as unknown as Pace; // -- reason: no pace in a test
const task = (number: number, lastStatus: string) => ({
  taskArn: `arn:aws:ecs:eu-west-3:111122223333:task/quay/${idOf(number)}`,
  clusterArn: CLUSTER_ARN,
  lastStatus,
  version: 1,
});
const reader = (output: object) =>
  createTaskReader({ client: { send: async () => output }, pace, clock: { now: () => NOW } });

describe("describeTasks", () => {
  it("leaves a task of an unknown status out and keeps the rest of the page", async () => {
    const output = { tasks: [task(1, "RUNNING"), task(2, "HIBERNATING"), task(3, "STOPPED")] };
    const facts = await reader(output).describeTasks(CLUSTER_ARN, [1, 2, 3].map(idOf));
    expect(facts.map(({ taskId }) => taskId)).toEqual([idOf(1), idOf(3)]);
  });

  it("tells MISSING from other failures: only the former has stopped", async () => {
    const failures = (reason: string) =>
      reader({ failures: [{ arn: `x/${idOf(1)}`, reason }] }).describeTasks(CLUSTER_ARN, [idOf(1)]);
    expect(await failures("MISSING")).toEqual([{ kind: "task-gone", taskId: idOf(1), at: NOW }]);
    await expect(failures("ACCESS_DENIED")).rejects.toMatchObject({ code: "denied" });
  });
});
