// Reads the query protocols' form bodies (`Filter.1.Name=x`) by the operation's schema.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html and aws-ec2-query-protocol.html

import type { NormalizedSchema } from "@smithy/core/schema";
import { AwsError } from "../../world/kernel.ts";

export type QueryDialect = "awsQuery" | "ec2Query";

/** Keys split at their dots. */
type Node = string | Tree;
type Tree = Map<string, Node>;

export function decodeForm(form: URLSearchParams, schema: NormalizedSchema, dialect: QueryDialect): object {
  const tree: Tree = new Map();
  for (const [key, value] of form) put(tree, key.split("."), value);
  return schema.isUnitSchema() ? {} : readStruct(schema, tree, dialect);
}

function put(tree: Tree, path: readonly string[], value: string): void {
  const [head = "", ...rest] = path;
  if (rest.length === 0) {
    tree.set(head, value);
    return;
  }
  let child = tree.get(head);
  if (child === undefined || typeof child === "string") {
    child = new Map();
    tree.set(head, child);
  }
  put(child, rest, value);
}

function readStruct(schema: NormalizedSchema, tree: Tree, dialect: QueryDialect): object {
  const result: Record<string, unknown> = {};
  for (const [name, member] of schema.structIterator()) {
    const node = tree.get(memberKey(name, member, dialect));
    if (node !== undefined) result[name] = read(member, node, dialect);
  }
  return result;
}

interface NameTraits {
  readonly xmlName?: string;
  readonly ec2QueryName?: string;
  readonly xmlFlattened?: unknown;
}

function memberKey(name: string, member: NormalizedSchema, dialect: QueryDialect): string {
  const traits = member.getMergedTraits() as NameTraits;
  if (dialect === "awsQuery") return traits.xmlName ?? name;
  if (traits.ec2QueryName !== undefined) return traits.ec2QueryName;
  const key = traits.xmlName ?? name;
  return key.charAt(0).toUpperCase() + key.slice(1);
}

function read(schema: NormalizedSchema, node: Node, dialect: QueryDialect): unknown {
  if (typeof node === "string") return readScalar(schema, node);
  if (schema.isStructSchema()) return readStruct(schema, node, dialect);
  if (schema.isListSchema()) return readList(schema, node, dialect);
  if (schema.isMapSchema()) return readMap(schema, node, dialect);
  const text = "The query string contains a member where a value is expected";
  throw new AwsError("MalformedQueryString", text, { status: 404 });
}

function readList(schema: NormalizedSchema, tree: Tree, dialect: QueryDialect): unknown[] {
  const member = schema.getValueSchema();
  const isFlat = dialect === "ec2Query" || (schema.getMergedTraits() as NameTraits).xmlFlattened;
  const wrapper = (member.getMergedTraits() as NameTraits).xmlName ?? "member";
  const items = isFlat ? tree : tree.get(wrapper);
  if (items === undefined || typeof items === "string") return [];
  return inOrder(items).map((item) => read(member, item, dialect));
}

function readMap(schema: NormalizedSchema, tree: Tree, dialect: QueryDialect): Record<string, unknown> {
  const isFlat = (schema.getMergedTraits() as NameTraits).xmlFlattened;
  const entries = isFlat ? tree : tree.get("entry");
  const result: Record<string, unknown> = {};
  if (entries === undefined || typeof entries === "string") return result;
  for (const entry of inOrder(entries)) {
    if (typeof entry === "string") continue;
    const value = entry.get("value");
    if (value !== undefined) result[String(entry.get("key"))] = read(schema.getValueSchema(), value, dialect);
  }
  return result;
}

const inOrder = (tree: Tree): Node[] =>
  [...tree].sort(([a], [b]) => Number(a) - Number(b)).map(([, node]) => node);

function readScalar(schema: NormalizedSchema, text: string): unknown {
  if (schema.isNumericSchema()) {
    const value = Number(text);
    if (text === "" || Number.isNaN(value)) throw invalid(text, "a number");
    return value;
  }
  if (schema.isBooleanSchema()) {
    if (text !== "true" && text !== "false") throw invalid(text, "true or false");
    return text === "true";
  }
  if (schema.isTimestampSchema()) {
    const value = new Date(/^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : text);
    if (Number.isNaN(value.getTime())) throw invalid(text, "a timestamp");
    return value;
  }
  if (schema.isBlobSchema()) return Buffer.from(text, "base64");
  // An empty list is sent as an empty value.
  if (schema.isListSchema()) return [];
  return text;
}

const invalid = (text: string, expected: string): AwsError =>
  new AwsError("InvalidParameterValue", `Value (${text}) is invalid: expected ${expected}`);
