// The fleet manifest that people write (YAML or JSON): what Fairlead shall do for which service. Only the
// CLI reads it, with zod; what it stores is the checked ServicePolicy that hot functions take as it is.

import type { Document } from "yaml";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { AppError } from "../base/errors.ts";
import type { Key, KeyParts, Scope } from "../base/keys.ts";
import { keyOf } from "../base/keys.ts";
import { seconds } from "../base/time.ts";
import { shown } from "./guards.ts";
import type { DiscoveryPolicy, RegistryPolicy, ServicePolicy } from "./policy.ts";
import { TEMPLATE_NAMES } from "./template-names.ts";

/** A closed object: a misspelt name is an error that lists the right ones. */
const closed = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => {
      const names = Object.keys(shape).join(", ");
      return issue.code === "unrecognized_keys" ? names : `an object with ${names}`;
    },
  });

// Limits of RegisterInstance: https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html
const MAX_CUSTOM_ATTRIBUTES = 30;
/** The ownership mark that Fairlead adds is a custom attribute too. */
const OWN_ATTRIBUTES = 1;
const MAX_NAME_LENGTH = 255;
const MAX_VALUE_LENGTH = 1_024;
const namePattern = /^[!-~]+$/;
const valuePattern = /^[\t\x20-\x7e]*$/;

/** `AWS_…` attributes come from the task itself; `fairlead.…` mark who owns an instance. */
const attributeName = z
  .string()
  .max(MAX_NAME_LENGTH, `at most ${MAX_NAME_LENGTH} characters`)
  .regex(namePattern, "printable ASCII without spaces")
  .refine((name) => !/^(AWS_|fairlead\.)/.test(name), "a name that does not begin with AWS_ or fairlead.");

const placeholder = /\{\{([^{}]*)\}\}/g;
const templateNames: ReadonlySet<string> = new Set(TEMPLATE_NAMES);
const isKnownName = (name: string): boolean => templateNames.has(name) || /^tag_[^\s{}]+$/.test(name);

/** The first thing wrong with a template's placeholders. */
export function templateProblem(template: string): string | undefined {
  for (const [, inner = ""] of template.matchAll(placeholder)) {
    if (!isKnownName(inner.trim()))
      return `only known placeholders, which {{${inner}}} is not: ${TEMPLATE_NAMES.join(", ")}, tag_<key>`;
  }
  if (/\{\{|\}\}/.test(template.replace(placeholder, "")))
    return "every {{ to be closed by }}, around one name";
  return undefined;
}

/** Numbers and booleans are what YAML makes of `weight: 10` or `canary: true`: texts were meant. */
const attributeValue = z
  .union([z.string(), z.number(), z.boolean()], "a text")
  .transform(String)
  .pipe(
    z
      .string()
      .max(MAX_VALUE_LENGTH, `at most ${MAX_VALUE_LENGTH} characters`)
      .regex(valuePattern, "printable ASCII")
      .superRefine((template, context) => {
        const problem = templateProblem(template);
        if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
      }),
  );

const registryPattern = /^(srv-[a-z0-9]+|arn:[^:]*:servicediscovery:[^:]+:[^:]+:service\/srv-[a-z0-9]+)$/;
const addresses = ["ipv4", "ipv6", "dualstack", "public"] as const;
const modes = ["observe", "approve", "act"] as const;
const MAX_WEIGHT = 1_000_000;

/** An instance id is `TASK-NAME` in at most 64 characters, and old task ids have 36. */
const MAX_PORT_NAME_LENGTH = 27;

