// Trims botocore's service models (service-2.json) to the operations that the local AWS serves.
// https://github.com/boto/botocore/tree/develop/botocore/data

import { epochMs } from "../../shared/base/time.ts";
import { createWorld } from "../world/world.ts";
import type { ErrorModel, OperationModel, ScalarType, ServiceData, Shape, ShapeRef } from "./model-data.ts";
import { ANY, SCALARS } from "./model-data.ts";
import { compilePattern } from "./pattern.ts";
import type { Wheel } from "./wheel.ts";

/** botocore's folder by the world's name of the service. */
const FOLDERS: Readonly<Record<string, string>> = {
  ecs: "ecs",
  elasticloadbalancing: "elbv2",
  servicediscovery: "servicediscovery",
  cloudwatch: "cloudwatch",
  events: "events",
  ec2: "ec2",
  ssm: "ssm",
};

/** Values that AWS documents and answers, and botocore's enums lack. */
const MISSING_VALUES: Readonly<Record<string, readonly string[]>> = {
  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
  ServiceDeploymentLifecycleStage: ["PRE_PRODUCTION_TRAFFIC_SHIFT"],
};

interface RawMember {
  readonly shape: string;
  readonly idempotencyToken?: boolean;
}

interface RawShape {
  readonly type: string;
  readonly members?: Readonly<Record<string, RawMember>>;
  readonly required?: readonly string[];
  readonly member?: RawMember;
  readonly key?: RawMember;
  readonly value?: RawMember;
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly sensitive?: boolean;
  readonly document?: boolean;
  readonly fault?: boolean;
  readonly error?: { readonly code?: string; readonly httpStatusCode?: number };
}

interface RawOperation {
  readonly input?: RawMember;
  readonly output?: RawMember;
  readonly errors?: readonly RawMember[];
}

interface RawModel {
  readonly metadata: { readonly protocols: readonly string[] };
  readonly operations: Readonly<Record<string, RawOperation>>;
  readonly shapes: Readonly<Record<string, RawShape>>;
}

export interface Trimmed {
  readonly services: Readonly<Record<string, ServiceData>>;
  readonly skippedPatterns: readonly string[];
  /** The day on which the wheel was made: botocore's models carry none. */
  readonly date: string;
}

export function readBotocore(wheel: Wheel): Trimmed {
  const world = createWorld({ seed: 1, startAt: epochMs(0) });
  const skipped = new Set<string>();
  const services: Record<string, ServiceData> = {};
  for (const [service, folder] of Object.entries(FOLDERS)) {
    const raw = JSON.parse(wheel.text(newestModel(wheel, folder))) as RawModel;
    const served = Object.keys(raw.operations).filter((operation) => world.has(service, operation));
    if (served.length > 0) services[service] = new Trimming(raw, skipped).service(served);
  }
  return { services, skippedPatterns: [...skipped].sort(), date: wheel.date };
}

function newestModel(wheel: Wheel, folder: string): string {
  const prefix = `botocore/data/${folder}/`;
  const models = wheel.paths.filter(
    (path) => path.startsWith(prefix) && /\/service-2\.json(\.gz)?$/.test(path),
  );
  const newest = models.sort().at(-1);
  if (newest === undefined) throw new Error(`the wheel has no model of ${folder}`);
  return newest;
}

/** One service's model while it is read: shapes are taken as they are met. */
class Trimming {
  readonly #raw: RawModel;
  readonly #skipped: Set<string>;
  /**
   * The JSON protocols answer 400 or 500 whatever status the model names: the model of Cloud Map has 404 for
   * InstanceNotFound, https://docs.aws.amazon.com/cloud-map/latest/api/API_DeregisterInstance.html has 400.
   */
  readonly #hasStatuses: boolean;
  readonly #shapes = new Map<string, Shape>();
  readonly #errors = new Map<string, ErrorModel>();

  constructor(raw: RawModel, skipped: Set<string>) {
    this.#raw = raw;
    this.#hasStatuses = raw.metadata.protocols.some((protocol) => protocol === "query");
    this.#skipped = skipped;
  }

