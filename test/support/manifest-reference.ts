// Writes docs/manifest.md, the reference of the fleet manifest, from the schema that checks it:
// `node test/support/manifest-reference.ts`. A test fails when the page is stale.

import { writeFileSync } from "node:fs";
import { z } from "zod";
import { manifestSchema } from "../../shared/contracts/manifest.ts";
import { TEMPLATE_NAMES } from "../../shared/contracts/template-names.ts";

export const REFERENCE = new URL("../../docs/manifest.md", import.meta.url);

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  /** `duration`, see contracts/manifest/parts.ts. */
  readonly unit?: string;
  readonly pattern?: string;
}

interface Row {
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

function rowsOf(schema: Schema, path: string): readonly Row[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const required = schema.required?.includes(name) === true && child.default === undefined;
    return [{ path: at, schema: child, required }, ...rowsOf(child, at)];
  });
  const { additionalProperties: values, items, anyOf = [] } = schema;
  const named =
    typeof values === "object" && values.properties !== undefined ? rowsOf(values, `${path}.<name>`) : [];
  const listed = items === undefined ? [] : rowsOf(items, `${path}[]`);
  return [...own, ...named, ...listed, ...anyOf.flatMap((one) => rowsOf(one, path))];
}

function typeOf(schema: Schema): string {
  if (schema.unit !== undefined) return schema.unit;
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(", ");
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.type === "integer" || schema.type === "number") return `${schema.type}${boundsOf(schema)}`;
  if (schema.type === "array") return "list";
  if (schema.type === "object" && schema.properties === undefined) return "names → values";
  return schema.type ?? "text";
}

function boundsOf({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Schema): string {
  const from = exclusiveMinimum === undefined ? minimum : `above ${exclusiveMinimum}`;
  const to = exclusiveMaximum === undefined ? maximum : `below ${exclusiveMaximum}`;
  return from === undefined && to === undefined ? "" : `, ${from} to ${to}`;
}

const defaultOf = ({ schema, required }: Row): string => {
  if (required) return "required";
  return schema.default === undefined ? "" : `\`${JSON.stringify(schema.default)}\``;
};

const line = (row: Row): string =>
  `| \`${row.path}\` | ${typeOf(row.schema)} | ${defaultOf(row)} | ${row.schema.description ?? ""} |`;

export function manifestReference(): string {
  const schema = z.toJSONSchema(manifestSchema, { io: "input", unrepresentable: "any" }) as Schema;
  return [
    "# The fleet manifest",
    "",
    "<!-- Generated from shared/contracts/manifest.ts by `node test/support/manifest-reference.ts`. -->",
    "",
    "YAML or JSON; `fairlead apply -f FILE` checks it and puts it in force. A name that is not listed here is an error",
    "that says what is allowed.",
    "",
    "| name | value | default | meaning |",
    "| --- | --- | --- | --- |",
    // A task group takes what a service takes, but for rollouts; `bad` takes what `total` takes.
    ...rowsOf(schema, "")
      .filter(({ path }) => !path.startsWith("tasks.<name>") && !path.includes("metrics[].bad."))
      .map(line),
    "",
    "Durations are written as `90s`, `10m`, `2h`, `1h30m` or `7d`. Every entry of `steps` has exactly one name, as has every",
    "`total` and `bad` of a metric. Services of one file with the same `group.name` go together.",
    "",
    "## Placeholders in attribute values",
    "",
    "The vocabulary of Prometheus' `ecs_sd`: `{{name}}` is replaced by the task's own value. What a task does not have",
    "renders as nothing, and an attribute that becomes empty is left out. `{{tag_<key>}}` costs one DescribeTasks for",
    "each new task, because events carry no tags.",
    "",
    [...TEMPLATE_NAMES, "tag_<key>"].map((name) => `\`${name}\``).join(", "),
    "",
  ].join("\n");
}

if (import.meta.main) writeFileSync(REFERENCE, manifestReference());
