// The bundles and templates that are deployed, made from the sources when those have changed: a folder
// named by the sources' fingerprint, so that two runs never write to the same place.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "../../shared/base/errors.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CACHE = join(ROOT, ".local");
/** Everything that decides about bundles and templates. */
const SOURCES = ["functions", "infra", "shared", "package-lock.json", "tsconfig.json"];
const KEEP_MS = 24 * 3_600_000;

export interface AssemblyOptions {
  readonly onProgress: (text: string) => void;
}

/** The cloud assembly (`cdk.out`) of an installation that may act. Throws with the tool's own output. */
export async function freshAssembly({ onProgress }: AssemblyOptions): Promise<string> {
  const folder = join(CACHE, `assembly-${await fingerprintOfSources()}`);
  if (existsSync(join(folder, "manifest.json"))) return folder;
  await mkdir(CACHE, { recursive: true });
  const draft = join(CACHE, `draft-${process.pid}`);
  try {
    onProgress("bundling the functions");
    await runScript("infra/build/build.ts", {});
    onProgress("synthesizing the stacks");
    await runScript("infra/app.ts", { CDK_OUTDIR: draft, FAIRLEAD_MODE: "act" });
    await rename(draft, folder).catch((error: unknown) => {
      // Another run was faster.
      if (!existsSync(join(folder, "manifest.json"))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await removeOld(folder);
  return folder;
}

async function fingerprintOfSources(): Promise<string> {
  const hash = createHash("sha256");
  for (const source of SOURCES) {
    for (const file of await filesOf(join(ROOT, source))) hash.update(file).update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 16);
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The caller's own FAIRLEAD_* settings are for a real deployment: the demo has its own. */
const withoutSettings = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("FAIRLEAD_")));

function runScript(script: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, script)], {
    cwd: ROOT,
    env: { ...withoutSettings(), ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new AppError("input", `${script} ended with ${code ?? "a signal"}:\n${output.trim()}`));
    });
  });
}

/** A running demo loads its bundles from its folder at any time: only old ones go. */
async function removeOld(current: string): Promise<void> {
  for (const name of await readdir(CACHE)) {
    const path = join(CACHE, name);
    if (!/^(assembly|draft)-/.test(name) || path === current) continue;
    if (Date.now() - (await stat(path)).mtimeMs > KEEP_MS) await rm(path, { recursive: true, force: true });
  }
}
