// Ends the programs of tasks when the process that started them is gone, however that ended: its end of this
// process's stdin closes then, also on SIGKILL. Lines are `+<pid>` and `-<pid>`; argv[2] marks the programs.

import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const mark = process.argv[2] ?? "";
const pids = new Set();

function kill(pid) {
  // Programs lead a process group of their own: their children go with them.
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, "SIGKILL");
    } catch {
      // It is gone.
    }
  }
}

/** Those whose pid was never told: the starter died in between. Linux only. */
function* unnamed() {
  let entries = [];
  try {
    entries = readdirSync("/proc");
  } catch {
    return;
  }
  for (const entry of entries) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      if (mark !== "" && readFileSync(`/proc/${entry}/environ`, "latin1").includes(mark)) yield Number(entry);
    } catch {
      // Somebody else's, or gone.
    }
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const pid = Number(line.slice(1));
    if (line.startsWith("+")) pids.add(pid);
    else pids.delete(pid);
  })
  .on("close", () => {
    for (const pid of [...pids, ...unnamed()]) kill(pid);
    process.exit(0);
  });
