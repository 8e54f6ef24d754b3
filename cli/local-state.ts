// `.local/fairlead.json`: where a running `fairlead local` says how it is reached, so that the other commands
// need no options. Removed when it ends.

import { readFileSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ROOT } from "../local/scenario/assembly.ts";
import type { Place } from "../local/scenario/demo.ts";

export interface LocalState extends Place {
  readonly pid: number;
}

const defaultFile = join(ROOT, ".local", "fairlead.json");

const fileOf = (environment: Readonly<Record<string, string | undefined>>): string =>
  environment["FAIRLEAD_LOCAL_STATE"] ?? defaultFile;

type Environment = Parameters<typeof fileOf>[0];

/** undefined when none runs; what a crashed one left behind does not count. */
export function readLocalState(environment: Environment): LocalState | undefined {
  try {
    const state = JSON.parse(readFileSync(fileOf(environment), "utf8")) as LocalState;
    return isAlive(state.pid) ? state : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process, but a living one.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Returns the removal; undefined when another one runs, which keeps the commands. */
export async function writeLocalState(
  place: Place,
  environment: Environment,
): Promise<(() => void) | undefined> {
  if (readLocalState(environment) !== undefined) return undefined;
  const file = fileOf(environment);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify({ ...place, pid: process.pid }, null, 2)}\n`);
  return () => {
    if (readLocalState(environment)?.pid === process.pid) rmSync(file, { force: true });
  };
}
