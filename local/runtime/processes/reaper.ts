// A process beside this one that ends all programs when this one is gone without having stopped them.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const REAPER = fileURLToPath(new URL("./reaper.mjs", import.meta.url));

export interface Reaper {
  /** To be put into the environment of every program: finds those whose pid could not be told any more. */
  readonly environment: Readonly<Record<string, string>>;
  watch(pid: number): void;
  forget(pid: number): void;
  /** Kills what is still watched, and ends. */
  stop(): Promise<void>;
}

export function startReaper(onError: (error: unknown) => void): Reaper {
  const mark = `FAIRLEAD_RUN=${randomUUID()}`;
  // A session of its own: a Ctrl-C in the terminal must not end it before its work is done.
  const child = spawn(process.execPath, ["--max-semi-space-size=1", REAPER, mark], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
  });
  const exited = once(child, "exit");
  let isStopping = false;
  const report = (error: unknown) => {
    if (!isStopping) onError(error);
  };
  child.once("error", report);
  child.stdin.on("error", report);
  exited.then(
    () => report(new Error("the reaper of the tasks' processes has ended: a crash may leave some behind")),
    () => undefined,
  );
  child.unref();
  const [name = "", value = ""] = mark.split("=");
  return {
    environment: { [name]: value },
    watch: (pid) => child.stdin.write(`+${pid}\n`),
    forget: (pid) => child.stdin.write(`-${pid}\n`),
    stop: async () => {
      isStopping = true;
      child.ref();
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await exited;
    },
  };
}
