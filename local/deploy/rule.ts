// AWS::Events::Rule and AWS::Scheduler::Schedule, as rules of the world's event bus.

import { AppError } from "../../shared/base/errors.ts";
import type { CreateResource, Site } from "./site.ts";
import { physicalName } from "./site.ts";
import type { Properties } from "./template.ts";

export const createRule: CreateResource = (request) => {
  const { site, properties } = request;
  const name = physicalName(request, properties["Name"], 64);
  const { EventPattern, ScheduleExpression, State, Description, Targets } = properties;
  if (properties["EventBusName"] !== undefined)
    throw new AppError("input", "only the default event bus is modelled");
  const { RuleArn } = site.world.call("events", "PutRule", {
    Name: name,
    ...(EventPattern === undefined ? {} : { EventPattern: JSON.stringify(EventPattern) }),
    ...(ScheduleExpression === undefined ? {} : { ScheduleExpression }),
    ...(State === undefined ? {} : { State }),
    ...(Description === undefined ? {} : { Description }),
  }) as { RuleArn: string };
  if (Array.isArray(Targets) && Targets.length > 0) putTargets(site, name, Targets as readonly Properties[]);
  return { ref: name, attributes: { Arn: RuleArn } };
};

function putTargets(site: Site, rule: string, targets: readonly Properties[]): void {
  site.world.call("events", "PutTargets", { Rule: rule, Targets: targets });
}

/** A schedule is a rule with one target here; unlike a rule it sends no event, but its input or nothing. */
export const createSchedule: CreateResource = (request) => {
  const { site, properties } = request;
  const name = physicalName(request, properties["Name"], 64);
  const { ScheduleExpression, State } = properties;
  const rule = { Name: `schedule-${name}`.slice(0, 64), ScheduleExpression };
  site.world.call("events", "PutRule", State === undefined ? rule : { ...rule, State });
  const target = { Input: "{}", ...(properties["Target"] as Properties), Id: "schedule" };
  putTargets(site, rule.Name, [target]);
  return {
    ref: name,
    attributes: { Arn: `arn:aws:scheduler:${site.region}:${site.account}:schedule/default/${name}` },
  };
};
