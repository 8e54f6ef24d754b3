// How much memory a process holds, where the system tells: Linux's /proc.

import { existsSync, readFileSync } from "node:fs";

/** Elsewhere memory limits are not enforced. */
export const canMeasureMemory = existsSync("/proc/self/status");

/** MiB of resident memory; undefined: not known, or the process is gone. */
export function residentMb(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
  } catch {
    return undefined;
  }
}
