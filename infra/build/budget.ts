// The gates of a bundle: its size, that it is one file, and that nothing known to be slow got in. Each entry
// says what it costs, so that whoever meets the gate can judge it.

import type { Metafile } from "esbuild";
import type { Bundle } from "./bundle.ts";

/** Minified bytes of one function: at this size the SDK and the product fit into a 128 MB function. */
export const BUNDLE_BYTES_MAX = 400_000;

/**
 * Reconcile decides and acts for every capability: with rollouts 564 KB, of them 108 KB their core, 33 KB cron
 * expressions (croner), 30 KB the clients of Elastic Load Balancing, CloudWatch and EventBridge.
 */
const BYTES_MAX_BY_NAME: Readonly<Record<string, number>> = { reconcile: 600_000 };

export const bytesMaxOf = (name: string): number => BYTES_MAX_BY_NAME[name] ?? BUNDLE_BYTES_MAX;

interface Banned {
  readonly path: RegExp;
  readonly because: string;
}

const modules = (pattern: string): RegExp => new RegExp(`node_modules/${pattern}`);

const bannedInputs: readonly Banned[] = [
  {
    path: modules("aws-xray-sdk"),
    because: "the X-Ray SDK adds 59 ms of CPU to a cold start; Lambda traces without it",
  },
  { path: modules("@aws-lambda-powertools/tracer"), because: "the tracer loads the X-Ray SDK" },
  { path: modules("(zod|valibot)/"), because: "schemas belong in the CLI; hot functions use guards" },
  {
    path: modules("ajv/(?!dist/runtime/)"),
    because: "compiling validators at start costs 81 ms; generate them standalone",
  },
  { path: modules("@smithy/credential-provider-imds"), because: "Lambda has no instance metadata" },
  {
    path: modules("@aws-sdk/credential-provider-"),
    because: "Lambda hands credentials over in the environment",
  },
  {
    path: modules("@aws-sdk/(nested-clients|token-providers)"),
    because: "nothing in a function signs in by SSO or STS",
  },
  { path: modules("undici/"), because: "the SDK speaks through node:https; undici adds 36 ms" },
  { path: modules("(aws-sdk|esbuild|aws-cdk-lib|vitest)/"), because: "it is no part of a function" },
];

function inputFaults(metafile: Metafile): string[] {
  const faults: string[] = [];
  for (const output of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
      const banned = bytesInOutput > 0 ? bannedInputs.find((entry) => entry.path.test(path)) : undefined;
      if (banned) faults.push(`contains ${path} (${bytesInOutput} B): ${banned.because}`);
    }
  }
  return faults;
}

/** Everything that is not in the file must come with Node, and be required, not imported. */
function importFaults(metafile: Metafile): string[] {
  const faults: string[] = [];
  for (const output of Object.values(metafile.outputs)) {
    for (const { path, kind } of output.imports) {
      if (!path.startsWith("node:") && !isBuiltin(path))
        faults.push(`needs ${path}, which is not in the bundle`);
      if (kind !== "require-call")
        faults.push(`reaches ${path} by ${kind}: an ES import of it may load undici`);
    }
  }
  return faults;
}

const isBuiltin = (path: string): boolean => process.getBuiltinModule(path) !== undefined;

/** What is wrong with a bundle, one sentence each; empty when it is within budget. */
export function budgetFaults({ name, bytes, metafile }: Bundle): readonly string[] {
  const bytesMax = bytesMaxOf(name);
  const files = Object.keys(metafile.outputs);
  const faults = [...inputFaults(metafile), ...importFaults(metafile)];
  if (bytes > bytesMax) faults.push(`has ${bytes} B; the budget is ${bytesMax} B`);
  if (files.length !== 1) faults.push(`consists of ${files.length} files; one is the budget`);
  return faults;
}
