// The rules of the default bus: their patterns, schedules, states and targets.

import type { BusEvent, Kernel } from "../kernel.ts";
import { AwsError } from "../kernel.ts";
import type { Target } from "./delivery.ts";
import type { Fields } from "./fields.ts";
import { fieldsOf } from "./fields.ts";
import type { CompiledPattern } from "./matcher.ts";
import { compile } from "./matcher.ts";
import { PatternError } from "./pattern-error.ts";
import type { Schedule } from "./schedule.ts";

export type RuleState = "ENABLED" | "DISABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly description: string | undefined;
  readonly roleArn: string | undefined;
  readonly eventPattern: string | undefined;
  readonly pattern: CompiledPattern | undefined;
  readonly scheduleExpression: string | undefined;
  readonly schedule: Schedule | undefined;
  readonly targets: Map<string, Target>;
  state: RuleState;
  stopSchedule: () => void;
}

/** Compiles the text of a pattern; AWS's own error when it is wrong. */
export function compileText(text: string): CompiledPattern {
  try {
    return compile(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof PatternError || error instanceof SyntaxError)) throw error;
    throw new AwsError(
      "InvalidEventPatternException",
      `Event pattern is not valid. Reason: ${error.message}`,
    );
  }
}

interface IndexedRule {
  readonly rule: Rule;
  readonly pattern: CompiledPattern;
  readonly detailTypes: ReadonlySet<string> | undefined;
}

interface RuleIndex {
  readonly bySource: ReadonlyMap<string, readonly IndexedRule[]>;
  readonly anySource: readonly IndexedRule[];
  readonly used: ReadonlySet<string>;
}

export interface RuleBook {
  readonly rules: ReadonlyMap<string, Rule>;
  put(rule: Rule): void;
  remove(name: string): void;
  /** After a rule's state changed. */
  changed(): void;
  /** Throws ResourceNotFoundException. */
  get(name: unknown): Rule;
  matching(event: BusEvent): readonly Rule[];
}

export function createRuleBook(): RuleBook {
  const rules = new Map<string, Rule>();
  let index: RuleIndex | undefined;
  const changed = (): void => {
    index = undefined;
  };
  return {
    rules,
    changed,
    put: (rule) => {
      rules.set(rule.name, rule);
      changed();
    },
    remove: (name) => {
      rules.delete(name);
      changed();
    },
    get: (name) => {
      const rule = typeof name === "string" ? rules.get(name) : undefined;
      if (rule !== undefined) return rule;
      throw new AwsError(
        "ResourceNotFoundException",
        `Rule ${String(name)} does not exist on EventBus default.`,
      );
    },
    matching: (event) => {
      index ??= indexOf(rules.values());
      return matchingRules(index, event);
    },
  };
}

function indexOf(rules: Iterable<Rule>): RuleIndex {
  const bySource = new Map<string, IndexedRule[]>();
  const anySource: IndexedRule[] = [];
  const used = new Set<string>();
  for (const rule of rules) {
    const { pattern } = rule;
    if (pattern === undefined || rule.state === "DISABLED") continue;
    for (const path of pattern.used) used.add(path);
    const indexed = { rule, pattern, detailTypes: pattern.onlyStrings("detail-type") };
    const sources = pattern.onlyStrings("source");
    if (sources === undefined) anySource.push(indexed);
    for (const source of sources ?? []) bySource.set(source, [...(bySource.get(source) ?? []), indexed]);
  }
  return { bySource, anySource, used };
}

function matchingRules(index: RuleIndex, event: BusEvent): readonly Rule[] {
  const matched: Rule[] = [];
  let fields: Fields | undefined;
  for (const candidates of [index.bySource.get(event.source) ?? [], index.anySource]) {
    for (const { rule, pattern, detailTypes } of candidates) {
      if (detailTypes !== undefined && !detailTypes.has(event["detail-type"])) continue;
      fields ??= fieldsOf(event, index.used);
      if (pattern.matchesFields(fields)) matched.push(rule);
    }
  }
  return matched;
}

/** Fires the rule's schedule until it is stopped; a rate counts from now. */
export function startSchedule(kernel: Kernel, rule: Rule, fire: (rule: Rule) => void): void {
  const { schedule } = rule;
  if (schedule === undefined || rule.state === "DISABLED") return;
  const plan = (): void => {
    const next = schedule.nextAfter(kernel.now());
    if (next === undefined) return;
    rule.stopSchedule = kernel.at(next, () => {
      plan();
      fire(rule);
    });
  };
  plan();
}
