// The data file against what it stands for: the operations of the world, the SDK's own schemas, and inputs
// made from it by chance.

import { NormalizedSchema } from "@smithy/core/schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochMs } from "../../shared/base/time.ts";
import type { ModelledService } from "../faces/wire/world-api.ts";
import { createWorld } from "../world/world.ts";
import { readEventShapes } from "./event-spec.ts";
import { checkRequest } from "./model-check.ts";
import type { Shape, ShapeRef, Shapes, StructureShape } from "./model-data.ts";
import { modelData, operationModel } from "./model-data.ts";
import { compilePattern } from "./pattern.ts";
import type { Step } from "./shape-check.ts";

const { services, skippedPatterns, source, events } = modelData();
const world = createWorld({ seed: 1, startAt: epochMs(0) });

const CLIENTS: Readonly<Record<ModelledService, () => Promise<object>>> = {
  ecs: () => import("@aws-sdk/client-ecs"),
  elasticloadbalancing: () => import("@aws-sdk/client-elastic-load-balancing-v2"),
  servicediscovery: () => import("@aws-sdk/client-servicediscovery"),
  cloudwatch: () => import("@aws-sdk/client-cloudwatch"),
  events: () => import("@aws-sdk/client-eventbridge"),
  ec2: () => import("@aws-sdk/client-ec2"),
  ssm: () => import("@aws-sdk/client-ssm"),
};

type SchemaRef = Parameters<typeof NormalizedSchema.of>[0];

/** `[9, namespace, name, traits, input, output]` of each operation of an SDK client. */
async function schemasOf(service: string): Promise<ReadonlyMap<string, readonly SchemaRef[]>> {
  const module = await CLIENTS[service as ModelledService]();
  const operations = Object.values(module).filter(
    (value): value is readonly [9, string, string, unknown, SchemaRef, SchemaRef] =>
      Array.isArray(value) && value[0] === 9,
  );
  return new Map(operations.map(([, , name, , input, output]) => [name, [input, output]]));
}

const COMMAND = "run `npm run refresh:models -- <botocore wheel>`";

describe("the data file", () => {
  it.each(Object.keys(CLIENTS))("has every operation of %s that the world serves", async (service) => {
    const served = [...(await schemasOf(service)).keys()].filter((operation) =>
      world.has(service, operation),
    );
    const absent = served.filter((operation) => operationModel(service, operation) === undefined);
    expect(absent, COMMAND).toEqual([]);
    expect(served.length).toBeGreaterThan(0);
  });

  it("says where it comes from, and skips no pattern", () => {
    expect(source["botocore"]).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      date: expect.stringMatching(/^20\d\d-\d\d-\d\d$/),
    });
    expect(skippedPatterns).toEqual([]);
  });

  it("has the event schemas of the installed package", async () => {
    const { source: installed, ...shapes } = await readEventShapes();
    expect(source, COMMAND).toMatchObject(installed);
    expect(events, COMMAND).toEqual(shapes);
  });

  it.each(Object.keys(services))(
    "agrees with the SDK's schemas of %s on members and types",
    async (service) => {
      const schemas = await schemasOf(service);
      const { operations = {}, shapes = {} } = services[service] ?? {};
      const differences: string[] = [];
      for (const [name, { input, output }] of Object.entries(operations)) {
        const [inputSchema, outputSchema] = schemas.get(name) ?? [];
        const seen = new Set<ShapeRef>();
        if (inputSchema !== undefined) compare(`${name}.input`, input, NormalizedSchema.of(inputSchema));
        if (outputSchema !== undefined) compare(`${name}.output`, output, NormalizedSchema.of(outputSchema));

        function compare(path: string, ref: ShapeRef, schema: NormalizedSchema): void {
          const shape = shapes[ref];
          if (shape === undefined || seen.has(ref) || schema.isUnitSchema()) return;
          seen.add(ref);
          if ("list" in shape && schema.isListSchema())
            compare(`${path}[]`, shape.list, schema.getValueSchema());
          else if ("map" in shape && schema.isMapSchema())
            compare(`${path}{}`, shape.map[1], schema.getValueSchema());
          else if ("members" in shape && schema.isStructSchema()) {
            const known = new Map(schema.structIterator());
            for (const [member, inner] of Object.entries(shape.members)) {
              const other = known.get(member);
              // A model that is ahead of the installed SDK is what the file is for; the reverse is too old.
              if (other !== undefined) compare(`${path}.${member}`, inner, other);
            }
            for (const member of known.keys()) {
              if (!Object.hasOwn(shape.members, member)) differences.push(`${path}.${member}`);
            }
          } else if (!("type" in shape)) differences.push(`${path}: another kind`);
        }
      }
      expect(differences).toEqual([]);
    },
  );
});

