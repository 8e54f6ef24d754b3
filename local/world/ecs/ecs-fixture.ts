// A small virtual ECS for the unit tests of this folder: definitions of every network mode, and its events.

import { addMs, epochMs, seconds } from "../../../shared/base/time.ts";
import { checkedOperations } from "../../models/answer-check.ts";
import { watchEvents } from "../../models/event-check.ts";
import { NO_FUNCTIONS } from "../functions.ts";
import type { BusEvent, Timeline } from "../kernel.ts";
import { createKernel } from "../kernel.ts";
import type { BalancingFixture } from "./balancing-fixture.ts";
import { createBalancingFixture } from "./balancing-fixture.ts";
import type { Ecs, EcsOptions } from "./ecs.ts";
import { createEcs } from "./ecs.ts";

const SUBNETS = ["subnet-1", "subnet-2", "subnet-3"];

export interface Fixture {
  readonly kernel: Timeline;
  readonly ecs: Ecs;
  readonly balancing: BalancingFixture;
  readonly events: BusEvent[];
  advance(byS: number): void;
  /** Details of the events of one type, in order. */
  details(detailType: string): Record<string, unknown>[];
  /** The statuses that a task showed, in order. */
  walk(taskArn: string): string[];
}

export function createFixture(options: EcsOptions & { readonly seed?: number } = {}): Fixture {
  const kernel = createKernel({ seed: options.seed ?? 1, startAt: epochMs(Date.UTC(2026, 0, 1)) });
  const events: BusEvent[] = [];
  kernel.onEvent((event) => events.push(event));
  watchEvents(kernel);
  const balancing = createBalancingFixture(kernel);
  const model = createEcs(kernel, options, {
    balancing,
    functions: NO_FUNCTIONS,
    alarmState: () => undefined,
  });
  const ecs = { ...model, operations: checkedOperations("ecs", model.operations) };
  registerDefinitions(ecs);
  ecs.operations.PutClusterCapacityProviders({
    cluster: "default",
    capacityProviders: ["FARGATE", "FARGATE_SPOT"],
    defaultCapacityProviderStrategy: [],
  });
  const details = (detailType: string) =>
    events.filter((event) => event["detail-type"] === detailType).map((event) => ({ ...event.detail }));
  return {
    kernel,
    ecs,
    balancing,
    events,
    details,
    advance: (byS) => kernel.advanceTo(addMs(kernel.now(), seconds(byS))),
    walk: (taskArn) =>
      details("ECS Task State Change")
        .filter((detail) => detail["taskArn"] === taskArn)
        .map((detail) => String(detail["lastStatus"])),
  };
}

function registerDefinitions(ecs: Ecs): void {
  const container = { name: "web", image: "example/web:1", cpu: 256, memory: 512 };
  const { RegisterTaskDefinition: register } = ecs.operations;
  register({
    family: "fargate",
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "256",
    memory: "512",
    containerDefinitions: [{ ...container, portMappings: [{ containerPort: 8080 }] }],
  });
  register({
    family: "bridge",
    networkMode: "bridge",
    containerDefinitions: [
      { ...container, portMappings: [{ containerPort: 80 }, { containerPort: 81, protocol: "udp" }] },
    ],
  });
  register({
    family: "host",
    networkMode: "host",
    containerDefinitions: [{ ...container, portMappings: [{ containerPort: 9000 }] }],
  });
  register({
    family: "checked",
    networkMode: "bridge",
    containerDefinitions: [
      {
        ...container,
        portMappings: [{ containerPort: 80 }],
        healthCheck: { command: ["CMD", "true"], interval: 5 },
      },
    ],
  });
}

/** CreateService on Fargate over the three subnets. */
export function createFargateService(fixture: Fixture, serviceName: string, desiredCount: number): void {
  fixture.ecs.operations.CreateService({
    serviceName,
    desiredCount,
    taskDefinition: "fargate",
    launchType: "FARGATE",
    networkConfiguration: { awsvpcConfiguration: { subnets: SUBNETS } },
  });
}
