// Installs what only benchmarks need into .cache/bench: the peers' packages and AWS's own runtime client,
// whose native half is compiled here from the sources in its package. Nothing of it is a dependency.

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cp, glob, mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { PACKAGES, ROOT, RUNTIME_CLIENT } from "./places.ts";

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** The peer is what most teams write: middy, Powertools, zod and the document client. */
const packages: Readonly<Record<string, string>> = {
  "@aws-lambda-powertools/batch": "2.35.0",
  "@aws-lambda-powertools/logger": "2.35.0",
  "@aws-lambda-powertools/metrics": "2.35.0",
  "@aws-lambda-powertools/tracer": "2.35.0",
  "@aws-sdk/client-dynamodb": "3.1138.0",
  "@aws-sdk/client-ecs": "3.1138.0",
  "@aws-sdk/client-elastic-load-balancing-v2": "3.1138.0",
  "@aws-sdk/client-servicediscovery": "3.1138.0",
  "@aws-sdk/client-sqs": "3.1138.0",
  "@aws-sdk/lib-dynamodb": "3.1138.0",
  "@middy/core": "6.4.5",
  "aws-lambda-ric": "4.0.2",
  zod: "4.6.7",
};

export type RuntimeClient = "native" | "stub";

/** Takes about two minutes the first time, nothing afterwards. */
export async function prepare(say: (line: string) => void): Promise<RuntimeClient> {
  await installPackages(say);
  const addon = join(RUNTIME_CLIENT, "rapid-client.node");
  if (existsSync(addon)) return "native";
  say("compiling the native half of aws-lambda-ric: about a minute");
  try {
    await buildNativeClient(addon);
    return "native";
  } catch (error) {
    const said = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    say(`aws-lambda-ric could not be compiled (${said}): a stub stands in for its native half`);
    return "stub";
  }
}

async function installPackages(say: (line: string) => void): Promise<void> {
  const manifest = JSON.stringify({ private: true, type: "commonjs", dependencies: packages }, null, 2);
  const file = join(PACKAGES, "package.json");
  const done = join(PACKAGES, "installed.json");
  if (existsSync(done) && readFileSync(done, "utf8") === manifest) return;
  say("installing the peers' packages into .cache/bench");
  await mkdir(PACKAGES, { recursive: true });
  await writeFile(file, manifest);
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  await run("npm", ["install", ...options], { cwd: PACKAGES, maxBuffer: OUTPUT_BYTES_MAX });
  await writeFile(done, manifest);
}

async function buildNativeClient(addon: string): Promise<void> {
  const curl = join(RUNTIME_CLIENT, "deps", "curl-src");
  const installer = join(RUNTIME_CLIENT, "scripts", "preinstall.sh");
  await mkdir(curl, { recursive: true });
  await run("tar", ["xJf", join(RUNTIME_CLIENT, "deps", "curl.tar.xz"), "--no-same-owner", "-C", curl]);
  await orderTimes(curl);
  const script = readFileSync(installer, "utf8").replaceAll(/tar xJf? \.\/curl\.tar\.xz/g, "true");
  await run("sh", ["-c", script, installer], { cwd: RUNTIME_CLIENT, maxBuffer: OUTPUT_BYTES_MAX });
  await compileAddon(addon);
  await rm(curl, { recursive: true, force: true });
}

/** The npm tarball loses the times by which make knows that configure is up to date. */
async function orderTimes(folder: string): Promise<void> {
  for await (const file of glob("**/{configure,configure.ac,aclocal.m4,*.m4,*.am,Makefile.in,*.h.in}", {
    cwd: folder,
  })) {
    const at = Date.UTC(2020, 0, 1 + rankOf(basename(file))) / 1_000;
    await utimes(join(folder, file), at, at);
  }
}

function rankOf(name: string): number {
  if (name === "configure") return 3;
  if (name.endsWith(".in")) return 2;
  return name === "aclocal.m4" ? 1 : 0;
}

async function compileAddon(addon: string): Promise<void> {
  const nodeDir = headersOfOwnNode();
  const gyp = join(PACKAGES, "node_modules", "node-gyp", "bin", "node-gyp.js");
  const args = [gyp, "rebuild", "--directory=src/native", `--nodedir=${nodeDir}`];
  const env = {
    ...process.env,
    DEPS_PREFIX: join(RUNTIME_CLIENT, "deps", "artifacts"),
    npm_config_nodedir: nodeDir,
  };
  await run(process.execPath, args, { cwd: RUNTIME_CLIENT, env, maxBuffer: OUTPUT_BYTES_MAX });
  await cp(join(RUNTIME_CLIENT, "src", "native", "build", "Release", "rapid-client.node"), addon);
}

/** The npm package `node` brings its headers; a system's Node has them one folder up. */
function headersOfOwnNode(): string {
  const folders = [
    join(ROOT, "node_modules", "node", "node_modules", `node-${process.platform}-${process.arch}`),
    dirname(dirname(process.execPath)),
  ];
  const found = folders.find((folder) => existsSync(join(folder, "include", "node", "node_api.h")));
  if (found === undefined) throw new Error("no Node headers found");
  return found;
}
