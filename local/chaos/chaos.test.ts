// Each break shows in the world as it would in AWS, and mending lets the world heal.

import { describe, expect, it } from "vitest";
import { createStage } from "./chaos-fixture.ts";

/** Longer than any start here, and than ECS's first pauses between failed starts. */
const HEALING_S = 600;

describe("tasks", () => {
  it("crash in a loop until they are mended", () => {
    const stage = createStage();
    stage.chaos.break("crash-loop", { service: "demo/web", after: "20s" });
    stage.advance(300);
    const stops = stage.stops("web");
    // Four that ran, and those that took their place: more than one round.
    expect(stops.length).toBeGreaterThan(8);
    expect(new Set(stops)).toEqual(
      new Set(["EssentialContainerExited | Essential container in task exited | 1"]),
    );
    stage.chaos.mend("crash-loop");
    stage.advance(HEALING_S);
    const after = stage.stops("web").length;
    expect(stage.running("web")).toBe(4);
    stage.advance(HEALING_S);
    expect(stage.stops("web")).toHaveLength(after);
    expect(stage.stops("api")).toEqual([]);
  });

  it("run out of memory, a share of them", () => {
    const stage = createStage();
    stage.chaos.break("oom", { service: "web", share: "50", for: "12s" });
    stage.advance(60);
    expect(stage.stops("web")).toEqual(
      Array.from(
        { length: 2 },
        () =>
          "EssentialContainerExited | Essential container in task exited | 137 | OutOfMemoryError: Container killed due to memory usage",
      ),
    );
  });

  it("fail on one revision only", () => {
    const stage = createStage();
    stage.chaos.break("crash-loop", { service: "demo/web", revision: "2" });
    stage.advance(120);
    expect(stage.stops("web")).toEqual([]);
    const { taskDefinition } = stage.world.ecs.operations.DescribeTaskDefinition({ taskDefinition: "web" });
    stage.world.call("ecs", "RegisterTaskDefinition", {
      family: "web",
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      containerDefinitions: taskDefinition?.containerDefinitions,
    });
    stage.world.call("ecs", "UpdateService", { cluster: "demo", service: "web", taskDefinition: "web" });
    stage.advance(120);
    const failed = stage.emitted.filter(({ detail }) => detail["stopCode"] === "EssentialContainerExited");
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.every(({ detail }) => String(detail["taskDefinitionArn"]).endsWith("web:2"))).toBe(true);
  });

  it.each([
    ["image-pull-failure", {}, /^TaskFailedToStart \| CannotPullContainerError: .*example\/app:3: not found/],
    ["image-pull-failure", { cause: "rate-limit" }, /toomanyrequests/],
    [
      "secret-missing",
      {},
      /^TaskFailedToStart \| ResourceInitializationError: unable to pull secrets or registry auth: .*:secret:demo\/database/,
    ],
  ])("do not start: %s %j", (name, options, reason) => {
    const stage = createStage();
    stage.chaos.break(name, { service: "demo/web", ...options });
    stage.advance(240);
    expect(stage.running("web")).toBe(3);
    expect(stage.stops("web").filter((stop) => reason.test(stop)).length).toBeGreaterThan(0);
    stage.chaos.mend(name);
    stage.advance(HEALING_S);
    expect(stage.running("web")).toBe(4);
  });

  it("fail their health check, and are replaced", () => {
    const stage = createStage();
    stage.chaos.break("health-check-failing", { service: "demo/api" });
    stage.advance(60);
    expect(stage.stops("api").length).toBeGreaterThan(0);
    stage.chaos.mend();
    stage.advance(HEALING_S);
    expect(stage.running("api")).toBe(4);
    const tasks = [...stage.world.ecs.runningTasks("demo")].filter(({ group }) => group === "service:api");
    expect(tasks.map(({ health }) => health)).toEqual(["HEALTHY", "HEALTHY", "HEALTHY", "HEALTHY"]);
  });
});

