// Entry of the `fairlead` command: the process's streams, environment and signals; everything else is below.

import type { Io } from "./io.ts";
import { runProgram } from "./program.ts";

function processIo(): Io {
  const interruption = new AbortController();
  const interrupt = () => {
    // A second Ctrl-C does not wait for a clean end.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  process.on("SIGHUP", interrupt);
  // `fairlead … | head` closes the pipe early: nobody listens any more, so there is nothing more to do.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    interrupted: interruption.signal,
  };
}

export async function start(): Promise<void> {
  process.exitCode = await runProgram(process.argv.slice(2), processIo());
}

if (import.meta.main) await start();
