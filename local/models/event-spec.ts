// The schemas of the events that the local AWS sends, out of @aws-cdk/aws-service-spec.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { loadAwsServiceSpec } from "@aws-cdk/aws-service-spec";
import type { EventData, ModelData, Shape, ShapeRef } from "./model-data.ts";
import { ANY } from "./model-data.ts";

const SENT: ReadonlySet<string> = new Set([
  "aws.ecs ECS Task State Change",
  "aws.ecs ECS Container Instance State Change",
  "aws.ecs ECS Service Action",
  "aws.cloudwatch CloudWatch Alarm State Change",
  "aws.health AWS Health Event",
  "aws.ec2 EC2 Spot Instance Interruption Warning",
  "aws.ec2 EC2 Instance State-change Notification",
  "aws.events Scheduled Event",
]);

interface Correction {
  readonly members?: Readonly<Record<string, ShapeRef>>;
  /** Required by the schema, absent in AWS's own samples. */
  readonly optional?: readonly string[];
}

/** Where AWS's samples and documentation of 2025 and later are ahead of the schemas (2026-08). */
const CORRECTIONS: Readonly<Record<string, Correction>> = {
  ECSTaskStateChange: { members: { capacityProviderName: "$string", enableExecuteCommand: "$boolean" } },
  CloudWatchAlarmStateChange: { members: { muteDetail: ANY } },
  // A metric is an expression or a MetricStat; an alarm without data has no reasonData.
  ConfigurationItem: { members: { expression: "$string", label: "$string" }, optional: ["metricStat"] },
  State: { optional: ["reasonData"] },
  AWSHealthEvent: { optional: ["statusCode"] },
};

interface FieldType {
  readonly type: string;
  readonly element?: FieldType;
  readonly reference?: { readonly $ref: string };
}

interface Definition {
  readonly name: string;
  readonly properties: Readonly<Record<string, { readonly type: FieldType; readonly required?: boolean }>>;
}

type Database = Awaited<ReturnType<typeof loadAwsServiceSpec>>;

export async function readEventShapes(): Promise<EventData & Pick<ModelData, "source">> {
  const database = await loadAwsServiceSpec();
  const reading = new Reading(database);
  const details: Record<string, ShapeRef> = {};
  for (const { source, detailType, rootProperty } of database.all("event")) {
    if (SENT.has(`${source} ${detailType}`))
      details[`${source}|${detailType}`] = reading.definition(rootProperty.$ref);
  }
  return {
    details,
    shapes: reading.shapes,
    source: { "@aws-cdk/aws-service-spec": { version: packageVersion() } },
  };
}

function packageVersion(): string {
  const path = createRequire(import.meta.url).resolve("@aws-cdk/aws-service-spec/package.json");
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}

class Reading {
  readonly shapes: Record<string, Shape> = {};
  readonly #database: Database;
  readonly #names = new Map<string, string>();

  constructor(database: Database) {
    this.#database = database;
  }

  definition(id: string): ShapeRef {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const { name, properties } = this.#database.get("eventTypeDefinition", id) as Definition;
    const ref = Object.hasOwn(this.shapes, name) ? `${name}${id}` : name;
    this.#names.set(id, ref);
    const fields = Object.entries(properties);
    const { members, optional = [] } = CORRECTIONS[name] ?? {};
    const required = fields
      .filter(([field, { required: isRequired }]) => isRequired === true && !optional.includes(field))
      .map(([field]) => field);
    this.shapes[ref] = { members: {} };
    this.shapes[ref] = {
      members: {
        ...Object.fromEntries(fields.map(([field, { type }]) => [field, this.#field(field, type)])),
        ...members,
      },
      ...(required.length > 0 && { required }),
    };
    return ref;
  }

  /** The schema calls the details of a task's attachments an object: AWS's samples show a list of them. */
  #field(field: string, type: FieldType): ShapeRef {
    const ref = this.#type(type);
    return field === "details" && type.type === "ref" ? this.#list(ref) : ref;
  }

  #type({ type, element, reference }: FieldType): ShapeRef {
    if (type === "ref" && reference !== undefined) return this.definition(reference.$ref);
    if (type === "array" && element !== undefined) return this.#list(this.#type(element));
    if (type === "string" || type === "boolean") return `$${type}`;
    return type === "number" ? "$double" : ANY;
  }

  #list(item: ShapeRef): ShapeRef {
    const name = `${item.replace("$", "")}List`;
    this.shapes[name] = { list: item };
    return name;
  }
}
