// What AWS's own models say about the operations that the local AWS serves: shapes, constraints and errors.
// The data file is generated: `npm run refresh:models -- <botocore wheel>` (see refresh.ts).

import { readFileSync } from "node:fs";

/** A shape's name in the same table, or a scalar without constraints: `$string`, `$integer`, … */
export type ShapeRef = string;

export const SCALARS = [
  "string",
  "boolean",
  "integer",
  "long",
  "float",
  "double",
  "timestamp",
  "blob",
] as const;
export type ScalarType = (typeof SCALARS)[number];
/** Anything: documents, and what a schema leaves open. */
export const ANY = "$any";

interface Limits {
  /** Of a number its value, of a string, list or map its length. */
  readonly min?: number;
  readonly max?: number;
}

export interface StructureShape {
  readonly members: Readonly<Record<string, ShapeRef>>;
  readonly required?: readonly string[];
}

export interface ListShape extends Limits {
  readonly list: ShapeRef;
}

export interface MapShape extends Limits {
  readonly map: readonly [key: ShapeRef, value: ShapeRef];
}

export interface ScalarShape extends Limits {
  readonly type: ScalarType;
  readonly enum?: readonly string[];
  /** As AWS writes it: a Java regular expression that has to match the whole value. */
  readonly pattern?: string;
  /** AWS never repeats such a value in a message. */
  readonly sensitive?: true;
}

export type Shape = StructureShape | ListShape | MapShape | ScalarShape;
export type Shapes = Readonly<Record<string, Shape>>;

export interface OperationModel {
  readonly input: ShapeRef;
  readonly output: ShapeRef;
  /** Names of `ServiceData.errors`. */
  readonly errors: readonly string[];
}

export interface ErrorModel {
  readonly status: number;
  /** The fields that it carries besides the message. */
  readonly fields?: Readonly<Record<string, ShapeRef>>;
}

export interface ServiceData {
  readonly operations: Readonly<Record<string, OperationModel>>;
  readonly errors: Readonly<Record<string, ErrorModel>>;
  readonly shapes: Shapes;
}

export interface EventData {
  /** The shape of `detail` by `source` and detail type, joined with a bar. */
  readonly details: Readonly<Record<string, ShapeRef>>;
  readonly shapes: Shapes;
}

export interface ModelData {
  /** Where the facts come from, by package: its version and, where it tells, its day. */
  readonly source: Readonly<Record<string, { readonly version: string; readonly date?: string }>>;
  /** Patterns that JavaScript cannot run: they are not checked. */
  readonly skippedPatterns: readonly string[];
  readonly services: Readonly<Record<string, ServiceData>>;
  readonly events: EventData;
}

export const DATA_FILE = new URL("./aws-models.json", import.meta.url);

let loaded: ModelData | undefined;

export function modelData(): ModelData {
  loaded ??= JSON.parse(readFileSync(DATA_FILE, "utf8")) as ModelData;
  return loaded;
}

/** undefined for an operation that the data file does not have. */
export function operationModel(service: string, operation: string): OperationModel | undefined {
  const { services } = modelData();
  const data = Object.hasOwn(services, service) ? services[service] : undefined;
  return data !== undefined && Object.hasOwn(data.operations, operation)
    ? data.operations[operation]
    : undefined;
}
