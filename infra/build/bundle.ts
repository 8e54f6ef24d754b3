// One function → one file: an ES module, so that a handler can await a first call while it starts, which
// Lambda runs unthrottled. It imports nothing, see node-builtins.ts.

import { fileURLToPath } from "node:url";
import type { BuildOptions, Metafile } from "esbuild";
import { build } from "esbuild";
import { nodeBuiltins } from "./node-builtins.ts";
import { noConfigFiles, trimmedSchemas, versionOnly } from "./sdk-trims.ts";

export interface Bundle {
  readonly name: string;
  /** Absolute path of the one file. */
  readonly file: string;
  readonly bytes: number;
  readonly metafile: Metafile;
}

/** What to bundle and where to put it. */
export interface BundleOrder {
  readonly name: string;
  readonly entry: string;
  readonly file: string;
}

const credentials = fileURLToPath(new URL("./environment-credentials.ts", import.meta.url));
const noEndpointDiscovery = fileURLToPath(new URL("./no-endpoint-discovery.ts", import.meta.url));
const noRegionSets = fileURLToPath(new URL("./no-region-sets.ts", import.meta.url));
const noEventStreams = fileURLToPath(new URL("./no-event-streams.ts", import.meta.url));

/** The esbuild options of every function. */
const bundleOptions = {
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node24",
  minify: true,
  mainFields: ["module", "main"],
  // Picks the tree-shakeable half of dual packages, as `mainFields` does for those without `exports`.
  conditions: ["module"],
  alias: {
    "@aws-sdk/credential-provider-node": credentials,
    "@aws-sdk/middleware-endpoint-discovery": noEndpointDiscovery,
    "@aws-sdk/signature-v4-multi-region": noRegionSets,
    "@smithy/core/event-streams": noEventStreams,
  },
  plugins: [nodeBuiltins, versionOnly, trimmedSchemas, noConfigFiles],
  legalComments: "none",
  // One letter beyond Latin-1 would make V8 keep the whole source in two bytes a letter.
  charset: "ascii",
  metafile: true,
  logLevel: "warning",
} as const satisfies BuildOptions;

/** Bundles one function. Throws esbuild's BuildFailure with file and line when the source does not compile. */
export async function bundle(order: BundleOrder): Promise<Bundle> {
  const { metafile } = await build({ ...bundleOptions, entryPoints: [order.entry], outfile: order.file });
  const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  return { name: order.name, file: order.file, bytes, metafile };
}
