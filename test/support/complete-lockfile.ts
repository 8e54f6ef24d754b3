// Adds to package-lock.json the native builds that npm left out because a partial mirror did not offer them
// (test/architecture/rules/lockfile.ts finds them). Run it after an install: node test/support/complete-lockfile.ts
import { readFileSync, writeFileSync } from "node:fs";
import type { Lockfile } from "../architecture/rules/lockfile.ts";
import { missingBuilds } from "../architecture/rules/lockfile.ts";

const systems = /^(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)$/;
const processors = /^(arm|arm64|ia32|loong64|ppc64|riscv64|s390x|x64)$/;

/** Native packages say in their name where they run: `@scope/tool-linux-x64-musl`. */
function entryFor(name: string, version: string) {
  const words = name.slice(name.lastIndexOf("/") + 1).split("-");
  const os = words.filter((word) => systems.test(word));
  const cpu = words.filter((word) => processors.test(word));
  if (os.length !== 1) throw new Error(`${name} does not say its platform: add it to the lockfile by hand`);
  const musl = words.some((word) => word.startsWith("musl")) ? ["musl"] : [];
  const glibc = words.some((word) => word.startsWith("gnu")) ? ["glibc"] : [];
  const libc = os[0] === "linux" ? [...musl, ...glibc] : [];
  return { version, ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }), optional: true, os };
}

const path = new URL("../../package-lock.json", import.meta.url);
const lock: Lockfile = JSON.parse(readFileSync(path, "utf8"));
const packages: Record<string, object> = { ...lock.packages };
for (const { name, version, dev } of missingBuilds(lock)) {
  packages[`node_modules/${name}`] = { ...entryFor(name, version), ...(dev && { dev }) };
}
const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
const added = Object.keys(sorted).length - Object.keys(lock.packages).length;
writeFileSync(path, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
process.stdout.write(`${added} native builds added\n`);
