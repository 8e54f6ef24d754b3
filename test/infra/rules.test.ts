// Which rule takes which event: the task rules exclude each other, everything lands in the queue that fits,
// and nothing of another cluster or kind gets in. The patterns are those of the synthesized template.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../../local/world/events/matcher.ts";
import { TASK_STATUSES } from "../../shared/contracts/facts.ts";
import type { GivenSettings } from "./synthesized.ts";
import { ofType, referent, synthesize } from "./synthesized.ts";

type Match = (event: object) => readonly string[];

/** The queues (by logical id) and rules that an event reaches, as `queue rule`. */
function routesOf(given: GivenSettings): Match {
  const made = synthesize(given);
  const rules = ofType(made, "AWS::Events::Rule")
    .filter(({ properties }) => properties["EventPattern"] !== undefined)
    .map(({ properties }) => ({
      route: `${referent(properties["Targets"][0].Arn, made).replace(/Queue.*/, "")} ${properties["Name"]}`,
      pattern: compile(properties["EventPattern"]),
    }));
  return (event) => rules.filter(({ pattern }) => pattern.matches(event)).map(({ route }) => route);
}

const routes = routesOf({});

const clusterArn = "arn:aws:ecs:eu-west-1:111122223333:cluster/web";
const event = (source: string, type: string, detail: object, resources: readonly string[] = []) => ({
  version: "0",
  source,
  "detail-type": type,
  resources,
  detail,
});
const task = (detail: object) => event("aws.ecs", "ECS Task State Change", { clusterArn, ...detail });

const stopCodes = [
  "TaskFailedToStart",
  "EssentialContainerExited",
  "UserInitiated",
  "ServiceSchedulerInitiated",
  "SpotInterruption",
  "TerminationNotice",
  "SomethingNew",
];

const LEAVING = "Urgent fairlead-task-leaving";
const SETTLED = "Ingress fairlead-task-settled";

describe("task events", () => {
  it("match at most one rule, whatever they say", () => {
    const status = fc.constantFrom(...TASK_STATUSES);
    const detail = fc.record(
      { lastStatus: status, desiredStatus: status, stopCode: fc.constantFrom(...stopCodes) },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(detail, (each) => routes(task(each)).length <= 1));
  });

  it.each([
    [{ desiredStatus: "STOPPED", lastStatus: "RUNNING" }, [LEAVING]],
    [{ desiredStatus: "STOPPED", lastStatus: "RUNNING", stopCode: "TerminationNotice" }, [LEAVING]],
    [{ desiredStatus: "STOPPED", lastStatus: "DEACTIVATING", stopCode: "UserInitiated" }, [LEAVING]],
    [{ desiredStatus: "STOPPED", lastStatus: "STOPPED", stopCode: "EssentialContainerExited" }, [LEAVING]],
    [{ desiredStatus: "STOPPED", lastStatus: "STOPPED", stopCode: "TaskFailedToStart" }, [LEAVING]],
    [{ desiredStatus: "STOPPED", lastStatus: "STOPPED", stopCode: "SpotInterruption" }, [LEAVING]],
    [{ desiredStatus: "STOPPED", lastStatus: "STOPPED", stopCode: "UserInitiated" }, [SETTLED]],
    [{ desiredStatus: "STOPPED", lastStatus: "STOPPED", stopCode: "SomethingNew" }, [SETTLED]],
    [{ desiredStatus: "STOPPED", lastStatus: "STOPPED" }, [SETTLED]],
    [{ desiredStatus: "RUNNING", lastStatus: "RUNNING", healthStatus: "UNHEALTHY" }, [SETTLED]],
    [{ desiredStatus: "RUNNING", lastStatus: "PROVISIONING" }, []],
    [{ desiredStatus: "RUNNING", lastStatus: "PENDING" }, []],
    [{ desiredStatus: "RUNNING", lastStatus: "ACTIVATING" }, []],
    [{ desiredStatus: "STOPPED", lastStatus: "PENDING" }, []],
    [{ desiredStatus: "STOPPED", lastStatus: "STOPPING" }, []],
    [{ desiredStatus: "STOPPED", lastStatus: "DEPROVISIONING" }, []],
  ])("%j goes to %j", (detail, expected) => {
    expect(routes(task(detail))).toEqual(expected);
  });
});

const CALL = "AWS API Call via CloudTrail";
const elbCall = (eventName: string) => ({ eventSource: "elasticloadbalancing.amazonaws.com", eventName });

