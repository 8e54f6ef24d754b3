// Operations on targets.

import { isIP } from "node:net";
import type {
  DeregisterTargetsInput,
  DescribeTargetHealthInput,
  DescribeTargetHealthOutput,
  RegisterTargetsInput,
  TargetDescription,
  TargetHealthDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../kernel.ts";
import type { ElbContext } from "./context.ts";
import { groupOf, invalid } from "./context.ts";
import { deregisterTarget, registerTarget } from "./health.ts";
import { LIMITS } from "./limits.ts";
import type { TargetGroupRecord, TargetRecord } from "./model.ts";
import { targetKey } from "./model.ts";

export const targetOperations = (context: ElbContext) => ({
  RegisterTargets: (input: RegisterTargetsInput) => {
    const group = groupOf(context, input.TargetGroupArn);
    const given = (input.Targets ?? []).map((target) => checkTarget(group, target));
    const fresh = given.filter((target) => !group.targets.has(targetKey(target)));
    if (group.targets.size + fresh.length > LIMITS["targets-per-target-group"])
      throw new AwsError(
        "TooManyTargets",
        "The maximum number of targets of a target group has been reached",
      );
    for (const target of given) registerTarget(context, group, target);
    return {};
  },
  DeregisterTargets: (input: DeregisterTargetsInput) => {
    const group = groupOf(context, input.TargetGroupArn);
    for (const target of input.Targets ?? []) {
      for (const record of recordsOf(group, target)) deregisterTarget(context, group, record.target);
    }
    return {};
  },
  DescribeTargetHealth: (input: DescribeTargetHealthInput) => describe(context, input),
});

function checkTarget(group: TargetGroupRecord, target: TargetDescription) {
  const { Id: id = "", Port: port = group.port, AvailabilityZone: zone } = target;
  const fits = group.targetType === "ip" ? isIP(id) !== 0 : /^(i|mi)-[0-9a-f]+$/.test(id);
  if (!fits && group.targetType === "ip") throw invalid(`The IP address '${id}' is not a valid IPv4 address`);
  if (!fits) throw new AwsError("InvalidTarget", `The following targets are not in a valid state: '${id}'`);
  if (port < 1 || port > 65_535) throw invalid(`Port '${port}' must be between 1 and 65535`);
  return { id, port, ...(zone !== undefined && { availabilityZone: zone }) };
}

/** Without a port, DeregisterTargets takes every port of the target: API_TargetDescription. */
function recordsOf(group: TargetGroupRecord, { Id: id, Port: port }: TargetDescription): TargetRecord[] {
  return [...group.targets.values()].filter(
    ({ target }) => target.id === id && (port === undefined || target.port === port),
  );
}

function describe(context: ElbContext, input: DescribeTargetHealthInput): DescribeTargetHealthOutput {
  const group = groupOf(context, input.TargetGroupArn);
  const asked = input.Targets ?? [];
  const found =
    asked.length === 0
      ? [...group.targets.values()].map(describeTarget)
      : asked.flatMap((target) => describeAsked(group, target));
  return { TargetHealthDescriptions: found };
}

/** A target that was asked for by name and is not there is `unused`, Target.NotRegistered: API_TargetHealth. */
function describeAsked(group: TargetGroupRecord, asked: TargetDescription): TargetHealthDescription[] {
  const records = recordsOf(group, asked);
  if (records.length > 0) return records.map(describeTarget);
  return [
    {
      Target: { Id: asked.Id, Port: asked.Port ?? group.port },
      TargetHealth: {
        State: "unused",
        Reason: "Target.NotRegistered",
        Description: "Target is not registered to the target group",
      },
    },
  ];
}

const describeTarget = (record: TargetRecord): TargetHealthDescription => ({
  Target: {
    Id: record.target.id,
    Port: record.target.port,
    ...(record.availabilityZone !== undefined && { AvailabilityZone: record.availabilityZone }),
  },
  HealthCheckPort: healthPort(record),
  TargetHealth: {
    State: record.state,
    ...(record.reason !== undefined && { Reason: record.reason as "Target.NotInUse" }),
    ...(record.description !== undefined && { Description: record.description }),
  },
});

const healthPort = ({ group, target }: TargetRecord): string =>
  group.health.port === "traffic-port" ? String(target.port) : group.health.port;
