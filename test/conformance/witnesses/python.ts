// Installs what comes from the Python registry into .cache/conformance, once for each set of versions. Which
// registry that is, pip's own configuration says.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OLDEST_PYTHON } from "../pins.ts";

const CACHE = fileURLToPath(new URL("../../../.cache/conformance/", import.meta.url));
const INSTALL_TIMEOUT_MS = 300_000;

/** The programs of an environment, or the line that says why there is none. */
export type Environment = { readonly program: (name: string) => string } | { readonly missing: string };

export function pythonEnvironment(name: string, packages: readonly string[]): Environment {
  const python = findPython();
  if (python === undefined) return { missing: `no Python ${OLDEST_PYTHON.join(".")} or later was found` };
  const key = createHash("sha256")
    .update([python.version, ...packages].join("\n"))
    .digest("hex")
    .slice(0, 8);
  const folder = join(CACHE, `${name}-${key}`);
  const program = (tool: string): string => join(folder, "bin", tool);
  const mark = join(folder, "installed");
  if (existsSync(mark)) return { program };
  rmSync(folder, { recursive: true, force: true });
  const trouble =
    run(python.command, ["-m", "venv", folder]) ??
    run(program("pip"), ["install", "--quiet", "--disable-pip-version-check", ...packages]);
  if (trouble !== undefined) return { missing: `${name} could not be installed: ${trouble}` };
  writeFileSync(mark, `${packages.join("\n")}\n`);
  return { program };
}

/** undefined: it worked. Else the last line of what it said. */
function run(command: string, parameters: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, parameters, {
    encoding: "utf8",
    timeout: INSTALL_TIMEOUT_MS,
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status === 0) return undefined;
  return (stderr?.trim().split("\n").at(-1) || error?.message) ?? `${command} ended with ${String(status)}`;
}

const [MAJOR, MINOR] = OLDEST_PYTHON;
const ASK_VERSION = "import sys, venv, ensurepip; print('%d.%d.%d' % sys.version_info[:3])";

function findPython(): { command: string; version: string } | undefined {
  for (const command of ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"]) {
    const { status, stdout } = spawnSync(command, ["-c", ASK_VERSION], { encoding: "utf8" });
    const [major = 0, minor = 0] = (stdout ?? "").trim().split(".").map(Number);
    if (status === 0 && major === MAJOR && minor >= MINOR) return { command, version: stdout.trim() };
  }
  return undefined;
}
