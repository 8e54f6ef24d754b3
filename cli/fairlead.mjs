#!/usr/bin/env node
// The `fairlead` command: runs cli/main.ts on Node 24, which executes TypeScript as it is. On an older Node it
// starts the Node 24 that npm installed with the project.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED_MAJOR = 24;
const HEARD_ITSELF_MS = 200;
const LOOK_FOR_PARENT_EVERY_MS = 500;
const main = fileURLToPath(new URL("./main.ts", import.meta.url));

function installedNode() {
  const folder = dirname(createRequire(import.meta.url).resolve("node/package.json"));
  return [join(folder, "bin", "node"), join(folder, "bin", "node.exe")].find((file) => existsSync(file));
}

function restart() {
  const node = installedNode();
  if (node === undefined) {
    console.error(
      `fairlead needs Node ${NEEDED_MAJOR} and found ${process.version}: run npm ci in its folder`,
    );
    process.exit(2);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // A terminal sends Ctrl-C to both: the child cleans up and decides the exit code, unless it heard nothing.
  process.on("SIGINT", () => setTimeout(() => child.kill("SIGINT"), HEARD_ITSELF_MS));
  followParent(child);
  child.once("close", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

/** npx passes SIGTERM on to the shell that runs this; the shell dies of it and tells nobody. */
function followParent(child) {
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    child.kill("SIGTERM");
  }, LOOK_FOR_PARENT_EVERY_MS);
}

if (Number(process.versions.node.split(".")[0]) >= NEEDED_MAJOR) {
  // main.ts runs itself only as the entry.
  process.argv[1] = main;
  const { start } = await import("./main.ts");
  await start();
} else restart();
