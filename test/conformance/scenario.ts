// The format of a scenario: calls in AWS's own names and shapes, and what must be seen of their answers. It is
// plain data, so that the same steps run against the local AWS and against every witness.

export type Party = "ours" | "moto" | "ministack" | "dynamodb-local";
export type Witness = Exclude<Party, "ours">;

export type ServiceName =
  | "ecs"
  | "servicediscovery"
  | "elbv2"
  | "cloudwatch"
  | "events"
  | "sqs"
  | "dynamodb"
  | "ec2";

/** `<name>` in a text stands for a saved value; a text that is nothing else takes the value's own type. */
export type Value = string | number | boolean | null | Date | Uint8Array | readonly Value[] | ValueMap;
export interface ValueMap {
  readonly [name: string]: Value;
}

export interface Rule {
  readonly rule: "matches" | "anyOrder" | "absent" | "present" | "between";
  readonly of: readonly (string | number | Value)[];
}

export type Expected = Value | Rule;

/**
 * By path: `services.0.status`, `tags[key=team].value` (the first entry with that member), `tasks.*.taskArn`
 * (of each entry), `length` of a list or text.
 */
export type Observations = Readonly<Record<string, Expected>>;

export interface Step {
  /** Unique in its scenario. */
  readonly name: string;
  readonly call: `${ServiceName}.${string}`;
  readonly input?: ValueMap;
  readonly expect?: Observations;
  /** The error's name and its HTTP status. */
  readonly fails?: readonly [name: string, status: number];
  /** Called again and again until all of these are seen; bounded by the runner. */
  readonly until?: Observations;
  /** Saved under a name: the value at a path of the answer. */
  readonly saves?: Readonly<Record<string, string>>;
}

export interface Scenario {
  readonly name: string;
  /** What it is about, for the report. */
  readonly about: string;
  /** Who can be asked. */
  readonly witnesses: readonly Witness[];
  readonly steps: readonly Step[];
}

export const matches = (pattern: RegExp): Rule => ({ rule: "matches", of: [pattern.source] });
/** The same entries in whatever order. */
export const anyOrder = (...entries: readonly Value[]): Rule => ({ rule: "anyOrder", of: entries });
export const absent: Rule = { rule: "absent", of: [] };
export const present: Rule = { rule: "present", of: [] };
export const between = (least: number, most: number): Rule => ({ rule: "between", of: [least, most] });

export function isRule(expected: Expected): expected is Rule {
  return typeof expected === "object" && expected !== null && "rule" in expected && "of" in expected;
}
