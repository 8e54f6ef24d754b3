// Entry of the `fairlead` command: the process's streams, environment and signals; everything else is below.

import type { Io } from "./io.ts";
import { endings } from "./process-end.ts";
import { runProgram } from "./program.ts";

function processIo(): Io {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    interrupted: endings(process),
  };
}

export async function start(): Promise<void> {
  process.exitCode = await runProgram(process.argv.slice(2), processIo());
}

if (import.meta.main) await start();
