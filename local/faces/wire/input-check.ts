// Checks a decoded request against the operation's schema: required members and types. AWS does both
// before the service looks at a request, so the model behind never sees a malformed one.

import type { NormalizedSchema } from "@smithy/core/schema";
import { AwsError } from "../../world/kernel.ts";
import type { ModelledService } from "./world-api.ts";

interface Findings {
  /** Paths of required members without a value, as `member.0.name`. */
  readonly missing: string[];
}

/** Throws AwsError: `SerializationException` for a wrong type, the service's own error for missing members. */
export function checkInput(service: ModelledService, schema: NormalizedSchema, input: unknown): void {
  const findings: Findings = { missing: [] };
  visit(schema, input, { path: "", findings });
  if (findings.missing.length > 0) throw missingError(service, findings.missing);
}

interface Place {
  readonly path: string;
  readonly findings: Findings;
}

const inside = (place: Place, step: string | number): Place => ({
  path: place.path === "" ? String(step) : `${place.path}.${step}`,
  findings: place.findings,
});

function visit(schema: NormalizedSchema, value: unknown, place: Place): void {
  if (schema.isUnitSchema() || schema.isDocumentSchema()) return;
  if (schema.isStructSchema()) visitStruct(schema, value, place);
  else if (schema.isListSchema()) visitList(schema, value, place);
  else if (schema.isMapSchema()) visitEach(schema, Object.entries(recordOf(value, place)), place);
  else visitScalar(schema, value, place);
}

function visitList(schema: NormalizedSchema, value: unknown, place: Place): void {
  if (!Array.isArray(value)) throw wrongType(value, "a list", place);
  visitEach(schema, [...value.entries()], place);
}

function visitEach(
  schema: NormalizedSchema,
  entries: readonly (readonly [string | number, unknown])[],
  place: Place,
): void {
  const member = schema.getValueSchema();
  for (const [step, item] of entries) if (item !== null) visit(member, item, inside(place, step));
}

function visitStruct(schema: NormalizedSchema, value: unknown, place: Place): void {
  const record = recordOf(value, place);
  const requiredCount = requiredMembers(schema);
  let index = 0;
  for (const [name, member] of schema.structIterator()) {
    const given = record[name];
    if (given !== undefined && given !== null) visit(member, given, inside(place, name));
    else if (index < requiredCount && !member.isIdempotencyToken()) {
      place.findings.missing.push(inside(place, name).path);
    }
    index += 1;
  }
}

/** A static struct schema lists its required members first and ends with their number. */
function requiredMembers(schema: NormalizedSchema): number {
  const struct: unknown = schema.getSchema();
  const count: unknown = Array.isArray(struct) ? struct[6] : undefined;
  return typeof count === "number" ? count : 0;
}

interface Scalar {
  readonly name: string;
  applies(schema: NormalizedSchema): boolean;
  accepts(value: unknown): boolean;
}

const isText = (value: unknown): boolean => typeof value === "string";
const specialNumbers: ReadonlySet<unknown> = new Set(["NaN", "Infinity", "-Infinity"]);
const isNumber = (value: unknown): boolean =>
  typeof value === "number" || typeof value === "bigint" || specialNumbers.has(value);

const SCALARS: readonly Scalar[] = [
  { name: "a String", applies: (schema) => schema.isStringSchema(), accepts: isText },
  {
    name: "a Boolean",
    applies: (schema) => schema.isBooleanSchema(),
    accepts: (value) => typeof value === "boolean",
  },
  {
    name: "a Number",
    applies: (schema) => schema.isNumericSchema() || schema.isBigIntegerSchema(),
    accepts: isNumber,
  },
  {
    name: "a Timestamp",
    applies: (schema) => schema.isTimestampSchema(),
    accepts: (value) => isText(value) || isNumber(value) || value instanceof Date,
  },
  {
    name: "a Blob",
    applies: (schema) => schema.isBlobSchema(),
    accepts: (value) => isText(value) || value instanceof Uint8Array,
  },
];

function visitScalar(schema: NormalizedSchema, value: unknown, place: Place): void {
  const scalar = SCALARS.find(({ applies }) => applies(schema));
  if (scalar?.accepts(value) === false) throw wrongType(value, scalar.name, place);
}

function recordOf(value: unknown, place: Place): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrongType(value, "a structure", place);
  }
  return value as Readonly<Record<string, unknown>>;
}

function wrongType(value: unknown, expected: string, place: Place): AwsError {
  const found = Array.isArray(value) ? "LIST" : typeof value;
  const where = place.path === "" ? "" : ` at '${place.path}'`;
  return new AwsError(
    "SerializationException",
    `${found.toUpperCase()}_VALUE can not be converted to ${expected}${where}`,
  );
}

/** The name that each service answers with; ECS is the one that does not enumerate. */
function missingError(service: ModelledService, paths: readonly string[]): AwsError {
  const [first = ""] = paths;
  switch (service) {
    case "ecs":
      return new AwsError("InvalidParameterException", `${first} can not be blank.`);
    case "ec2":
      return new AwsError("MissingParameter", `The request must contain the parameter ${first}`);
    case "cloudwatch":
      return new AwsError("MissingParameter", `The parameter ${first} is required.`);
    case "servicediscovery":
      return new AwsError("InvalidInput", nullConstraints(paths));
    case "ssm":
    case "events":
      return new AwsError("ValidationException", nullConstraints(paths));
  }
}

function nullConstraints(paths: readonly string[]): string {
  const each = paths.map(
    (path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`,
  );
  return `${paths.length} validation error${paths.length === 1 ? "" : "s"} detected: ${each.join("; ")}`;
}
