// Which driver moves which service; and the two that never weigh anything.

import { describe, expect, it } from "vitest";
import {
  DEPLOYMENT_ARN,
  deploymentView,
  NEW,
  OLD_DEPLOYMENT_ARN,
  read,
  rolloutPolicy,
  serviceView,
} from "../../../../test/support/rollout-builders.ts";
import { actionsOf, steered, typesOf } from "../../../../test/support/rollout-steering.ts";
import type { ServiceView } from "../../../contracts/rollout-views.ts";
import { driverFor, driverOf } from "./drivers.ts";

const noHooks = { hooks: [] };
const plain = { strategy: "ROLLING", hooks: [] };
const [balancer] = serviceView().balancers;
const oneGroup =
  balancer === undefined
    ? []
    : [{ targetGroupArn: balancer.targetGroupArn, containerName: "web", containerPort: 1 }];

describe("the choice of the driver", () => {
  it.each<[string, Partial<ServiceView>, "start" | "adopt", string]>([
    ["blue/green with our hooks", {}, "start", "native"],
    ["the same, begun by somebody else", {}, "adopt", "native"],
    ["blue/green without hooks", noHooks, "start", "native"],
    ["the same, begun by somebody else", noHooks, "adopt", "rolling"],
    ["rolling with two groups", plain, "start", "native"],
    ["the same, begun by somebody else", plain, "adopt", "rolling"],
    ["rolling with one group", { ...plain, balancers: oneGroup }, "start", "rolling"],
    ["no load balancer", { ...plain, balancers: [] }, "start", "rolling"],
    ["blue/green without a load balancer, with hooks", { balancers: [] }, "start", "native"],
    ["a daemon", { scheduling: "DAEMON", ...plain }, "start", "rolling"],
    ["task sets", { controller: "EXTERNAL", ...plain, balancers: [] }, "start", "task-sets"],
    ["CodeDeploy", { controller: "CODE_DEPLOY" }, "start", "watch"],
    ["a controller of tomorrow", { controller: "SOMETHING" }, "start", "watch"],
    ["Express Mode", { isExpress: true }, "start", "watch"],
  ])("%s (%s %s): %s", (_what, changes, beginning, expected) => {
    const { driver, reason } = driverOf(serviceView(changes), rolloutPolicy(), beginning);
    expect([driver, reason.code]).toEqual([expected, `driver-${expected}`]);
  });

  it("only watches where the policy says so", () => {
    expect(driverOf(serviceView(), rolloutPolicy({ dryRun: true })).driver).toBe("watch");
  });
});

const rolling = driverFor("rolling");
const watch = driverFor("watch");
const progress = (running: number, old: number, status = "IN_PROGRESS") => ({
  deployment: read(
    deploymentView({
      status,
      strategy: "ROLLING",
      hooks: [],
      sources: [{ arn: "old", requested: 0, running: old, pending: 0 }],
      target: { arn: "new", requested: 4, running, pending: 0 },
    }),
  ),
});
const weight = (percent: number) => ({ kind: "weight", weight: percent, scale: percent }) as const;

describe("rolling", () => {
  it("starts with the service's own strategy and hooks", () => {
    const answer = steered(
      rolling,
      { kind: "ready", scale: 1 },
      { rollout: { deploymentArn: undefined as never, foundDeployment: OLD_DEPLOYMENT_ARN } },
    );
    expect(actionsOf(answer)).toMatchObject([
      { type: "start-deployment", order: { taskDefinition: NEW, pauseAt: [] } },
    ]);
    expect(answer.proposals[0]?.action).not.toHaveProperty("order.strategy");
  });

  it.each([
    [0, 4, 25, "moving", 0],
    [1, 3, 25, "reached", 25],
    [2, 2, 75, "moving", 50],
    [4, 0, 75, "reached", 100],
  ])("%i new and %i old tasks with %i percent wished: %s", (running, old, wished, standing, learnt) => {
    const answer = steered(rolling, weight(wished), { answers: progress(running, old) });
    expect([answer.standing, answer.learnt.weight, answer.proposals]).toEqual([standing, learnt, []]);
  });

  it.each(["ready", "finished"] as const)("%s ends as ECS ends it", (kind) => {
    const wish = kind === "ready" ? ({ kind, scale: 1 } as const) : ({ kind } as const);
    expect(steered(rolling, wish, { answers: progress(4, 0, "SUCCESSFUL") })).toMatchObject({
      standing: "ended",
      outcome: "promoted",
    });
  });

  it("stops what is bad", () => {
    const answer = steered(rolling, { kind: "rolled-back" }, { answers: progress(2, 2) });
    expect(actionsOf(answer)).toEqual([
      { type: "stop-deployment", deploymentArn: DEPLOYMENT_ARN, how: "ROLLBACK" },
    ]);
    const back = steered(
      rolling,
      { kind: "rolled-back" },
      { answers: progress(0, 4, "ROLLBACK_SUCCESSFUL") },
    );
    expect(back).toMatchObject({ standing: "ended", outcome: "rolled-back" });
  });
});

describe("watch", () => {
  const wishes = [
    { kind: "ready", scale: 1 },
    weight(50),
    { kind: "header-route", header: "x", values: ["y"] },
    { kind: "finished" },
    { kind: "rolled-back" },
  ] as const;

  it.each(wishes)("never does anything: %o", (wish) => {
    for (const deploymentArn of [DEPLOYMENT_ARN, undefined as never]) {
      for (const answers of [progress(2, 2), progress(4, 0, "SUCCESSFUL"), {}]) {
        expect(typesOf(steered(watch, wish, { rollout: { deploymentArn }, answers }))).toEqual([]);
      }
    }
  });

  it("follows other controllers by their task sets", () => {
    const set = {
      arn: "a",
      id: "a",
      status: "PRIMARY",
      scale: 100,
      computedDesired: 4,
      running: 4,
      pending: 0,
      stability: "STEADY_STATE",
      createdAt: deploymentView().createdAt,
    };
    const service = (running: number, primary: string) =>
      read(
        serviceView({
          controller: "CODE_DEPLOY",
          taskDefinition: primary,
          taskSets: [
            { ...set, taskDefinition: NEW, running },
            ...(running < 4 ? [{ ...set, taskDefinition: "crane:7", running: 4 }] : []),
          ],
        }),
      );
    const scene = (running: number, primary: string) => ({
      rollout: { deploymentArn: undefined as never },
      answers: { service: service(running, primary) },
    });
    expect(steered(watch, weight(20), scene(1, "crane:7"))).toMatchObject({
      standing: "reached",
      learnt: { weight: 20 },
    });
    expect(steered(watch, { kind: "finished" }, scene(4, NEW))).toMatchObject({
      standing: "ended",
      outcome: "promoted",
    });
  });
});
