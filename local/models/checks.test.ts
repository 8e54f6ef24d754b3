// The judges of the local AWS find what they are there for: wrong answers, wrong errors, wrong events.

import { describe, expect, it } from "vitest";
import { epochMs } from "../../shared/base/time.ts";
import { AwsError, createKernel } from "../world/kernel.ts";
import { checkedOperations, checkedWorld, ModelDeviation } from "./answer-check.ts";
import { eventFaults, watchEvents } from "./event-check.ts";
import { checkAnswer, checkRefusal } from "./model-check.ts";

describe("an answer", () => {
  it.each([
    ["an unknown member", { taskArns: [], tasks: [] }, /tasks: unknown/],
    ["a wrong type", { taskArns: "a" }, /taskArns: type/],
    ["a wrong item", { taskArns: [1] }, /taskArns\.0: type/],
  ])("with %s is found", (_, answer, fault) => {
    expect(checkAnswer("ecs", "ListTasks", answer)).toEqual([expect.stringMatching(fault)]);
  });

  it("with a value outside of its enum is found, deep inside", () => {
    const answer = { tasks: [{ lastStatus: "RUNNING", stopCode: "Bored" }] };
    expect(checkAnswer("ecs", "DescribeTasks", answer)).toEqual([
      expect.stringMatching(/tasks\.0\.stopCode: enum/),
    ]);
  });

  it("of AWS is none", () => {
    const task = { lastStatus: "RUNNING", stopCode: "SpotInterruption", createdAt: new Date(0), version: 3 };
    expect(checkAnswer("ecs", "DescribeTasks", { tasks: [task], failures: [] })).toEqual([]);
    expect(checkAnswer("events", "DeleteRule", {})).toEqual([]);
  });
});

describe("an error", () => {
  it.each([
    ["ecs", "ListTasks", new AwsError("ServiceNotFound", ""), /not an error of this operation/],
    [
      "ecs",
      "ListTasks",
      new AwsError("ClusterNotFoundException", "", { status: 404 }),
      /status 404, not 400/,
    ],
    ["cloudwatch", "DeleteAlarms", new AwsError("ResourceNotFound", ""), /status 400, not 404/],
    [
      "servicediscovery",
      "RegisterInstance",
      new AwsError("DuplicateRequest", "", { fields: { Id: "1" } }),
      /no field Id/,
    ],
    ["ecs", "ListTasks", new AwsError("ThrottlingException", "", { status: 503 }), /status 503/],
  ] as const)("of %s %s that AWS does not have is found", (service, operation, error, fault) => {
    expect(checkRefusal(service, operation, error)).toEqual([expect.stringMatching(fault)]);
  });

  it.each([
    ["ecs", "ListTasks", new AwsError("ClusterNotFoundException", "")],
    ["ecs", "ListTasks", new AwsError("ServerException", "", { status: 500 })],
    [
      "servicediscovery",
      "RegisterInstance",
      new AwsError("DuplicateRequest", "", { fields: { DuplicateOperationId: "1" } }),
    ],
    ["ec2", "DescribeInstances", new AwsError("InvalidInstanceID.NotFound", "")],
    ["elasticloadbalancing", "CreateRule", new AwsError("PriorityInUse", "")],
  ] as const)("of %s %s that AWS has is none", (service, operation, error) => {
    expect(checkRefusal(service, operation, error)).toEqual([]);
  });
});

describe("a checked model", () => {
  const refuse = (name: string) => () => {
    throw new AwsError(name, "no");
  };

  it("passes on what AWS could have said", () => {
    const { ListTasks, StopTask } = checkedOperations("ecs", {
      ListTasks: () => ({ taskArns: [] }),
      StopTask: refuse("InvalidParameterException"),
    });
    expect(ListTasks()).toEqual({ taskArns: [] });
    expect(StopTask).toThrow(AwsError);
  });

  it("fails as a defect for anything else, so that no client takes it for an answer", () => {
    const world = checkedWorld({
      call: (_: string, operation: string) => (operation === "ListTasks" ? { tasks: [] } : refuse("Oops")()),
    });
    expect(() => world.call("ecs", "ListTasks", {})).toThrow(ModelDeviation);
    expect(() => world.call("ecs", "StopTask", {})).toThrow(ModelDeviation);
  });
});