interface Place {
  readonly path: readonly Step[];
  readonly shape: Exclude<Shape, StructureShape>;
}

/** A generated input and the constrained places in it, with setters to break them. */
interface Made {
  readonly value: unknown;
  readonly places: readonly (Place & { put(value: unknown): void })[];
}

const DEPTH = 5;

/** Draws a value that keeps all constraints; patterns from texts that mostly suit them. */
class Maker {
  readonly places: (Place & { put(value: unknown): void })[] = [];
  readonly #shapes: Shapes;
  readonly #draw: (below: number) => number;

  constructor(shapes: Shapes, draw: (below: number) => number) {
    this.#shapes = shapes;
    this.#draw = draw;
  }

  /** undefined: there is no such value, or it would be too deep. */
  make(ref: ShapeRef, path: readonly Step[], put: (value: unknown) => void): unknown {
    const shape: Shape | undefined = this.#shapes[ref];
    if (shape === undefined) return plain(ref);
    if ("members" in shape) return this.#structure(shape, path);
    const value = this.#container(shape, path);
    if (value !== undefined) this.places.push({ path, shape, put });
    return value;
  }

  #structure(shape: StructureShape, path: readonly Step[]): object | undefined {
    const value: Record<string, unknown> = {};
    const required = shape.required ?? [];
    for (const [name, ref] of Object.entries(shape.members)) {
      if (!required.includes(name) && (path.length > DEPTH || this.#draw(3) > 0)) continue;
      const made = this.make(ref, [...path, name], (other) => {
        value[name] = other;
      });
      if (made !== undefined) value[name] = made;
      else if (required.includes(name)) return undefined;
    }
    return value;
  }

  #container(shape: Exclude<Shape, StructureShape>, path: readonly Step[]): unknown {
    if ("type" in shape) return scalar(shape, this.#draw);
    const count = Math.max(shape.min ?? 0, path.length > DEPTH ? 0 : Math.min(shape.max ?? 2, this.#draw(3)));
    if ("list" in shape) {
      const items: unknown[] = [];
      for (let index = 0; index < count; index += 1) {
        const made = this.make(shape.list, [...path, index], (other) => {
          items[index] = other;
        });
        if (made === undefined) return undefined;
        items[index] = made;
      }
      return items;
    }
    const entries: Record<string, unknown> = {};
    for (let index = 0; index < count; index += 1) {
      const key = `k${index}`;
      const made = this.make(shape.map[1], [...path, { key }], (other) => {
        entries[key] = other;
      });
      if (made === undefined) return undefined;
      entries[key] = made;
    }
    return entries;
  }
}

const plain = (ref: ShapeRef): unknown =>
  ({ $string: "text", $boolean: true, $timestamp: new Date(0), $blob: "AA==", $any: {} })[ref] ?? 7;

/** One of these suits each pattern of the served operations; a test says when none does. */
const TEXTS = [
  "text-1",
  "srv-0123456789abcdef",
  "arn:aws:events:us-east-1:111122223333:event-bus/default",
  "arn:aws:iam::111122223333:role/r",
  "123456789012",
  "Average",
  "200",
  "HTTP",
  "aws.partner/a/b",
  "ipv4pool-coip-1",
  "ipam-pool-1",
  "a.b",
  "events:Publish",
  "i-0123456789abcdef0",
  "$.a",
  "/a",
  "",
];

const suits = (shape: Extract<Shape, { type: string }>, text: string): boolean =>
  text.length >= (shape.min ?? 0) &&
  text.length <= (shape.max ?? Number.POSITIVE_INFINITY) &&
  (shape.pattern === undefined || compilePattern(shape.pattern)?.test(text) !== false);

function scalar(shape: Extract<Shape, { type: string }>, draw: (below: number) => number): unknown {
  if (shape.enum !== undefined) return shape.enum[draw(shape.enum.length)];
  if (shape.type !== "string") {
    if (!["integer", "long", "float", "double"].includes(shape.type)) return plain(`$${shape.type}`);
    const { min = 0, max = min + 1_000 } = shape;
    return min + draw(Math.min(max - min, 1_000) + 1);
  }
  return TEXTS.find((text) => suits(shape, text)) ?? padded(shape);
}

function padded(shape: Extract<Shape, { type: string }>): string | undefined {
  const text = "a".repeat(Math.max(shape.min ?? 1, 1));
  return suits(shape, text) ? text : undefined;
}

/** Values that break exactly one constraint of the shape. */
function breaches(shape: Place["shape"]): readonly unknown[] {
  const { min, max } = shape;
  if ("type" in shape && shape.type !== "string") {
    return [...(min === undefined ? [] : [min - 1]), ...(max === undefined ? [] : [max + 1])];
  }
  if ("list" in shape) return min === undefined || min === 0 ? [] : [[]];
  if ("map" in shape) return min === undefined || min === 0 ? [] : [{}];
  return [
    ...(shape.enum === undefined ? [] : ["no such value"]),
    ...(min === undefined || min === 0 || shape.enum !== undefined ? [] : [""]),
    ...(max === undefined || max > 100_000 ? [] : ["a".repeat(max + 1)]),
    ...(shape.pattern === undefined || compilePattern(shape.pattern)?.test("\u0001\n") !== false
      ? []
      : ["\u0001\n"]),
  ];
}

const allOperations = Object.entries(services).flatMap(([service, { operations }]) =>
  Object.keys(operations).map((operation) => ({ service, operation })),
);

function made(service: string, operation: string, draw: (below: number) => number): Made {
  const maker = new Maker(services[service]?.shapes ?? {}, draw);
  const value = maker.make(operationModel(service, operation)?.input ?? "", [], () => undefined);
  return { value, places: maker.places };
}

const drawing = (numbers: readonly number[]): ((below: number) => number) => {
  let at = 0;
  return (below) => {
    at += 1;
    return (numbers[at % numbers.length] ?? 0) % below;
  };
};
const numbers = fc.array(fc.nat(1_000_000), { minLength: 7, maxLength: 40 });

describe("a request made from the model", () => {
  it.each(allOperations)("of $service $operation is taken, and not with one constraint broken", (given) => {
    const { service, operation } = given;
    fc.assert(
      fc.property(numbers, fc.nat(), (drawn, pick) => {
        const { value, places } = made(service, operation, drawing(drawn));
        expect(value, "no text suits a pattern").toBeDefined();
        expect(checkRequest(service, operation, value)).toEqual([]);
        const choices = places.flatMap((place) => breaches(place.shape).map((bad) => ({ place, bad })));
        const choice = choices[pick % Math.max(choices.length, 1)];
        if (choice === undefined) return;
        choice.place.put(choice.bad);
        const findings = checkRequest(service, operation, value);
        expect(findings.length).toBeGreaterThan(0);
        for (const { path } of findings) expect(path).toEqual(choice.place.path);
      }),
      { numRuns: 40 },
    );
  });

  it.each(allOperations)("of $service $operation names each required member that it lacks", (given) => {
    const { service, operation } = given;
    const shape = services[service]?.shapes[operationModel(service, operation)?.input ?? ""];
    const required = shape !== undefined && "members" in shape ? (shape.required ?? []) : [];
    const findings = checkRequest(service, operation, {});
    expect(findings.map(({ kind, path }) => [kind, ...path])).toEqual(
      required.map((name) => ["missing", name]),
    );
  });
});
