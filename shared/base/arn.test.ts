// The parts of ECS ARNs: old and new forms, other services, every partition.

import { describe, expect, it } from "vitest";
import { arnName, callerName, clusterArn, parseEcsArn, partitionOf, taskDefinitionParts } from "./arn.ts";

describe("partitionOf", () => {
  it.each([
    ["us-east-1", "aws"],
    ["us-west-2", "aws"],
    ["eu-central-1", "aws"],
    ["ap-southeast-7", "aws"],
    ["mx-central-1", "aws"],
    ["cn-north-1", "aws-cn"],
    ["cn-northwest-1", "aws-cn"],
    ["us-gov-east-1", "aws-us-gov"],
    ["us-gov-west-1", "aws-us-gov"],
    ["us-iso-east-1", "aws-iso"],
    ["us-iso-west-1", "aws-iso"],
    ["us-isob-east-1", "aws-iso-b"],
    ["eu-isoe-west-1", "aws-iso-e"],
    ["us-isof-south-1", "aws-iso-f"],
    ["eusc-de-east-1", "aws-eusc"],
    ["", "aws"],
  ])("%s is in %s", (region, partition) => {
    expect(partitionOf(region)).toBe(partition);
  });
});

describe("clusterArn", () => {
  it.each(["us-east-1", "cn-north-1", "us-gov-west-1"])("is read back in %s", (region) => {
    const arn = clusterArn({ account: "111122223333", region, cluster: "prod" });
    expect(arn).toBe(`arn:${partitionOf(region)}:ecs:${region}:111122223333:cluster/prod`);
    expect(parseEcsArn(arn)).toEqual({ account: "111122223333", region, type: "cluster", path: ["prod"] });
  });
});

describe("parseEcsArn", () => {
  it("splits what lies behind the type, with and without the cluster's name", () => {
    const task = (path: string) => parseEcsArn(`arn:aws:ecs:us-east-1:111122223333:task/${path}`)?.path;
    expect(task("prod/0123")).toEqual(["prod", "0123"]);
    expect(task("0123")).toEqual(["0123"]);
  });

  it.each([
    undefined,
    42,
    "",
    "arn:aws:ecs:us-east-1:111122223333:cluster",
    "arn:aws:sqs:us-east-1:111122223333:queue/prod",
    "x arn:aws:ecs:us-east-1:111122223333:cluster/prod",
  ])("is undefined for %j", (arn) => {
    expect(parseEcsArn(arn)).toBeUndefined();
  });
});

describe("names", () => {
  it("are an ARN's last segment, or the text itself", () => {
    expect(arnName("arn:aws:ecs:us-east-1:111122223333:service/prod/web")).toBe("web");
    expect(arnName("web")).toBe("web");
  });

  it("of a task definition are its family and revision, where it has one", () => {
    const arn = "arn:aws:ecs:us-east-1:111122223333:task-definition/web";
    expect(taskDefinitionParts(`${arn}:7`)).toEqual({ family: "web", revision: "7" });
    expect(taskDefinitionParts(arn)).toEqual({ family: "web", revision: undefined });
  });
});

describe("callerName", () => {
  it.each([
    ["arn:aws:iam::111122223333:user/ada", "ada"],
    ["arn:aws:iam::111122223333:user/team/ada", "team/ada"],
    ["arn:aws-cn:sts::111122223333:assumed-role/Release/grace", "Release/grace"],
    ["arn:aws:iam::111122223333:root", "root"],
    ["external", "external"],
  ])("%s is %s", (by, name) => {
    expect(callerName(by)).toBe(name);
  });
});
