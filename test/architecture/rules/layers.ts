// Who may import whom (docs/architecture.md). What is not listed here is forbidden.
import type { Import } from "./imports.ts";
import type { Violation } from "./source.ts";
import { isTestPath } from "./source.ts";

export const LAYERS = [
  "base",
  "contracts",
  "core",
  "ports",
  "shell",
  "adapters",
  "functions",
  "local-world",
  "local",
  "cli",
  "console",
  "infra",
  "test",
] as const;
export type Layer = (typeof LAYERS)[number];

/** A layer may always import itself. `types` = by `import type` only. */
interface Allowance {
  readonly values: readonly Layer[];
  readonly types?: readonly Layer[];
  /** Packages and Node's modules it may use: a pattern over the specifier; absent = any. */
  readonly packages?: RegExp;
  /** Packages whose types it may name besides. */
  readonly packageTypes?: RegExp;
}

const none = /^$/;

export const RULES: Readonly<Record<Layer, Allowance>> = {
  base: { values: [], packages: none },
  contracts: { values: ["base"], packages: /^(zod|yaml|croner)(\/|$)/ },
  // croner is arithmetic on calendars and time zones: asked for an instant, it reads no clock.
  core: { values: ["base"], types: ["contracts"], packages: /^croner$/ },
  ports: { values: ["base", "contracts"], packages: none },
  shell: { values: ["base", "contracts", "core", "ports"], packages: /^(@middy\/|node:)/ },
  adapters: { values: ["base", "contracts", "ports"] },
  functions: { values: ["base", "contracts", "ports", "shell", "adapters"] },
  // The world speaks in AWS's own shapes, so it knows the SDK's types, never its code; node:net is for isIP.
  "local-world": {
    values: ["base", "contracts", "ports"],
    packages: /^node:net$/,
    packageTypes: /^@aws-sdk\/client-/,
  },
  local: { values: ["base", "contracts", "core", "ports", "shell", "adapters", "local-world"] },
  cli: { values: ["base", "contracts", "ports", "shell", "adapters", "local", "local-world"] },
  console: { values: ["base", "contracts"] },
  infra: { values: ["contracts"] },
  test: { values: LAYERS },
};

const folders: readonly (readonly [prefix: string, layer: Layer])[] = [
  ["shared/base/", "base"],
  ["shared/contracts/", "contracts"],
  ["shared/core/", "core"],
  ["shared/ports/", "ports"],
  ["shared/shell/", "shell"],
  ["shared/adapters/", "adapters"],
  ["functions/", "functions"],
  ["local/world/", "local-world"],
  ["local/", "local"],
  ["cli/", "cli"],
  ["console/", "console"],
  ["infra/", "infra"],
  ["test/", "test"],
];

/** undefined = a path outside of the tree: a package, or a folder that the design does not know. */
export function layerOf(path: string): Layer | undefined {
  const layer = folders.find(([prefix]) => path.startsWith(prefix))?.[1];
  return layer !== undefined && isTestPath(path) ? "test" : layer;
}

const isPackage = (specifier: string): boolean => !/^[\w.-]+\/.*\.(m?[jt]s|json)$/.test(specifier);

function verdict({ from, to, typeOnly }: Import): string | undefined {
  const source = layerOf(from);
  if (source === undefined) return `${from} lies in no layer of the design`;
  const rule = RULES[source];
  const target = layerOf(to);
  if (target === source) return undefined;
  if (target !== undefined) {
    if (rule.values.includes(target)) return undefined;
    if (rule.types?.includes(target) === true) {
      return typeOnly ? undefined : `${source} may import ${target} by \`import type\` only: ${to}`;
    }
    return `${source} must not import ${target}: ${to}`;
  }
  return isPackage(to) ? packageVerdict(source, to, typeOnly) : undefined;
}

function packageVerdict(source: Layer, name: string, typeOnly: boolean): string | undefined {
  const { packages, packageTypes } = RULES[source];
  if (packages === undefined || packages.test(name)) return undefined;
  if (packageTypes?.test(name) !== true) return `${source} must not use the package ${name}`;
  return typeOnly ? undefined : `${source} may use ${name} by \`import type\` only`;
}

export const layerViolations = (imports: readonly Import[]): readonly Violation[] =>
  imports.flatMap((each) => {
    const message = verdict(each);
    return message === undefined ? [] : [{ path: each.from, message }];
  });

const capabilityOf = (path: string): string | undefined => /^shared\/core\/([^/]+)\//.exec(path)?.[1];

/** Capabilities meet in arbitration and in the registry; neither is known to them. */
export const capabilityViolations = (imports: readonly Import[]): readonly Violation[] =>
  imports.flatMap(({ from, to }) => {
    const capability = isTestPath(from) ? undefined : capabilityOf(from);
    if (capability === undefined) return [];
    const other = capabilityOf(to);
    const crosses = (other !== undefined && other !== capability) || to === "shared/core/registry.ts";
    return crosses ? [{ path: from, message: `${capability} must not import ${to}` }] : [];
  });

/** zod costs more cold start than the whole budget of a function: only CLI, local and docs load it. */
export const heavyPackages = (handler: string, reached: ReadonlySet<string>): readonly Violation[] =>
  [...reached]
    .filter((path) => /^(zod|yaml|aws-cdk-lib|commander)(\/|$)/.test(path))
    .map((path) => ({ path: handler, message: `a function must not bundle ${path}` }));