describe("hosts", () => {
  it("lose their agent, and get it back", () => {
    const { world, chaos } = createStage();
    const { struck } = chaos.break("agent-lost", { count: "2" });
    expect(struck).toEqual([...world.ecs.hosts()].map(({ ec2InstanceId }) => ec2InstanceId));
    expect([...world.ecs.hosts()].map(({ agentConnected }) => agentConnected)).toEqual([false, false]);
    chaos.mend("agent-lost");
    expect([...world.ecs.hosts()].map(({ agentConnected }) => agentConnected)).toEqual([true, true]);
  });

  it("are lost with their tasks, and are replaced", () => {
    const stage = createStage();
    const [first] = [...stage.world.ecs.hosts()];
    stage.chaos.break("host-loss", { host: first?.ec2InstanceId ?? "" });
    stage.advance(60);
    expect([...stage.world.ecs.hosts()].map(({ ec2InstanceId }) => ec2InstanceId)).not.toContain(
      first?.ec2InstanceId,
    );
    expect(stage.stops("api")[0]).toContain(`Host EC2 (instance ${first?.ec2InstanceId}) terminated.`);
    stage.chaos.mend();
    stage.advance(HEALING_S);
    expect([...stage.world.ecs.hosts()]).toHaveLength(2);
    expect(stage.running("api")).toBe(4);
  });

  it("on Spot are reclaimed after a notice", () => {
    const stage = createStage();
    expect(stage.chaos.break("spot-reclaim", { share: "50" }).struck).toEqual(["2 tasks on Fargate Spot"]);
    const notices = stage.emitted.filter(
      ({ detail }) => detail["stopCode"] === "TerminationNotice" && detail["lastStatus"] === "RUNNING",
    );
    expect(notices).toHaveLength(2);
    stage.advance(240);
    expect(stage.running("web")).toBe(2);
    const failures = stage.emitted.filter(
      ({ detail }) => detail["eventName"] === "SERVICE_TASK_PLACEMENT_FAILURE",
    );
    expect(failures[0]?.detail["reason"]).toBe("RESOURCE:FARGATE");
    stage.chaos.mend();
    stage.advance(HEALING_S);
    expect(stage.running("web")).toBe(4);
  });
});

describe("a zone", () => {
  it("is lost with everything in it, and comes back", () => {
    const stage = createStage();
    const zone = "us-east-1a";
    const inZone = () =>
      [...stage.world.ecs.runningTasks("demo")].filter(({ availabilityZone }) => availabilityZone === zone);
    expect(inZone().length).toBeGreaterThan(0);
    stage.chaos.break("az-loss", { zone });
    stage.advance(HEALING_S);
    expect(inZone()).toEqual([]);
    expect(stage.running("web")).toBe(4);
    expect([...stage.world.ecs.hosts()]).toHaveLength(1);
    expect(stage.stops("web")[0]).toContain("InfrastructureHealth");
    stage.chaos.mend();
    expect([...stage.world.ecs.hosts()]).toHaveLength(2);
    stage.world.call("ecs", "UpdateService", { cluster: "demo", service: "web", desiredCount: 9 });
    stage.advance(HEALING_S);
    expect(inZone().length).toBeGreaterThan(0);
  });

  it("must be one that is used", () => {
    const { chaos } = createStage();
    expect(() => chaos.break("az-loss", { zone: "mars" })).toThrow(
      '--zone: nothing is in "mars". Zones in use:\n  us-east-1',
    );
  });
});

describe("versions", () => {
  const answersOf = ({ world }: ReturnType<typeof createStage>) =>
    [...world.ecs.runningTasks("demo")]
      .filter(({ group, lastStatus }) => group === "service:web" && lastStatus === "RUNNING")
      .map(({ addresses }) =>
        world.applications.answer(
          { id: addresses.ipv4 ?? "", port: 8080 },
          { method: "GET", host: "web", path: "/", headers: {} },
        ),
      );
  const taskDefinitionOf = ({ world }: ReturnType<typeof createStage>) =>
    world.ecs.operations.DescribeServices({ cluster: "demo", services: ["web"] }).services?.[0]
      ?.taskDefinition;

  it.each([
    ["failing-version", { share: "100" }, "FAIL_PERCENT", "100", { statusCode: 500 }],
    ["slow-version", { latency: "20s" }, "LATENCY_MS", "20000", { statusCode: 200 }],
  ])("%s is deployed, and taken back", (name, options, variable, value, answer) => {
    const stage = createStage();
    const former = taskDefinitionOf(stage);
    stage.chaos.break(name, { service: "demo/web", ...options });
    stage.advance(HEALING_S);
    const { taskDefinition } = stage.world.ecs.operations.DescribeTaskDefinition({
      taskDefinition: taskDefinitionOf(stage) ?? "",
    });
    expect(taskDefinition?.revision).toBe(2);
    expect(taskDefinition?.containerDefinitions?.[0]?.environment).toEqual([{ name: variable, value }]);
    const answers = answersOf(stage);
    expect(answers).toHaveLength(4);
    for (const one of answers) {
      expect(one).toMatchObject(answer);
      if (name === "slow-version") expect(one.kind === "answered" && one.afterMs > 2_000).toBe(true);
    }
    stage.chaos.mend(name);
    stage.advance(HEALING_S);
    expect(taskDefinitionOf(stage)).toBe(former);
    for (const one of answersOf(stage)) expect(one).toMatchObject({ statusCode: 200 });
  });

  it("that others replaced meanwhile stay replaced", () => {
    const stage = createStage();
    stage.chaos.break("failing-version", { service: "demo/web" });
    stage.world.call("ecs", "RegisterTaskDefinition", {
      family: "web",
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      containerDefinitions: [{ name: "app", image: "example/app:4" }],
    });
    stage.world.call("ecs", "UpdateService", { cluster: "demo", service: "web", taskDefinition: "web:3" });
    stage.chaos.mend();
    expect(taskDefinitionOf(stage)).toContain("/web:3");
  });
});

