// The bundles under test: the product's as they are deployed, the peers' as esbuild makes them best.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { buildFunctions } from "../../../infra/build/build.ts";
import type { Bundle } from "../../../infra/build/bundle.ts";
import { BUNDLES, PACKAGES, PEERS, ROOT } from "./places.ts";

export const FUNCTIONS = ["ingest", "reconcile", "sweep"] as const;
export type FunctionName = (typeof FUNCTIONS)[number];
export type PeerName = "empty" | "own-signature" | "raw-sdk" | "usual" | "usual-batch";

/** Builds afresh: a figure of yesterday's bundle is worth nothing. */
export const buildProduct = (): Promise<readonly Bundle[]> =>
  buildFunctions({ sources: join(ROOT, "functions"), out: join(BUNDLES, "product") });

export async function buildPeers(): Promise<void> {
  const names = readdirSync(PEERS).filter((file) => file.endsWith(".mjs") && file !== "usual-write.mjs");
  await build({
    entryPoints: Object.fromEntries(
      names.map((file) => [join(file.slice(0, -4), "index"), join(PEERS, file)]),
    ),
    outdir: join(BUNDLES, "peers"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    nodePaths: [join(PACKAGES, "node_modules")],
    // The X-Ray SDK is CommonJS and requires Node's modules.
    banner: {
      js: 'import{createRequire}from"node:module";import{fileURLToPath as peerPath}from"node:url";import{dirname as peerFolderOf}from"node:path";const require=createRequire(import.meta.url),__filename=peerPath(import.meta.url),__dirname=peerFolderOf(__filename);',
    },
    external: ["bufferutil", "utf-8-validate"],
    logLevel: "error",
  });
}

export const productFolder = (name: FunctionName): string => join(BUNDLES, "product", "functions", name);
export const peerFolder = (name: PeerName): string => join(BUNDLES, "peers", name);
