// The fleet manifest that people write (YAML or JSON): what Fairlead shall do for which service. Only the
// CLI reads it, with zod; what it stores is the checked ServicePolicy that hot functions take as it is.

import type { Document } from "yaml";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import type { Key, KeyParts, Scope } from "../base/keys.ts";
import { keyOf } from "../base/keys.ts";
import { discoveryOf, discoverySchema } from "./manifest/discovery.ts";
import { closed } from "./manifest/parts.ts";
import type { Place } from "./manifest/problems.ts";
import { issueTexts, problemAt, problems } from "./manifest/problems.ts";
import type { Related, Relations } from "./manifest/relations.ts";
import { resolveRelations } from "./manifest/relations.ts";
import type { WrittenRollout } from "./manifest/rollout.ts";
import { rolloutOf, rolloutSchema } from "./manifest/rollout.ts";
import type { ServicePolicy } from "./policy.ts";

const discovery = discoverySchema.optional().describe("Keeps Cloud Map equal to the tasks that answer.");
const groupPolicySchema = closed({ discovery });
const servicePolicySchema = closed({
  discovery,
  rollout: rolloutSchema
    .optional()
    .describe("Brings the service to new revisions in steps, and back. `{}` takes every default."),
});

const serviceName = "cluster/service, or account/region/cluster/service";
const groupName = "cluster/group, such as shop/family:report";
const part = "[^/:\\s]+";
const servicePattern = new RegExp(`^(?:(\\d{12})/([a-z0-9-]+)/)?(${part})/(${part})$`);
const groupPattern = new RegExp(`^(?:(\\d{12})/([a-z0-9-]+)/)?(${part})/((?!service:)\\S+)$`);

export const manifestSchema = closed({
  version: z.literal(1, "1").describe("The version of this format."),
  services: z
    .record(z.string().regex(servicePattern, serviceName), servicePolicySchema, "services by cluster/service")
    .default({})
    .describe("Policies by `cluster/service`, or by `account/region/cluster/service`."),
  tasks: z
    .record(z.string().regex(groupPattern, groupName), groupPolicySchema, "task groups by cluster/group")
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
  const place = { fileName, document, lines, content };
  const checked = manifestSchema.safeParse(content);
  if (!checked.success) {
    throw problems(
      fileName,
      checked.error.issues.flatMap((issue) => issueTexts(issue, place)),
    );
  }
  return { policies: policiesOf(checked.data, scope, place) };
}

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

function policiesOf(
  manifest: Manifest,
  scope: Scope,
  place: Place,
): readonly (readonly [Key, ServicePolicy])[] {
  const relations = relationsOf(manifest, scope, place);
  const found = new Map<Key, ServicePolicy>();
  const add = (kind: "service" | "group", name: string, policy: Manifest["services"][string]): void => {
    const key = keyOf(keyParts(kind, name, scope));
    const { fileName } = place;
    if (found.has(key))
      throw problems(fileName, [`${fileName}: "${name}" names ${key}, which stands in the file already`]);
    found.set(key, policyOf(policy, relations.get(key)));
  };
  for (const [name, policy] of Object.entries(manifest.services)) add("service", name, policy);
  for (const [name, policy] of Object.entries(manifest.tasks)) add("group", name, policy);
  return [...found];
}

function policyOf(
  { discovery: written, rollout }: Manifest["services"][string],
  relations: Relations | undefined,
): ServicePolicy {
  return {
    ...(rollout !== undefined && { rollout: { ...rolloutOf(rollout), ...relations } }),
    ...(written !== undefined && { discovery: discoveryOf(written) }),
  };
}

/** Throws an `input` error when rollouts wait for each other, or for nobody. */
function relationsOf({ services }: Manifest, scope: Scope, place: Place): ReadonlyMap<Key, Relations> {
  const all = Object.entries(services)
    .filter((entry): entry is [string, { rollout: WrittenRollout }] => entry[1].rollout !== undefined)
    .map(([name, { rollout: written }]): Related => ({ name, key: serviceKey(name, scope), written }));
  const { relations, problems: found } = resolveRelations(all, (name) =>
    servicePattern.test(name)
      ? { key: serviceKey(name, scope), isWhole: name.split("/").length > 2 }
      : undefined,
  );
  if (found.length === 0) return relations;
  throw problems(
    place.fileName,
    found.map(({ name, path, expected }) =>
      problemAt(["services", name, "rollout", ...path], expected, place),
    ),
  );
}

const serviceKey = (name: string, scope: Scope): Key => keyOf(keyParts("service", name, scope));

function keyParts(kind: "service" | "group", text: string, scope: Scope): KeyParts {
  const pattern = kind === "service" ? servicePattern : groupPattern;
  const [, account, region, cluster = "", name = ""] = pattern.exec(text) ?? [];
  return { kind, cluster, name, account: account ?? scope.account, region: region ?? scope.region };
}
