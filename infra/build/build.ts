// `npm run build`: functions/<name>/handler.ts → dist/functions/<name>/index.mjs, the folder that CDK deploys
// and that the local runtime loads. Fails when a bundle is over its budget.

import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { budgetFaults } from "./budget.ts";
import type { Bundle } from "./bundle.ts";
import { bundle } from "./bundle.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface BuildPlaces {
  /** Holds a folder with a handler.ts for each function. */
  readonly sources: string;
  /** Receives `functions/<name>/index.mjs` and `meta/<name>.json`. */
  readonly out: string;
}

const places: BuildPlaces = { sources: join(root, "functions"), out: join(root, "dist") };

/** Bundles every function, writes the metafiles beside them. Says nothing about budgets. */
export async function buildFunctions({ sources, out }: BuildPlaces = places): Promise<readonly Bundle[]> {
  const folders = (await readdir(sources)).filter((name) => existsSync(join(sources, name, "handler.ts")));
  await mkdir(join(out, "meta"), { recursive: true });
  // What an older build left there would be deployed too.
  await rm(join(out, "functions"), { recursive: true, force: true });
  return Promise.all(
    folders.sort().map(async (name) => {
      const built = await bundle({
        name,
        entry: join(sources, name, "handler.ts"),
        file: join(out, "functions", name, "index.mjs"),
      });
      await writeFile(join(out, "meta", `${name}.json`), JSON.stringify(built.metafile));
      return built;
    }),
  );
}

async function main(): Promise<void> {
  const bundles = await buildFunctions();
  for (const built of bundles) {
    const faults = budgetFaults(built);
    console.log(`${built.name}: ${(built.bytes / 1_000).toFixed(1)} KB`);
    for (const fault of faults) console.error(`${built.name} ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
  }
  if (bundles.length === 0) {
    console.error("no functions/<name>/handler.ts found");
    process.exitCode = 1;
  }
}

if (import.meta.main) await main();