const registrySchema = closed({
  service: z
    .string("a Cloud Map service id (srv-…) or its ARN")
    .regex(registryPattern, "a Cloud Map service id (srv-…) or its ARN")
    .describe("The Cloud Map service to keep: its id, or its ARN when another account shares the namespace."),
  container: z
    .string("a container's name")
    .min(1, "a container's name")
    .optional()
    .describe("The container whose port and health count. Without it: the task's first container."),
  port: wholeNumber(1, 65_535)
    .optional()
    .describe(
      "The container port to publish. In bridge mode the dynamic host port is published in its place. Without it: an address alone.",
    ),
  portName: z
    .string("a name")
    .regex(
      new RegExp(`^[A-Za-z0-9_-]{1,${MAX_PORT_NAME_LENGTH}}$`),
      `1 to ${MAX_PORT_NAME_LENGTH} letters, digits, - or _`,
    )
    .optional()
    .describe("Names the port in the instance id and in `{{port_name}}`. Without it: the port's number."),
  address: z
    .enum(addresses, addresses.join(" | "))
    .default("ipv4")
    .describe("Which address: of the task's own interface, or of its host where it has none."),
  requireHealthy: z
    .boolean("true or false")
    .default(false)
    .describe("Register once the container health check says HEALTHY, not as soon as the task is RUNNING."),
  attributes: z
    .record(attributeName, attributeValue, "names with texts")
    .default({})
    .describe("Custom attributes; values may hold `{{placeholders}}`, listed below."),
  weight: wholeNumber(0, MAX_WEIGHT)
    .optional()
    .describe("Published as attribute `weight` for API clients that weigh instances. DNS cannot weigh."),
}).superRefine((registry, context) => {
  const room = MAX_CUSTOM_ATTRIBUTES - OWN_ATTRIBUTES - (registry.weight === undefined ? 0 : 1);
  if (Object.keys(registry.attributes).length <= room) return;
  const message = `at most ${room} names: Cloud Map takes ${MAX_CUSTOM_ATTRIBUTES} custom attributes, Fairlead's own included`;
  context.addIssue({ code: "custom", path: ["attributes"], message });
});

function wholeNumber(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
}

const DEFAULT_MAX_REMOVE_SHARE = 0.5;
/** Cloud Map records made by ECS have a TTL of 60 s by default. */
const DEFAULT_DRAIN_SECONDS = 60;
const share = "a number above 0, at most 1";

const discoverySchema = closed({
  mode: z
    .enum(modes, modes.join(" | "))
    .default("observe")
    .describe("`observe` says what it would do, `approve` does it once approved, `act` does it."),
  registries: z
    .array(registrySchema, "a list of registries")
    .min(1, "at least one registry")
    .describe("Any number: several ports, several namespaces, several accounts."),
  maxRemoveShare: z
    .number(share)
    .gt(0, share)
    .max(1, share)
    .default(DEFAULT_MAX_REMOVE_SHARE)
    .describe("At most this share of a registry's own instances leaves in one pass."),
  force: z
    .boolean("true or false")
    .default(false)
    .describe(
      "The share does not bind and the last healthy instance may go: an operator's word, for a shut-down.",
    ),
  drainSeconds: wholeNumber(0, 3_600)
    .default(DEFAULT_DRAIN_SECONDS)
    .describe("Between deregistration and a stop by Fairlead: DNS TTL plus what clients cache."),
}).superRefine(({ registries }, context) => {
  const seen = new Set<string>();
  for (const [index, { service, portName, port }] of registries.entries()) {
    const name = `${service} ${portName ?? port ?? "(no port)"}`;
    const message = "another port or portName than the other registry of the same service";
    if (seen.has(name)) context.addIssue({ code: "custom", path: ["registries", index], message });
    seen.add(name);
  }
});

const policySchema = closed({
  discovery: discoverySchema.optional().describe("Keeps Cloud Map equal to the tasks that answer."),
});

const serviceName = "cluster/service, or account/region/cluster/service";
const groupName = "cluster/group, such as shop/family:report";
const part = "[^/:\\s]+";
const servicePattern = new RegExp(`^(?:(\\d{12})/([a-z0-9-]+)/)?(${part})/(${part})$`);
const groupPattern = new RegExp(`^(?:(\\d{12})/([a-z0-9-]+)/)?(${part})/((?!service:)\\S+)$`);

export const manifestSchema = closed({
  version: z.literal(1, "1").describe("The version of this format."),
  services: z
    .record(z.string().regex(servicePattern, serviceName), policySchema, "services by cluster/service")
    .default({})
    .describe("Policies by `cluster/service`, or by `account/region/cluster/service`."),
  tasks: z
    .record(z.string().regex(groupPattern, groupName), policySchema, "task groups by cluster/group")
    .default({})
    .describe(
      "The same for standalone tasks (RunTask, Scheduler), by `cluster/group`, such as `shop/family:report`.",
    ),
});

type Manifest = z.output<typeof manifestSchema>;

export interface Fleet {
  readonly policies: readonly (readonly [Key, ServicePolicy])[];
}

