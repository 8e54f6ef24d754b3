// EventBridge's default bus: rules match events and send them to targets. The embedding says what a target
// is (a queue, a function) through the `deliver` hook.

import type { BusEvent, Operations, Timeline } from "../kernel.ts";
import { AwsError } from "../kernel.ts";
import type { Deliveries, DeliveryCounters, DeliveryHooks, Faults, Target } from "./delivery.ts";
import { createDeliveries } from "./delivery.ts";
import { eventId, eventTime, putEvents, testEventPattern } from "./put-events.ts";
import type { Rule, RuleBook, RuleState } from "./rules.ts";
import { compileText, createRuleBook, startSchedule } from "./rules.ts";
import { parseSchedule } from "./schedule.ts";

export interface BusCounters extends DeliveryCounters {
  /** Events that came to the bus, and rules that they matched. */
  published: number;
  matched: number;
}

export interface EventBus {
  readonly operations: Operations;
  /** Puts a whole event on the bus, e.g. one recorded elsewhere. */
  publish(event: BusEvent): void;
  /** Names of the rules that take the event now. */
  rulesFor(event: BusEvent): readonly string[];
  counters(): Readonly<BusCounters>;
  setFaults(faults: Partial<Faults>): void;
}

interface Bus {
  readonly kernel: Timeline;
  readonly book: RuleBook;
  readonly deliveries: Deliveries;
}

/** Events of `kernel.emit` come to this bus by themselves. */
export function createEventBus(kernel: Timeline, hooks: DeliveryHooks): EventBus {
  const bus: Bus = { kernel, book: createRuleBook(), deliveries: createDeliveries(kernel, hooks) };
  const seen = { published: 0, matched: 0 };
  const publish = (event: BusEvent): void => {
    seen.published += 1;
    for (const rule of bus.book.matching(event)) {
      seen.matched += 1;
      sendToTargets(bus, rule, event);
    }
  };
  kernel.onEvent(publish);
  return {
    operations: {
      ...ruleOperations(bus),
      ...targetOperations(bus),
      PutEvents: (input: Parameters<typeof putEvents>[2]) => putEvents(kernel, publish, input),
      TestEventPattern: testEventPattern,
    },
    publish,
    rulesFor: (event) => bus.book.matching(event).map((rule) => rule.name),
    counters: () => ({ ...seen, ...bus.deliveries.counters }),
    setFaults: bus.deliveries.setFaults,
  };
}

function sendToTargets(bus: Bus, rule: Rule, event: BusEvent): void {
  for (const target of rule.targets.values()) bus.deliveries.send({ rule, target, event });
}

/** A scheduled event goes to its own rule's targets only, not over the bus. */
function fire(bus: Bus, rule: Rule): void {
  const { kernel } = bus;
  sendToTargets(bus, rule, {
    version: "0",
    id: eventId(kernel),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: kernel.account,
    time: eventTime(kernel.now()),
    region: kernel.region,
    resources: [rule.arn],
    detail: {},
  });
}

interface BusScope {
  readonly EventBusName?: string;
}

interface NamedRule extends BusScope {
  readonly Name?: string;
}

interface PutRuleInput extends NamedRule {
  readonly EventPattern?: string;
  readonly ScheduleExpression?: string;
  readonly State?: RuleState;
  readonly Description?: string;
  readonly RoleArn?: string;
}

const longestPattern = 4_096;

const invalid = (message: string): AwsError => new AwsError("ValidationException", message);

function onDefaultBus({ EventBusName: name = "default" }: BusScope): void {
  if (name === "default" || name.endsWith(":event-bus/default")) return;
  throw new AwsError("ResourceNotFoundException", `Event bus ${name} does not exist.`);
}

function ruleFrom(bus: Bus, input: PutRuleInput): Rule {
  const { Name: name = "", EventPattern: eventPattern, ScheduleExpression: scheduleExpression } = input;
  if (!/^[.\-_A-Za-z0-9]{1,64}$/.test(name)) throw invalid(`Parameter Name is not valid: "${name}".`);
  if (!eventPattern && !scheduleExpression) {
    throw invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  }
  if ((eventPattern?.length ?? 0) > longestPattern)
    throw invalid(`EventPattern is over ${longestPattern} characters.`);
  const schedule = scheduleExpression ? parseSchedule(scheduleExpression) : undefined;
  if (scheduleExpression && schedule === undefined)
    throw invalid("Parameter ScheduleExpression is not valid.");
  return {
    name,
    arn: bus.kernel.arn("events", `rule/${name}`),
    description: input.Description,
    roleArn: input.RoleArn,
    eventPattern,
    pattern: eventPattern ? compileText(eventPattern) : undefined,
    scheduleExpression,
    schedule,
    // Putting a rule again replaces everything but its targets.
    targets: bus.book.rules.get(name)?.targets ?? new Map<string, Target>(),
    state: input.State ?? "ENABLED",
    stopSchedule: () => undefined,
  };
}