describe("other events", () => {
  it.each([
    ["aws.ecs", "ECS Service Action", {}, "Ingress fairlead-service-action"],
    ["aws.ecs", "ECS Deployment State Change", {}, "Ingress fairlead-deployment"],
    ["aws.ecs", "ECS Hook State Change", {}, "Urgent fairlead-hook"],
    ["aws.ecs", "ECS Container Instance State Change", {}, "Ingress fairlead-container-instance"],
    ["aws.ecs", "ECS Container Instance Health Change", {}, "Ingress fairlead-container-instance-health"],
    ["aws.ecs", "ECS Daemon Service Action", {}, "Ingress fairlead-daemon"],
    ["aws.ecs", "ECS Daemon Deployment State Change", {}, "Ingress fairlead-daemon"],
    ["aws.cloudwatch", "CloudWatch Alarm State Change", {}, "Urgent fairlead-alarm"],
    ["aws.cloudwatch", "CloudWatch Alarm Contributor State Change", {}, "Urgent fairlead-alarm"],
    ["aws.ecr", "ECR Image Action", { "action-type": "PUSH", result: "SUCCESS" }, "Ingress fairlead-image"],
    ["aws.health", "AWS Health Event", { service: "ECS" }, "Ingress fairlead-health-notice"],
    ["aws.ec2", "EC2 Spot Instance Interruption Warning", {}, "Urgent fairlead-spot-interruption"],
    ["aws.ec2", "EC2 Instance Rebalance Recommendation", {}, "Ingress fairlead-rebalance"],
    ["aws.elasticloadbalancing", CALL, elbCall("ModifyRule"), "Ingress fairlead-traffic-change"],
    ["aws.elasticloadbalancing", CALL, elbCall("ModifyListener"), "Ingress fairlead-traffic-change"],
  ])("%s %s %j", (source, type, detail, expected) => {
    expect(routes(event(source, type, { clusterArn, ...detail }))).toEqual([expected]);
  });

  it.each([
    ["aws.ecr", "ECR Image Action", { "action-type": "DELETE", result: "SUCCESS" }],
    ["aws.ecr", "ECR Image Action", { "action-type": "PUSH", result: "FAILURE" }],
    ["aws.health", "AWS Health Event", { service: "EC2" }],
    ["aws.ec2", "EC2 Instance State-change Notification", {}],
    ["aws.elasticloadbalancing", CALL, elbCall("DeleteRule")],
    ["aws.elasticloadbalancing", CALL, { ...elbCall("ModifyRule"), errorCode: "AccessDenied" }],
    ["aws.ecs", CALL, { eventSource: "ecs.amazonaws.com", eventName: "UpdateService" }],
    ["aws.cloudwatch", "CloudWatch Alarm Configuration Change", {}],
    ["somebody.else", "ECS Service Action", {}],
  ])("%s %s %j is dropped", (source, type, detail) => {
    expect(routes(event(source, type, detail))).toEqual([]);
  });
});

describe("with clusters named", () => {
  const other = "arn:aws:ecs:eu-west-1:111122223333:cluster/other-web";
  const named = [
    ["a name", routesOf({ clusters: "web" })],
    ["an ARN", routesOf({ clusters: clusterArn })],
  ] as const;
  const running = { desiredStatus: "RUNNING", lastStatus: "RUNNING" };
  const types = ["ECS Service Action", "ECS Hook State Change", "ECS Daemon Service Action"];

  it.each(named)("by %s, events of other clusters stay out", (_form, match) => {
    expect(match(task(running))).toEqual([SETTLED]);
    expect(match(task({ ...running, clusterArn: other }))).toEqual([]);
    for (const type of types) {
      expect(match(event("aws.ecs", type, { clusterArn }))).toHaveLength(1);
      expect(match(event("aws.ecs", type, { clusterArn: other }))).toEqual([]);
    }
  });

  it.each(named)("by %s, deployments are told apart by their service's ARN", (_form, match) => {
    const deployment = (cluster: string) =>
      event("aws.ecs", "ECS Deployment State Change", {}, [
        `arn:aws:ecs:eu-west-1:111122223333:service/${cluster}/shop`,
      ]);
    expect(match(deployment("web"))).toEqual(["Ingress fairlead-deployment"]);
    expect(match(deployment("other-web"))).toEqual([]);
  });
});
