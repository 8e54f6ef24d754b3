// The `discovery` section of the manifest: which Cloud Map services are kept equal to the tasks that answer.

import { z } from "zod";
import { seconds } from "../../base/time.ts";
import type { DiscoveryPolicy, RegistryPolicy } from "../policy.ts";
import { TEMPLATE_NAMES } from "../template-names.ts";
import { closed, MODES, oneOf, wholeNumber, yesOrNo } from "./parts.ts";

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
  address: oneOf(addresses)
    .default("ipv4")
    .describe("Which address: of the task's own interface, or of its host where it has none."),
  requireHealthy: yesOrNo()
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

const DEFAULT_MAX_REMOVE_SHARE = 0.5;
/** Cloud Map records made by ECS have a TTL of 60 s by default. */
const DEFAULT_DRAIN_SECONDS = 60;
const share = "a number above 0, at most 1";

export const discoverySchema = closed({
  mode: oneOf(MODES)
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
  force: yesOrNo()
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

export function discoveryOf({
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
