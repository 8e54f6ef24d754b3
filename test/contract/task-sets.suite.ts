// What every TaskSetWriter must do, whatever is underneath.

import type { TaskSet } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import type { TaskSetOrder } from "../../shared/contracts/rollout-orders.ts";
import { registerVersion } from "../simulation/rollouts/scene.ts";
import { failure } from "./aws-set-up.ts";
import type { RolloutImplementation, RolloutSetUp } from "./rollout-set-up.ts";
import { SERVICE, setUpRollout, trafficOf } from "./rollout-set-up.ts";

type Make = () => Promise<RolloutSetUp>;

const described = ({ aws, clusterArn }: RolloutSetUp): readonly TaskSet[] =>
  aws("ecs", "DescribeTaskSets", { cluster: clusterArn, service: SERVICE })["taskSets"] ?? [];

const primaryOf = (set: RolloutSetUp): TaskSet =>
  described(set).find(({ status }) => status === "PRIMARY") ?? {};

const orderFor = (set: RolloutSetUp, changes: Partial<TaskSetOrder> = {}): TaskSetOrder => ({
  clusterArn: set.clusterArn,
  service: SERVICE,
  modelArn: primaryOf(set).taskSetArn ?? "",
  taskDefinition: registerVersion(set.world, SERVICE),
  externalId: "r-1",
  percent: 50,
  targetGroupArn: trafficOf(set).green,
  ...changes,
});

export function describeTaskSets(name: string, implementation: RolloutImplementation): void {
  const make = () => setUpRollout(implementation, "task-sets");
  describe(`TaskSetWriter.create over ${name}`, () => describeCreate(make));
  describe(`TaskSetWriter.scale, setPrimary and delete over ${name}`, () => describeChanges(make));
}

function describeCreate(make: Make): void {
  it("makes a set like its model, with its own group, revision and scale", async () => {
    const set = await make();
    const order = orderFor(set);
    const arn = await set.taskSets.create(order);
    expect(set.calls()).toEqual(["DescribeTaskSets", "CreateTaskSet"]);
    const { networkConfiguration, launchType } = primaryOf(set);
    expect(described(set).find(({ taskSetArn }) => taskSetArn === arn)).toMatchObject({
      externalId: "r-1",
      status: "ACTIVE",
      taskDefinition: order.taskDefinition,
      scale: { unit: "PERCENT", value: 50 },
      loadBalancers: [{ targetGroupArn: trafficOf(set).green, containerName: "app", containerPort: 80 }],
      networkConfiguration,
      launchType,
    });
    set.pass(120);
    const service = await set.reader.service(set.clusterArn, SERVICE);
    expect(service.controller).toBe("EXTERNAL");
    expect(service.taskSets.find((one) => one.arn === arn)).toMatchObject({
      externalId: "r-1",
      scale: 50,
      computedDesired: 1,
      running: 1,
      targetGroupArn: trafficOf(set).green,
    });
  });

  it("sent again it answers the same set, whatever became of it in between", async () => {
    const set = await make();
    const order = orderFor(set);
    const arn = await set.taskSets.create(order);
    expect(await set.taskSets.create(order)).toBe(arn);
    await set.taskSets.scale(arn, 100);
    expect(await set.taskSets.create(order)).toBe(arn);
    expect(await set.taskSets.create({ ...order, percent: 10 })).toBe(arn);
    expect(described(set)).toHaveLength(2);
  });

  it("makes one set where two processes ask at once", async () => {
    const set = await make();
    const order = orderFor(set);
    const arns = await Promise.all([set.taskSets.create(order), set.taskSets.create(order)]);
    expect(new Set(arns).size).toBe(1);
    expect(described(set)).toHaveLength(2);
  });

  it("makes one without a load balancer where the order names none", async () => {
    const set = await make();
    const { targetGroupArn: _none, ...order } = orderFor(set);
    const arn = await set.taskSets.create(order);
    expect(described(set).find(({ taskSetArn }) => taskSetArn === arn)?.loadBalancers).toEqual([]);
  });

  it("says limit where the service has as many sets as it may, and missing where the model is gone", async () => {
    const set = await make();
    for (const id of ["a", "b", "c", "d"]) await set.taskSets.create(orderFor(set, { externalId: id }));
    const fifth = orderFor(set, { externalId: "e" });
    expect(await failure(set.taskSets.create(fifth))).toMatchObject({ code: "limit" });
    const modelArn = `${fifth.modelArn.slice(0, -1)}x`;
    expect(await failure(set.taskSets.create({ ...fifth, modelArn }))).toMatchObject({ code: "missing" });
    const nobody = { ...fifth, service: "nobody" };
    expect(await failure(set.taskSets.create(nobody))).toMatchObject({ code: "missing" });
  });
}

function describeChanges(make: Make): void {
  it("scales by percent of the desired count, once and again", async () => {
    const set = await make();
    const arn = await set.taskSets.create(orderFor(set));
    set.calls();
    await set.taskSets.scale(arn, 100);
    expect(set.calls()).toEqual(["UpdateTaskSet"]);
    await set.taskSets.scale(arn, 100);
    set.pass(120);
    const service = await set.reader.service(set.clusterArn, SERVICE);
    expect(service.taskSets.find((one) => one.arn === arn)).toMatchObject({
      scale: 100,
      running: 2,
      stability: "STEADY_STATE",
    });
  });

  it("makes a set the primary one, once and again, and the one before active", async () => {
    const set = await make();
    const before = primaryOf(set).taskSetArn;
    const arn = await set.taskSets.create(orderFor(set));
    set.calls();
    await set.taskSets.setPrimary(arn);
    expect(set.calls()).toEqual(["UpdateServicePrimaryTaskSet"]);
    await set.taskSets.setPrimary(arn);
    expect(primaryOf(set).taskSetArn).toBe(arn);
    expect(described(set).find(({ taskSetArn }) => taskSetArn === before)?.status).toBe("ACTIVE");
  });

  it("deletes a set that is scaled to 0, and one that is gone without an error", async () => {
    const set = await make();
    const arn = await set.taskSets.create(orderFor(set));
    expect(await failure(set.taskSets.delete(arn))).toMatchObject({ code: "input" });
    await set.taskSets.scale(arn, 0);
    set.pass(120);
    set.calls();
    await set.taskSets.delete(arn);
    expect(set.calls()).toEqual(["DeleteTaskSet"]);
    await set.taskSets.delete(arn);
    set.pass(120);
    expect(described(set).map(({ taskSetArn }) => taskSetArn)).not.toContain(arn);
    await set.taskSets.delete(arn);
  });

  it("never deletes the primary one", async () => {
    const set = await make();
    const arn = primaryOf(set).taskSetArn ?? "";
    expect(await failure(set.taskSets.delete(arn))).toMatchObject({ code: "input" });
    expect(primaryOf(set).taskSetArn).toBe(arn);
  });

  it("says that a set is not there, and that an ARN is none", async () => {
    const set = await make();
    const gone = (primaryOf(set).taskSetArn ?? "").replace(/\d+$/, "1");
    expect(await failure(set.taskSets.scale(gone, 10))).toMatchObject({ code: "missing" });
    expect(await failure(set.taskSets.setPrimary(gone))).toMatchObject({ code: "missing" });
    expect(await failure(set.taskSets.scale("web", 10))).toMatchObject({ code: "input" });
  });
}
