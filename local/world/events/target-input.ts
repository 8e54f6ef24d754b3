// What a target gets for an event: the event itself, a part of it, a constant, or a template.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html

import type { BusEvent } from "../kernel.ts";

export interface InputChoice {
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: {
    readonly InputPathsMap?: Readonly<Record<string, string>>;
    readonly InputTemplate: string;
  };
}

export interface InputRule {
  readonly name: string;
  readonly arn: string;
}

/** The body that is delivered. */
export function targetInput(choice: InputChoice, event: BusEvent, rule: InputRule): string {
  if (choice.InputTransformer !== undefined) return transformed(choice.InputTransformer, event, rule);
  if (choice.InputPath !== undefined) return JSON.stringify(valueAt(event, choice.InputPath) ?? {});
  return choice.Input ?? JSON.stringify(event);
}

/** `$`, `$.detail.a`, `$.resources[0]`; undefined where there is nothing. */
function valueAt(event: BusEvent, path: string): unknown {
  let value: unknown = event;
  for (const [, key, index] of path.replace(/^\$/, "").matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)) {
    if (typeof value !== "object" || value === null) return undefined;
    const step = key ?? index ?? "";
    value = Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
  }
  return value;
}

type Template = NonNullable<InputChoice["InputTransformer"]>;

function transformed(template: Template, event: BusEvent, rule: InputRule): string {
  const named: Record<string, unknown> = {
    "aws.events.rule-arn": rule.arn,
    "aws.events.rule-name": rule.name,
    "aws.events.event.ingestion-time": event.time,
    "aws.events.event.json": event,
    "aws.events.event": event,
  };
  for (const [name, path] of Object.entries(template.InputPathsMap ?? {})) named[name] = valueAt(event, path);
  return template.InputTemplate.replaceAll(/<([\w.-]+)>/g, (whole, name: string, offset: number) =>
    Object.hasOwn(named, name) ? inserted(named[name], isQuoted(template.InputTemplate, offset)) : whole,
  );
}

/** Inside quotes text goes in as it is; outside, every value is written as JSON. */
function inserted(value: unknown, quoted: boolean): string {
  if (value === undefined) return quoted ? "" : '""';
  const json = JSON.stringify(value);
  if (!quoted) return json;
  return typeof value === "string" ? json.slice(1, -1) : json.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

function isQuoted(template: string, offset: number): boolean {
  let quotes = 0;
  for (let index = 0; index < offset; index += 1) {
    if (template.charAt(index) === '"' && template.charAt(index - 1) !== "\\") quotes += 1;
  }
  return quotes % 2 === 1;
}
