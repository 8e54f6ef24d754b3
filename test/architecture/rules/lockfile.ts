// The lockfile must name the native builds of every platform. npm leaves out those that a partial mirror did
// not offer on the day of the install; `npm ci` then fails on npm 11, and other platforms miss the binary.
import type { Violation } from "./source.ts";

interface LockEntry {
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

/** Node's own search: from the folder of the package upwards. */
function isLocked(name: string, from: string, lock: Lockfile): boolean {
  for (let folder = from; ; ) {
    const prefix = folder === "" ? "" : `${folder}/`;
    if (`${prefix}node_modules/${name}` in lock.packages) return true;
    if (folder === "") return false;
    const parent = folder.lastIndexOf("/node_modules/");
    folder = parent < 0 ? "" : folder.slice(0, parent);
  }
}

export interface MissingBuild {
  readonly name: string;
  readonly version: string;
  readonly wantedBy: string;
  readonly dev: boolean;
}

export const missingBuilds = (lock: Lockfile): readonly MissingBuild[] =>
  Object.entries(lock.packages).flatMap(([wantedBy, { optionalDependencies = {}, dev = false }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !isLocked(name, wantedBy, lock))
      .map(([name, version]) => ({ name, version, wantedBy, dev })),
  );

export const missingPlatforms = (lock: Lockfile): readonly Violation[] =>
  missingBuilds(lock).map(({ name, version, wantedBy }) => ({
    path: "package-lock.json",
    message: `${name}@${version}, wanted by ${wantedBy}, is missing: node test/support/complete-lockfile.ts`,
  }));
