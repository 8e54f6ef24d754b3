// The ways in which a command is asked to end before it is done. Each lets it clean up: a local AWS is
// stopped, a temporary queue and rule are removed.

import type { EventEmitter } from "node:events";

/** The parts of `process` that tell of an end. */
export interface Ending extends Pick<EventEmitter, "on"> {
  readonly stdout: Pick<EventEmitter, "on">;
  readonly stderr: Pick<EventEmitter, "on">;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ppid: number;
  exit(code: number): unknown;
}

/** npm, npx and cli/fairlead.mjs pass on what the terminal already sent: within this time it is one Ctrl-C. */
const ONE_SIGNAL_MS = 1_000;
const LOOK_FOR_PARENT_EVERY_MS = 500;
const EXIT_INTERRUPTED = 130;

/** `… | head` closes the pipe early, a closed terminal answers EIO: nobody listens any more. */
const GONE = new Set(["EPIPE", "EIO", "ERR_STREAM_DESTROYED"]);

export function endings(ending: Ending): AbortSignal {
  const interruption = new AbortController();
  let signalledAt: number | undefined;
  const onSignal = () => {
    const now = performance.now();
    // A second Ctrl-C does not wait for a clean end.
    if (signalledAt !== undefined && now - signalledAt > ONE_SIGNAL_MS) ending.exit(EXIT_INTERRUPTED);
    signalledAt ??= now;
    interruption.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) ending.on(signal, onSignal);
  for (const stream of [ending.stdout, ending.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (!GONE.has(error.code ?? "")) throw error;
      interruption.abort();
    });
  }
  onParentGone(ending, () => interruption.abort());
  return interruption.signal;
}

/** npm passes SIGTERM on to the shell that runs its script; the shell dies of it and tells nobody. */
function onParentGone(ending: Ending, tell: () => void): void {
  if (ending.env["npm_lifecycle_event"] === undefined) return;
  const parent = ending.ppid;
  const timer = setInterval(() => {
    if (ending.ppid === parent) return;
    clearInterval(timer);
    tell();
  }, LOOK_FOR_PARENT_EVERY_MS);
  timer.unref();
}