function putRule(bus: Bus, input: PutRuleInput): object {
  onDefaultBus(input);
  const rule = ruleFrom(bus, input);
  bus.book.rules.get(rule.name)?.stopSchedule();
  bus.book.put(rule);
  startSchedule(bus.kernel, rule, (fired) => fire(bus, fired));
  return { RuleArn: rule.arn };
}

function deleteRule(bus: Bus, input: NamedRule): object {
  onDefaultBus(input);
  const rule = bus.book.rules.get(input.Name ?? "");
  if (rule === undefined) return {};
  if (rule.targets.size > 0) throw invalid("Rule can't be deleted since it has targets.");
  rule.stopSchedule();
  bus.book.remove(rule.name);
  return {};
}

function setState(bus: Bus, input: NamedRule, state: RuleState): object {
  onDefaultBus(input);
  const rule = bus.book.get(input.Name);
  rule.stopSchedule();
  rule.state = state;
  bus.book.changed();
  startSchedule(bus.kernel, rule, (fired) => fire(bus, fired));
  return {};
}

const ruleShape = (rule: Rule): object => ({
  Name: rule.name,
  Arn: rule.arn,
  ...(rule.eventPattern === undefined ? {} : { EventPattern: rule.eventPattern }),
  ...(rule.scheduleExpression === undefined ? {} : { ScheduleExpression: rule.scheduleExpression }),
  ...(rule.description === undefined ? {} : { Description: rule.description }),
  ...(rule.roleArn === undefined ? {} : { RoleArn: rule.roleArn }),
  State: rule.state,
  EventBusName: "default",
});

interface PageInput {
  readonly Limit?: number;
  readonly NextToken?: string;
}

/** One page of a list; the token is the place to go on from. */
function page<T>(
  all: readonly T[],
  { Limit = 100, NextToken = "0" }: PageInput,
): { items: readonly T[]; rest: object } {
  const from = Number(NextToken);
  if (!Number.isInteger(from) || from < 0) throw invalid("Parameter NextToken is not valid.");
  const until = from + Limit;
  return { items: all.slice(from, until), rest: until < all.length ? { NextToken: String(until) } : {} };
}

function ruleOperations(bus: Bus): Operations {
  return {
    PutRule: (input: PutRuleInput) => putRule(bus, input),
    DeleteRule: (input: NamedRule) => deleteRule(bus, input),
    EnableRule: (input: NamedRule) => setState(bus, input, "ENABLED"),
    DisableRule: (input: NamedRule) => setState(bus, input, "DISABLED"),
    DescribeRule: (input: NamedRule) => {
      onDefaultBus(input);
      return ruleShape(bus.book.get(input.Name));
    },
    ListRules: (input: BusScope & PageInput & { readonly NamePrefix?: string }) => {
      onDefaultBus(input);
      const names = [...bus.book.rules.keys()]
        .filter((name) => name.startsWith(input.NamePrefix ?? ""))
        .sort();
      const { items, rest } = page(names, input);
      return { Rules: items.map((name) => ruleShape(bus.book.get(name))), ...rest };
    },
  };
}

interface TargetsInput extends BusScope {
  readonly Rule?: string;
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
const mostTargets = 5;

function putTargets(bus: Bus, input: TargetsInput & { readonly Targets?: readonly Target[] }): object {
  onDefaultBus(input);
  const rule = bus.book.get(input.Rule);
  const targets = input.Targets ?? [];
  if (targets.length === 0) throw invalid("Targets must hold at least one target.");
  const ids = new Set([...rule.targets.keys(), ...targets.map((target) => target.Id)]);
  if (ids.size > mostTargets) {
    throw new AwsError(
      "LimitExceededException",
      "The requested resource exceeds the maximum number allowed.",
    );
  }
  for (const target of targets) rule.targets.set(target.Id, target);
  return { FailedEntryCount: 0, FailedEntries: [] };
}

function removeTargets(bus: Bus, input: TargetsInput & { readonly Ids?: readonly string[] }): object {
  onDefaultBus(input);
  const rule = bus.book.get(input.Rule);
  for (const id of input.Ids ?? []) rule.targets.delete(id);
  return { FailedEntryCount: 0, FailedEntries: [] };
}

function targetOperations(bus: Bus): Operations {
  return {
    PutTargets: (input: Parameters<typeof putTargets>[1]) => putTargets(bus, input),
    RemoveTargets: (input: Parameters<typeof removeTargets>[1]) => removeTargets(bus, input),
    ListTargetsByRule: (input: TargetsInput & PageInput) => {
      onDefaultBus(input);
      const { items, rest } = page([...bus.book.get(input.Rule).targets.values()], input);
      return { Targets: items, ...rest };
    },
  };
}
