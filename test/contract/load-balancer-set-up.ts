// Sets up load balancers, groups and rules in a rig by AWS's own operations, and reads what became of them.

import type { Reply, Rig, RigTarget } from "./load-balancer.suite.ts";

export interface RigGroup {
  readonly arn: string;
  /** As registered, `id:port`. */
  readonly targets: string[];
  readonly programs: RigTarget[];
}

type Weighted = readonly [group: RigGroup, weight: number];
interface Sticky {
  readonly Enabled: boolean;
  readonly DurationSeconds: number;
}

type Answer = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
type Call = (operation: string, input: object) => Answer;
type NextName = (kind: string) => string;

export type CreateRig = () => Promise<Rig>;

/** Longer than the propagation delay of RIG_OPTIONS. */
export const PROPAGATED = 2_500;

/** A fresh rig with a load balancer for one check. */
export const inRig =
  (createRig: CreateRig) =>
  (run: (balancer: Balancer, rig: Rig) => Promise<void>) =>
  async (): Promise<void> => {
    const rig = await createRig();
    try {
      await run(setUp(rig), rig);
    } finally {
      await rig.stop();
    }
  };

const first = (answer: Answer, list: string, member: string): string => String(answer[list]?.[0]?.[member]);

export type Balancer = ReturnType<typeof setUp>;

export function setUp(rig: Rig) {
  let created = 0;
  const elb: Call = (operation, input) => rig.call("elasticloadbalancing", operation, input) as Answer;
  const next: NextName = (kind) => {
    created += 1;
    return `${kind}-${created}`;
  };
  const balancer = elb("CreateLoadBalancer", { Name: next("web"), Subnets: ["subnet-0a", "subnet-0b"] });
  const loadBalancerArn = first(balancer, "LoadBalancers", "LoadBalancerArn");
  return {
    ...actions,
    ...groupCalls(rig, elb, next),
    ...targetCalls(elb),
    ...listenerCalls(rig, elb, loadBalancerArn),
    ...readings(rig, loadBalancerArn),
  };
}

const actions = {
  fixed: (statusCode: number): object[] => [
    { Type: "fixed-response", FixedResponseConfig: { StatusCode: String(statusCode) } },
  ],
  forward: (...given: readonly (Weighted | Sticky)[]): object[] => {
    const TargetGroups: object[] = [];
    let config: object = {};
    for (const one of given) {
      if ("Enabled" in one) config = { TargetGroupStickinessConfig: one };
      else TargetGroups.push({ TargetGroupArn: one[0].arn, Weight: one[1] });
    }
    return [{ Type: "forward", ForwardConfig: { TargetGroups, ...config } }];
  },
};

function groupCalls(rig: Rig, elb: Call, next: NextName) {
  const addTarget = async (group: RigGroup): Promise<RigTarget> => {
    const program = await rig.startTarget();
    group.targets.push(`${program.id}:${program.port}`);
    group.programs.push(program);
    elb("RegisterTargets", { TargetGroupArn: group.arn, Targets: [{ Id: program.id, Port: program.port }] });
    return program;
  };
  return {
    addTarget,
    /** Health checks each 5 s, late after 2 s; unhealthy after 2, healthy after 3. */
    group: async (targets: number): Promise<RigGroup> => {
      const answer = elb("CreateTargetGroup", {
        Name: next("group"),
        Protocol: "HTTP",
        Port: 80,
        VpcId: "vpc-1",
        TargetType: "ip",
        HealthCheckPath: "/health",
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
        HealthyThresholdCount: 3,
        UnhealthyThresholdCount: 2,
      });
      const group = { arn: first(answer, "TargetGroups", "TargetGroupArn"), targets: [], programs: [] };
      for (let index = 0; index < targets; index += 1) await addTarget(group);
      return group;
    },
    groupAttributes: (group: RigGroup, attributes: Readonly<Record<string, string>>): void => {
      const Attributes = Object.entries(attributes).map(([Key, Value]) => ({ Key, Value }));
      elb("ModifyTargetGroupAttributes", { TargetGroupArn: group.arn, Attributes });
    },
  };
}

