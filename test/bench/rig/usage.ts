// What a process used, from /proc: CPU time is robust against the neighbours of a shared machine, wall
// time is not. https://docs.kernel.org/scheduler/sched-stats.html (schedstat: ns on the CPU come first)

import { readdirSync, readFileSync } from "node:fs";

export const canMeasure = (): boolean => cpuMs(process.pid) > 0;

/** CPU time of all threads that live, in ms; 0 where /proc has no schedstat. */
export function cpuMs(pid: number): number {
  let nanoseconds = 0;
  for (const thread of entries(`/proc/${pid}/task`)) {
    nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0]);
  }
  return nanoseconds / 1e6;
}

/** Resident memory at its highest, in MB of 1024². */
export function peakRssMb(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes ?? Number.NaN) / 1_024;
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A thread may end between listing and reading. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "0";
  }
}
