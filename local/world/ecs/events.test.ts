// The event stream: fields as AWS's schema and documentation name them, and the same bytes for the same seed.

import { loadAwsServiceSpec } from "@aws-cdk/aws-service-spec";
import { beforeAll, describe, expect, it } from "vitest";
import type { Fixture } from "./ecs-fixture.ts";
import { createFargateService, createFixture } from "./ecs-fixture.ts";

interface FieldType {
  readonly type: string;
  readonly element?: FieldType;
  readonly reference?: { readonly $ref: string };
}
type Fields = Readonly<Record<string, { readonly type: FieldType; readonly required?: boolean }>>;
type Resolve = (reference: { readonly $ref: string }) => Fields;

/** In AWS's own samples of 2025 and later, and not in the schema of 2026-08. */
const DOCUMENTED_BEYOND_SCHEMA = new Set(["capacityProviderName", "enableExecuteCommand"]);

/** What is wrong with a value by the schema: unknown names, missing names, wrong kinds. */
function faults(path: string, value: unknown, type: FieldType, resolve: Resolve): string[] {
  // The schema calls some lists of objects (attachment details) an object: AWS's samples show lists.
  if (Array.isArray(value)) {
    const element = type.type === "array" ? type.element : type;
    if (element === undefined) return [`${path}: no list`];
    return value.flatMap((item, index) => faults(`${path}[${index}]`, item, element, resolve));
  }
  if (type.type !== "ref")
    return type.type === typeof value ? [] : [`${path}: ${typeof value} instead of ${type.type}`];
  if (type.reference === undefined || typeof value !== "object" || value === null)
    return [`${path}: no object`];
  return objectFaults(path, value as Record<string, unknown>, { fields: resolve(type.reference), resolve });
}

function objectFaults(
  path: string,
  value: Record<string, unknown>,
  schema: { readonly fields: Fields; readonly resolve: Resolve },
): string[] {
  const { fields, resolve } = schema;
  const missing = Object.keys(fields).filter(
    (name) => fields[name]?.required === true && value[name] === undefined,
  );
  const present = Object.keys(value).flatMap((name) => {
    const field = fields[name];
    if (field !== undefined) return faults(`${path}.${name}`, value[name], field.type, resolve);
    return DOCUMENTED_BEYOND_SCHEMA.has(name) ? [] : [`${path}.${name}: unknown`];
  });
  return [...missing.map((name) => `${path}.${name}: missing`), ...present];
}

/** Something of everything: both capacities, failures, drains, daemons, lost hosts. */
function busyWorld(seed: number): Fixture {
  const fixture = createFixture({
    seed,
    subnets: [{ subnetId: "subnet-1", availabilityZone: "us-east-1a", family: "dualstack" }],
  });
  const { ecs, advance } = fixture;
  for (let host = 0; host < 3; host += 1) ecs.registerContainerInstance({});
  ecs.registerContainerInstance({ ec2InstanceId: "mi-0123456789abcdef0" });
  createFargateService(fixture, "web", 4);
  const { CreateService, RunTask, UpdateService, UpdateContainerInstancesState } = ecs.operations;
  CreateService({ serviceName: "api", taskDefinition: "checked", desiredCount: 4, launchType: "EC2" });
  CreateService({ serviceName: "edge", taskDefinition: "bridge", desiredCount: 1, launchType: "EXTERNAL" });
  CreateService({
    serviceName: "agent",
    taskDefinition: "host",
    schedulingStrategy: "DAEMON",
    launchType: "EC2",
  });
  RunTask({
    taskDefinition: "bridge",
    launchType: "EC2",
    overrides: { containerOverrides: [{ name: "web", command: ["once"] }] },
  });
  advance(60);
  const [first, second] = [...ecs.runningTasks()];
  ecs.killTask(first?.taskId ?? "", {
    exitCode: 1,
    reason: "OutOfMemoryError: Container killed due to memory usage",
  });
  ecs.interruptSpot(second?.taskId ?? "");
  const [a, b] = [...ecs.hosts()];
  UpdateContainerInstancesState({ containerInstances: [a?.containerInstanceArn ?? ""], status: "DRAINING" });
  ecs.loseHost(b?.ec2InstanceId ?? "");
  ecs.failTasksOf(
    { service: "web" },
    { kind: "fails-to-start", reason: "CannotPullContainerError: no such image" },
  );
  UpdateService({ service: "web", forceNewDeployment: true, desiredCount: 6 });
  UpdateService({ service: "api", desiredCount: 200 });
  advance(900);
  return fixture;
}

describe("ECS events", () => {
  let roots: Map<string, Fields>;
  let resolve: Resolve;

  beforeAll(async () => {
    const database = await loadAwsServiceSpec();
    resolve = (reference) => database.get("eventTypeDefinition", reference.$ref).properties as Fields;
    const own = database.all("event").filter((event) => event.source === "aws.ecs");
    roots = new Map(own.map((event) => [event.detailType, resolve(event.rootProperty)]));
  });

  it("fit AWS's schema in every field", () => {
    const { events } = busyWorld(1);
    const checked = events.filter((event) => roots.has(event["detail-type"]));
    expect(new Set(checked.map((event) => event["detail-type"]))).toEqual(
      new Set(["ECS Task State Change", "ECS Container Instance State Change", "ECS Service Action"]),
    );
    const wrong = checked.flatMap((event) =>
      objectFaults(
        event["detail-type"],
        { ...event.detail },
        { fields: roots.get(event["detail-type"]) ?? {}, resolve },
      ),
    );
    expect([...new Set(wrong)]).toEqual([]);
    expect(new Set(events.map((event) => event["detail-type"])).size).toBe(4);
  });

  it("would be refused with an unknown or a missing field", () => {
    const detail = { ...createDetail(), surprise: 1, taskArn: undefined };
    const wrong = objectFaults("task", detail, { fields: roots.get("ECS Task State Change") ?? {}, resolve });
    expect(wrong).toContain("task.surprise: unknown");
    expect(wrong).toContain("task.taskArn: missing");
  });

  it("show each version of a task once, rising without a gap", () => {
    const last = new Map<unknown, number>();
    for (const detail of busyWorld(2).details("ECS Task State Change")) {
      expect(detail["version"]).toBe((last.get(detail["taskArn"]) ?? 0) + 1);
      last.set(detail["taskArn"], Number(detail["version"]));
    }
    expect(last.size).toBeGreaterThan(20);
  });

  it("are the same bytes for the same seed and others for another", () => {
    const stream = (seed: number) => JSON.stringify(busyWorld(seed).events);
    expect(stream(5)).toBe(stream(5));
    expect(stream(5)).not.toBe(stream(6));
  });

  it("do not change after they were sent", () => {
    const fixture = createFixture();
    const sent: string[] = [];
    fixture.kernel.onEvent((event) => sent.push(JSON.stringify(event)));
    createFargateService(fixture, "web", 3);
    fixture.advance(60);
    fixture.ecs.operations.UpdateService({ service: "web", desiredCount: 0 });
    fixture.advance(120);
    expect(fixture.events.map((event) => JSON.stringify(event))).toEqual(sent);
  });
});

function createDetail(): Record<string, unknown> {
  const fixture = createFixture();
  createFargateService(fixture, "web", 1);
  fixture.advance(60);
  return fixture.details("ECS Task State Change").at(-1) ?? {};
}