describe("weights", () => {
  const balanced = () => {
    const stage = createStage();
    const { operations, balancing } = stage.world.elb;
    const [blue = "", green = ""] = ["blue", "green"].map(
      (Name) =>
        operations.CreateTargetGroup({ Name, Protocol: "HTTP", Port: 80, VpcId: "vpc-1", TargetType: "ip" })
          .TargetGroups?.[0]?.TargetGroupArn ?? "",
    );
    const balancer = operations.CreateLoadBalancer({ Name: "edge", Subnets: ["subnet-1", "subnet-2"] });
    const listener = operations.CreateListener({
      LoadBalancerArn: balancer.LoadBalancers?.[0]?.LoadBalancerArn,
      Protocol: "HTTP",
      Port: 80,
      DefaultActions: [
        {
          Type: "forward",
          ForwardConfig: {
            TargetGroups: [
              { TargetGroupArn: blue, Weight: 70 },
              { TargetGroupArn: green, Weight: 30 },
            ],
          },
        },
      ],
    }).Listeners?.[0]?.ListenerArn;
    const weights = () => [...(balancing.weightsOf(listener ?? "")?.values() ?? [])];
    const shift = () =>
      balancing.setWeights(
        listener ?? "",
        new Map([
          [blue, 10],
          [green, 90],
        ]),
      );
    return { stage, weights, shift };
  };

  it("are reset, and put back", () => {
    const { stage, weights } = balanced();
    stage.chaos.break("weight-reset");
    expect(weights()).toEqual([100, 0]);
    stage.chaos.mend();
    expect(weights()).toEqual([70, 30]);
  });

  it("are reset again and again; what was set since stays", () => {
    const { stage, weights, shift } = balanced();
    stage.chaos.break("weight-reset", { every: "60s" });
    shift();
    expect(weights()).toEqual([10, 90]);
    stage.advance(61);
    expect(weights()).toEqual([100, 0]);
    shift();
    stage.chaos.mend();
    expect(weights()).toEqual([10, 90]);
  });

  it("must be somewhere", () => {
    expect(() => createStage().chaos.break("weight-reset")).toThrow("Rules that do:\n  (none)");
  });
});

describe("events", () => {
  const scaleOut = (stage: ReturnType<typeof createStage>): void => {
    stage.delivered.length = 0;
    stage.emitted.length = 0;
    stage.world.call("ecs", "UpdateService", { cluster: "demo", service: "web", desiredCount: 6 });
    stage.advance(120);
  };

  it("are lost", () => {
    const stage = createStage();
    stage.chaos.break("event-loss");
    scaleOut(stage);
    expect(stage.emitted.length).toBeGreaterThan(0);
    expect(stage.delivered).toEqual([]);
    stage.chaos.mend();
    stage.world.call("ecs", "UpdateService", { cluster: "demo", service: "web", desiredCount: 7 });
    stage.advance(120);
    expect(stage.delivered.length).toBeGreaterThan(0);
  });

  it("come twice", () => {
    const stage = createStage();
    stage.chaos.break("event-duplication");
    scaleOut(stage);
    expect(stage.delivered).toHaveLength(2 * stage.emitted.length);
    stage.chaos.mend();
    scaleOut(stage);
    expect(stage.delivered).toHaveLength(stage.emitted.length);
  });

  it("come late and overtake each other", () => {
    const stage = createStage();
    stage.chaos.break("event-delay", { least: "5s", most: "40s" });
    scaleOut(stage);
    const order = stage.delivered.map(({ event }) => stage.emitted.indexOf(event));
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    const first = stage.delivered[0];
    expect((first?.at ?? 0) - Date.parse(first?.event.time ?? "")).toBeGreaterThanOrEqual(5_000);
  });
});

describe("alarms", () => {
  it("flap", () => {
    const stage = createStage();
    stage.world.call("cloudwatch", "PutMetricAlarm", {
      AlarmName: "errors",
      Namespace: "demo",
      MetricName: "errors",
      Statistic: "Sum",
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: "GreaterThanThreshold",
      TreatMissingData: "ignore",
    });
    stage.chaos.break("alarm-flapping", { alarm: "errors", every: "10s" });
    stage.advance(35);
    const states = stage.emitted
      .filter((event) => event["detail-type"] === "CloudWatch Alarm State Change")
      .map(({ detail }) => (detail["state"] as { value: string }).value);
    expect(states.slice(-4)).toEqual(["ALARM", "OK", "ALARM", "OK"]);
    stage.chaos.mend();
    expect(stage.world.cloudWatch.alarmState("errors")).toBe("OK");
  });
});