function descriptionOf(name: string): object {
  const colon = name.lastIndexOf(":");
  return { Id: name.slice(0, colon), Port: Number(name.slice(colon + 1)) };
}

function targetCalls(elb: Call) {
  return {
    register: (group: RigGroup): void => {
      elb("RegisterTargets", { TargetGroupArn: group.arn, Targets: group.targets.map(descriptionOf) });
    },
    deregister: (group: RigGroup): void => {
      elb("DeregisterTargets", { TargetGroupArn: group.arn, Targets: group.targets.map(descriptionOf) });
    },
    deregisterTarget: (group: RigGroup, name: string): void => {
      elb("DeregisterTargets", { TargetGroupArn: group.arn, Targets: [descriptionOf(name)] });
    },
    /** `state reason` of each target. */
    health: (group: RigGroup): string[] => {
      const answer = elb("DescribeTargetHealth", { TargetGroupArn: group.arn });
      return (answer["TargetHealthDescriptions"] ?? []).map((one) => {
        const { State, Reason = "" } = one["TargetHealth"] as { State: string; Reason?: string };
        return `${State} ${Reason}`;
      });
    },
  };
}

function listenerCalls(rig: Rig, elb: Call, loadBalancerArn: string) {
  return {
    listen: async (DefaultActions: readonly object[]) => {
      const asked = { LoadBalancerArn: loadBalancerArn, Protocol: "HTTP", Port: 80, DefaultActions };
      const answer = elb("CreateListener", asked);
      // Planes over sockets open their port now.
      await rig.wait(0);
      return { loadBalancerArn, listenerArn: first(answer, "Listeners", "ListenerArn") };
    },
    setDefault: (listenerArn: string, DefaultActions: readonly object[]): void => {
      elb("ModifyListener", { ListenerArn: listenerArn, DefaultActions });
    },
    /** Priority and condition, then what is done. */
    rule: (
      listenerArn: string,
      [Priority, ...Conditions]: readonly [number, ...object[]],
      Actions: object[],
    ) => elb("CreateRule", { ListenerArn: listenerArn, Priority, Conditions, Actions }),
  };
}

function readings(rig: Rig, loadBalancerArn: string) {
  return {
    /** Requests by who answered: a target's name, or the status of the load balancer's own answer. */
    count: async (listenerArn: string, requests: number): Promise<Map<string, number>> => {
      const counts = new Map<string, number>();
      for (let index = 0; index < requests; index += 1) {
        const reply: Reply = await rig.send({ listenerArn });
        const who = reply.target ?? String(reply.status);
        counts.set(who, (counts.get(who) ?? 0) + 1);
      }
      return counts;
    },
    /** The values of a metric in the last hour, oldest first: a group's, or the load balancer's own. */
    metrics:
      (group?: RigGroup) =>
      (name: string, stat = "Sum"): number[] => {
        const path = group?.arn.slice(group.arn.indexOf("targetgroup/"));
        const Dimensions = [
          ...(path === undefined ? [] : [{ Name: "TargetGroup", Value: path }]),
          { Name: "LoadBalancer", Value: loadBalancerArn.slice(loadBalancerArn.indexOf("app/")) },
        ];
        const Metric = { Namespace: "AWS/ApplicationELB", MetricName: name, Dimensions };
        const answer = rig.call("cloudwatch", "GetMetricData", {
          StartTime: new Date(rig.now() - 3_600_000),
          EndTime: new Date(rig.now()),
          ScanBy: "TimestampAscending",
          MetricDataQueries: [{ Id: "m", MetricStat: { Metric, Period: 60, Stat: stat } }],
        }) as { readonly MetricDataResults?: readonly { readonly Values?: number[] }[] };
        return answer.MetricDataResults?.[0]?.Values ?? [];
      },
  };
}