  service(served: readonly string[]): ServiceData {
    const operations = Object.fromEntries(served.toSorted().map((name) => [name, this.#operation(name)]));
    return { operations, errors: sorted(this.#errors), shapes: sorted(this.#shapes) };
  }

  #operation(name: string): OperationModel {
    const { input, output, errors = [] } = this.#raw.operations[name] as RawOperation;
    return {
      input: this.#ref(input),
      output: this.#ref(output),
      errors: errors.map((error) => this.#error(error.shape)).sort(),
    };
  }

  #error(shapeName: string): string {
    const { error, fault, members = {} } = this.#shape(shapeName);
    const name = error?.code ?? shapeName;
    const fields = Object.entries(members).filter(([member]) => member.toLowerCase() !== "message");
    this.#errors.set(name, {
      status: (this.#hasStatuses ? error?.httpStatusCode : undefined) ?? (fault === true ? 500 : 400),
      ...(fields.length > 0 && {
        fields: Object.fromEntries(fields.map(([field, member]) => [field, this.#ref(member)])),
      }),
    });
    return name;
  }

  #shape(name: string): RawShape {
    const shape = this.#raw.shapes[name];
    if (shape === undefined) throw new Error(`the model has no shape ${name}`);
    return shape;
  }

  #ref(member: RawMember | undefined): ShapeRef {
    if (member === undefined) return this.#empty();
    const raw = this.#shape(member.shape);
    if (raw.document === true) return ANY;
    const scalar = scalarOf(raw.type);
    if (scalar !== undefined && isUnconstrained(raw)) return `$${scalar}`;
    if (!this.#shapes.has(member.shape)) {
      // Named before its parts are read: shapes can contain themselves.
      this.#shapes.set(member.shape, { members: {} });
      this.#shapes.set(member.shape, this.#trim(withMissingValues(member.shape, raw), scalar));
    }
    return member.shape;
  }

  #empty(): ShapeRef {
    this.#shapes.set("Unit", { members: {} });
    return "Unit";
  }

  #trim(raw: RawShape, scalar: ScalarType | undefined): Shape {
    const limits = {
      ...(raw.min !== undefined && { min: raw.min }),
      ...(raw.max !== undefined && { max: raw.max }),
    };
    if (scalar !== undefined) return this.#scalar(raw, { type: scalar, ...limits });
    if (raw.type === "list") return { list: this.#ref(raw.member), ...limits };
    if (raw.type === "map") return { map: [this.#ref(raw.key), this.#ref(raw.value)], ...limits };
    const members = Object.entries(raw.members ?? {});
    // Clients fill in idempotency tokens by themselves.
    const required = raw.required?.filter((name) => raw.members?.[name]?.idempotencyToken !== true) ?? [];
    return {
      members: Object.fromEntries(members.map(([name, member]) => [name, this.#ref(member)])),
      ...(required.length > 0 && { required }),
    };
  }

  #scalar(raw: RawShape, base: { type: ScalarType; min?: number; max?: number }): Shape {
    if (raw.pattern !== undefined && compilePattern(raw.pattern) === undefined)
      this.#skipped.add(raw.pattern);
    return {
      ...base,
      ...(raw.enum !== undefined && { enum: raw.enum }),
      ...(raw.pattern !== undefined && { pattern: raw.pattern }),
      ...(raw.sensitive === true && { sensitive: true }),
    };
  }
}

function withMissingValues(name: string, raw: RawShape): RawShape {
  const missing = Object.hasOwn(MISSING_VALUES, name) ? (MISSING_VALUES[name] ?? []) : [];
  return raw.enum === undefined ? raw : { ...raw, enum: [...new Set([...raw.enum, ...missing])] };
}

const scalarOf = (type: string): ScalarType | undefined => SCALARS.find((scalar) => scalar === type);

/** EC2's list of instance types, over a thousand, grows between any two releases: it is no rule. */
const LONGEST_ENUM = 200;

const isUnconstrained = ({ enum: values = [], min, max, pattern }: RawShape): boolean =>
  (values.length === 0 || values.length > LONGEST_ENUM) &&
  min === undefined &&
  max === undefined &&
  pattern === undefined;

const sorted = <T>(map: ReadonlyMap<string, T>): Record<string, T> =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