const event = (detailType: string, detail: Record<string, unknown>, source = "aws.ecs") => ({
  version: "0" as const,
  id: "3329f79b-3dca-07f8-b1c2-5fe99f0b5e87",
  "detail-type": detailType,
  source,
  account: "111122223333",
  time: "2026-03-05T15:54:41Z",
  region: "us-west-2",
  resources: [],
  detail,
});

const hook = {
  eventType: "INFO",
  eventName: "HOOK_AWAITING_ACTION",
  hookId: "ecs-pause-1",
  hookType: "PAUSE",
  expiresAt: "2026-03-05T16:04:41Z",
  lifecycleStage: "POST_TEST_TRAFFIC_SHIFT",
  clusterArn: "arn:c",
  serviceArn: "arn:s",
  serviceDeploymentArn: "arn:d",
  updatedAt: "2026-03-05T15:54:41.618059641Z",
};

const deployment = {
  eventType: "ERROR",
  eventName: "SERVICE_DEPLOYMENT_FAILED",
  deploymentId: "ecs-svc/123",
  updatedAt: "2020-05-23T11:11:11Z",
  reason: "ECS deployment circuit breaker: task failed to start.",
};

const check = { type: "AGENT_CONNECTIVITY", status: "IMPAIRED", lastStatusChange: "t", lastUpdated: "t" };
const health = {
  clusterArn: "arn:c",
  containerInstanceArn: "arn:i",
  capacityProviderName: null,
  ec2InstanceId: "i-1",
  overallStatus: "IMPAIRED",
  healthChecks: [check],
};

describe("an event", () => {
  it.each([
    ["ECS Hook State Change", hook],
    ["ECS Deployment State Change", deployment],
    ["ECS Container Instance Health Change", health],
  ])("%s as AWS documents it is none", (type, detail) => {
    expect(eventFaults(event(type, detail))).toEqual([]);
  });

  it.each([
    ["ECS Hook State Change", { ...hook, eventName: "HOOK_STARTED" }, /eventName: enum/],
    ["ECS Hook State Change", { ...hook, serviceArn: undefined }, /serviceArn: missing/],
    ["ECS Deployment State Change", { ...deployment, deploymentId: "d-1" }, /deploymentId: pattern/],
    ["ECS Deployment State Change", { ...deployment, clusterArn: "c" }, /clusterArn: unknown/],
    [
      "ECS Container Instance Health Change",
      { ...health, healthChecks: [{ ...check, status: "BAD" }] },
      /status: enum/,
    ],
    ["ECS Something Else", {}, /sends no/],
  ])("%s with a fault is found", (type, detail, fault) => {
    expect(eventFaults(event(type, detail))).toEqual([expect.stringMatching(fault)]);
  });

  it("of somebody else may be anything, in an envelope that is EventBridge's", () => {
    expect(eventFaults(event("Anything", { at: 1 }, "shop.orders"))).toEqual([]);
    expect(eventFaults({ ...event("Anything", {}, "shop"), time: "yesterday" })).toHaveLength(1);
  });

  it("with a fault stops a watched world where it is sent", () => {
    const kernel = createKernel({ seed: 1, startAt: epochMs(0) });
    watchEvents(kernel);
    const send = (detail: object) => () =>
      kernel.emit({
        source: "aws.ecs",
        detailType: "ECS Hook State Change",
        resources: [],
        detail: { ...detail },
      });
    expect(send(hook)).not.toThrow();
    expect(send({ ...hook, hookType: "HTTP" })).toThrow("hookType: enum");
  });
});
