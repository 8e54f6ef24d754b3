// A command ends cleanly however it is asked to.

import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endings } from "./process-end.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function fakeProcess(env: Record<string, string> = {}) {
  const exit = vi.fn<(code: number) => void>();
  const streams = { stdout: new EventEmitter(), stderr: new EventEmitter() };
  return Object.assign(new EventEmitter(), { ...streams, env, ppid: 7, exit });
}

const failure = (code: string) => Object.assign(new Error(code), { code });

describe("the end of a command", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"])("is asked for by %s", (signal) => {
    const process = fakeProcess();
    const interrupted = endings(process);
    expect(interrupted.aborted).toBe(false);
    process.emit(signal);
    expect(interrupted.aborted).toBe(true);
    expect(process.exit).not.toHaveBeenCalled();
  });

  it("takes a signal that is passed on as the same one, and a later one at its word", () => {
    const process = fakeProcess();
    endings(process);
    process.emit("SIGINT");
    vi.advanceTimersByTime(200);
    process.emit("SIGINT");
    expect(process.exit).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    process.emit("SIGINT");
    expect(process.exit).toHaveBeenCalledWith(130);
  });

  it.each([
    ["stdout", "EPIPE"],
    ["stderr", "EPIPE"],
    ["stdout", "EIO"],
  ] as const)("is clean when nobody reads %s any more (%s)", (stream, code) => {
    const process = fakeProcess();
    const interrupted = endings(process);
    process[stream].emit("error", failure(code));
    process[stream].emit("error", failure(code));
    expect(interrupted.aborted).toBe(true);
    expect(process.exit).not.toHaveBeenCalled();
  });

  it("does not hide another failure of a stream", () => {
    const process = fakeProcess();
    endings(process);
    expect(() => process.stdout.emit("error", failure("ENOSPC"))).toThrow("ENOSPC");
  });

  it("follows npm's shell, and no other parent", () => {
    const [byNpm, byShell] = [fakeProcess({ npm_lifecycle_event: "start" }), fakeProcess()];
    const [npm, shell] = [endings(byNpm), endings(byShell)];
    vi.advanceTimersByTime(2_000);
    expect(npm.aborted).toBe(false);
    byNpm.ppid = 1;
    byShell.ppid = 1;
    vi.advanceTimersByTime(2_000);
    expect({ npm: npm.aborted, shell: shell.aborted }).toEqual({ npm: true, shell: false });
  });
});