/**
 * Checks a whole manifest. `scope` completes the short names. Throws one `input` error that lists every
 * problem: place, what was found, what is allowed.
 */
export function parseManifest(text: string, fileName: string, scope: Scope): Fleet {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const texts = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return `${fileName}:${line}:${col}: not YAML: ${error.message}`;
    });
    throw problems(fileName, texts);
  }
  const content = contentOf(document, fileName);
  const checked = manifestSchema.safeParse(content);
  if (!checked.success) {
    const place = { fileName, document, lines, content };
    throw problems(
      fileName,
      checked.error.issues.flatMap((issue) => issueTexts(issue, place)),
    );
  }
  return { policies: policiesOf(checked.data, scope, fileName) };
}

const problems = (fileName: string, texts: readonly string[]): AppError =>
  new AppError("input", texts.join("\n"), { detail: { file: fileName, problems: texts.length } });

/** Aliases are resolved only here: a file that multiplies itself is refused by the library's limit. */
function contentOf(document: Document, fileName: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw problems(fileName, [
      `${fileName}: not YAML: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
}

interface Place {
  readonly fileName: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly content: unknown;
}

/** `file:line: path: found …, expected …`; one for each name that a closed object does not know. */
function issueTexts(issue: z.core.$ZodIssue, place: Place): readonly string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => {
      const path = [...issue.path, name];
      return `${where(path, place)}: found a name that is not known, expected one of ${issue.message}`;
    });
  }
  if (issue.code === "invalid_key") {
    const expected = issue.issues.map(({ message }) => message).join("; ");
    return [`${where(issue.path, place)}: found the name ${shown(issue.path.at(-1))}, expected ${expected}`];
  }
  return [
    `${where(issue.path, place)}: found ${shown(valueAt(place.content, issue.path))}, expected ${issue.message}`,
  ];
}

function where(path: readonly PropertyKey[], { fileName, document, lines }: Place): string {
  // A missing name has no line of its own: the object that lacks it has.
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as
      | { range?: readonly [number, ...unknown[]] }
      | undefined;
    if (node?.range !== undefined && node.range !== null) {
      return `${fileName}:${lines.linePos(node.range[0]).line}: ${pathText(path)}`;
    }
  }
  return `${fileName}: ${pathText(path)}`;
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => text + partText(part, text === ""), "") || "(the whole file)";

function partText(part: PropertyKey, first: boolean): string {
  if (typeof part === "number") return `[${part}]`;
  const name = String(part);
  if (!/^[A-Za-z_][\w-]*$/.test(name)) return `[${JSON.stringify(name)}]`;
  return first ? name : `.${name}`;
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined),
    content,
  );
}

function policiesOf(
  manifest: Manifest,
  scope: Scope,
  fileName: string,
): readonly (readonly [Key, ServicePolicy])[] {
  const found = new Map<Key, ServicePolicy>();
  const add = (kind: "service" | "group", name: string, policy: Manifest["services"][string]): void => {
    const key = keyOf(keyParts(kind, name, scope));
    if (found.has(key))
      throw problems(fileName, [`${fileName}: "${name}" names ${key}, which stands in the file already`]);
    found.set(key, policy.discovery === undefined ? {} : { discovery: discoveryOf(policy.discovery) });
  };
  for (const [name, policy] of Object.entries(manifest.services)) add("service", name, policy);
  for (const [name, policy] of Object.entries(manifest.tasks)) add("group", name, policy);
  return [...found];
}

function keyParts(kind: "service" | "group", text: string, scope: Scope): KeyParts {
  const pattern = kind === "service" ? servicePattern : groupPattern;
  const [, account, region, cluster = "", name = ""] = pattern.exec(text) ?? [];
  return { kind, cluster, name, account: account ?? scope.account, region: region ?? scope.region };
}

function discoveryOf({
  drainSeconds,
  registries,
  ...rest
}: z.output<typeof discoverySchema>): DiscoveryPolicy {
  return { ...rest, registries: registries.map(registryOf), drainMs: seconds(drainSeconds) };
}

function registryOf({
  container,
  port,
  portName,
  weight,
  ...rest
}: z.output<typeof registrySchema>): RegistryPolicy {
  return {
    ...rest,
    ...(container !== undefined && { container }),
    ...(port !== undefined && { port }),
    ...(portName !== undefined && { portName }),
    ...(weight !== undefined && { weight }),
  };
}
