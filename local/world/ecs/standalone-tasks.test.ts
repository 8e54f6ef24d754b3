// RunTask and StartTask: where tasks go, what is refused, what is a failure.

import type { PlacementStrategy } from "@aws-sdk/client-ecs";
import { describe, expect, it } from "vitest";
import { createFixture } from "./ecs-fixture.ts";

const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-1"] } };
const onFargate = { taskDefinition: "fargate", launchType: "FARGATE" as const, networkConfiguration };
const onHosts = { taskDefinition: "bridge", launchType: "EC2" as const };

function prepare(zones: readonly string[]) {
  const fixture = createFixture();
  const hosts = zones.map((availabilityZone) => fixture.ecs.registerContainerInstance({ availabilityZone }));
  return { ...fixture, hosts, run: fixture.ecs.operations.RunTask, start: fixture.ecs.operations.StartTask };
}

describe("RunTask", () => {
  it("puts tasks of one call on hosts of their own with distinctInstance", () => {
    const { run, hosts } = prepare(["us-east-1a", "us-east-1b"]);
    const answer = run({ ...onHosts, count: 3, placementConstraints: [{ type: "distinctInstance" }] });
    const used = answer.tasks?.map(({ containerInstanceArn }) => containerInstanceArn);
    expect(used?.sort()).toEqual(hosts.map(({ containerInstanceArn }) => containerInstanceArn).sort());
    expect(answer.failures).toEqual([{ reason: "DistinctInstance placement constraint unsatisfied." }]);
  });

  it.each([
    ["attribute:ecs.availability-zone == us-east-1b", 1],
    ["attribute:ecs.availability-zone != us-east-1b", 0],
    ["attribute:ecs.availability-zone in [us-east-1b, us-east-1c]", 1],
    ["attribute:ecs.availability-zone not_in [us-east-1b]", 0],
    ["attribute:ecs.capability.external !exists", 0],
    ["attribute:ecs.os-type == windows", undefined],
  ])("heeds memberOf %s", (expression, expected) => {
    const { run, hosts } = prepare(["us-east-1a", "us-east-1b"]);
    const answer = run({ ...onHosts, placementConstraints: [{ type: "memberOf", expression }] });
    const place = hosts.findIndex(
      ({ containerInstanceArn }) => containerInstanceArn === answer.tasks?.[0]?.containerInstanceArn,
    );
    expect(place === -1 ? undefined : place).toBe(expected);
    if (expected === undefined)
      expect(answer.failures).toEqual([{ reason: "MemberOf placement constraint unsatisfied." }]);
  });

  it.each<[string, PlacementStrategy[], number[]]>([
    ["binpack by memory", [{ type: "binpack", field: "memory" }], [0, 0, 0]],
    ["spread over hosts", [{ type: "spread", field: "instanceId" }], [0, 1, 2]],
    [
      "spread over zones, then binpack",
      [
        { type: "spread", field: "attribute:ecs.availability-zone" },
        { type: "binpack", field: "cpu" },
      ],
      [0, 0, 2],
    ],
  ])("follows %s", (_what, placementStrategy, expected) => {
    const { run, hosts } = prepare(["us-east-1a", "us-east-1a", "us-east-1b"]);
    run({ ...onHosts, group: "first" });
    const answer = run({ ...onHosts, group: "mine", count: 3, placementStrategy });
    const places = (answer.tasks ?? []).map(({ containerInstanceArn: arn }) =>
      hosts.findIndex(({ containerInstanceArn }) => containerInstanceArn === arn),
    );
    expect(places.toSorted()).toEqual(expected);
  });

  it.each<[string, PlacementStrategy[]]>([
    ["an unknown field", [{ type: "binpack", field: "gpu" }]],
    ["spread over nothing", [{ type: "spread" }]],
    ["six rules", Array.from({ length: 6 }, () => ({ type: "random" as const }))],
  ])("refuses a strategy with %s", (_what, placementStrategy) => {
    const { run } = prepare(["us-east-1a"]);
    expect(() => run({ ...onHosts, placementStrategy })).toThrow(/placement strateg/);
  });

  it.each<[string, object, string]>([
    ["no tasks", { ...onFargate, count: 0 }, "The count should be between 1 and 10."],
    ["eleven tasks", { ...onFargate, count: 11 }, "The count should be between 1 and 10."],
    ["a service's group", { ...onFargate, group: "service:web" }, "reserved"],
    ["a long startedBy", { ...onFargate, startedBy: "x".repeat(129) }, "startedBy cannot be longer"],
    [
      "an override of no container",
      { ...onFargate, overrides: { containerOverrides: [{ name: "nobody" }] } },
      "Override for container named nobody is not a container in the TaskDefinition.",
    ],
    [
      "constraints on Fargate",
      { ...onFargate, placementConstraints: [{ type: "distinctInstance" }] },
      "Placement constraints are not supported with FARGATE launch type.",
    ],
    ["a cluster without hosts", onHosts, "No Container Instances were found in your cluster."],
  ])("refuses %s", (_what, input, message) => {
    const { run } = prepare([]);
    expect(() => run(input as never)).toThrow(message);
  });

  it("keeps what the caller says about the task", () => {
    const { run } = prepare([]);
    const overrides = { containerOverrides: [{ name: "web", command: ["x"] }] };
    const { tasks } = run({ ...onFargate, startedBy: "me", group: "batch", overrides, count: 2 });
    expect(tasks).toHaveLength(2);
    expect(tasks?.[0]).toMatchObject({ startedBy: "me", group: "batch", overrides });
  });
});

describe("StartTask", () => {
  it("starts on the hosts that are named, and tells each that cannot take it", () => {
    const { start, ecs, hosts } = prepare(["us-east-1a", "us-east-1b", "us-east-1c"]);
    const [first, second, third] = hosts.map(({ containerInstanceArn }) => containerInstanceArn);
    ecs.disconnectAgent(second ?? "");
    ecs.operations.UpdateContainerInstancesState({ containerInstances: [third ?? ""], status: "DRAINING" });
    const answer = start({
      taskDefinition: "bridge",
      containerInstances: [first ?? "", second ?? "", third ?? "", "nothing"],
      startedBy: "me",
    });
    expect(answer.tasks).toMatchObject([{ containerInstanceArn: first, startedBy: "me", launchType: "EC2" }]);
    expect(answer.failures?.map(({ reason }) => reason)).toEqual(["AGENT", "INACTIVE", "MISSING"]);
  });

  it("says what a host lacks", () => {
    const fixture = createFixture();
    const host = fixture.ecs.registerContainerInstance({ cpu: 300, memory: 4_096 });
    const call = () =>
      fixture.ecs.operations.StartTask({
        taskDefinition: "bridge",
        containerInstances: [host.containerInstanceArn],
      });
    expect(call().failures).toEqual([]);
    expect(call().failures).toEqual([{ arn: host.containerInstanceArn, reason: "RESOURCE:CPU" }]);
  });

  it("needs hosts, and at most ten", () => {
    const { start } = prepare([]);
    expect(() => start({ taskDefinition: "bridge", containerInstances: [] })).toThrow("cannot be empty");
    const many = Array.from({ length: 11 }, (_, number) => `c${number}`);
    expect(() => start({ taskDefinition: "bridge", containerInstances: many })).toThrow("at most 10");
  });
});
