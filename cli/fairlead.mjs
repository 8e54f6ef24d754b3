#!/usr/bin/env node
// The `fairlead` command: runs cli/main.ts on Node 24, which executes TypeScript as it is. On an older Node it
// starts the Node 24 that npm installed with the project.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED_MAJOR = 24;
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
  // A terminal sends Ctrl-C to both: the child cleans up and decides the exit code.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.once("close", (code) => process.exit(code ?? 1));
}

if (Number(process.versions.node.split(".")[0]) >= NEEDED_MAJOR) {
  // main.ts runs itself only as the entry.
  process.argv[1] = main;
  const { start } = await import("./main.ts");
  await start();
} else restart();
