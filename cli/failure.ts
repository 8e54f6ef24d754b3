// From what went wrong to an exit code and a text: 0 ok, 1 ran and found a failure or a difference, 2 the
// input or the surroundings were wrong.

import { AppError } from "../shared/base/errors.ts";
import type { Io } from "./io.ts";

export const EXIT = { ok: 0, found: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The user can correct it: names the place, what was found, and what is allowed. */
export const usageError = (message: string): AppError => new AppError("input", message);

/** The command did its work and found that something is not as it should be. */
export class Found extends Error {}

export function report(error: unknown, io: Io): ExitCode {
  io.stderr.write(`fairlead: ${printable(messageOf(error))}\n`);
  if (io.environment["FAIRLEAD_DEBUG"] && error instanceof Error) io.stderr.write(`${error.stack}\n`);
  return error instanceof Found ? EXIT.found : EXIT.usage;
}

/** A message may quote a file, and a file may hold what steers a terminal. */
const printable = (text: string): string =>
  text.replaceAll(
    /[^\P{Cc}\n\t]/gu,
    (found) => `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AppError && error.code !== "input" && error.code !== "defect") {
    const place = connectionHint(error);
    return place === undefined ? error.message : `${error.message}\n${place}`;
  }
  const isOurs = error instanceof AppError || error instanceof Found || "syscall" in error;
  return isOurs ? error.message : `${error.message} (set FAIRLEAD_DEBUG=1 for the details)`;
}

function connectionHint(error: AppError): string | undefined {
  if (error.code === "transient")
    return "Is the endpoint running? Check --endpoint-url, or start `fairlead local`.";
  if (error.code === "denied") return "Check the credentials and what their role allows.";
  if (error.code === "missing") return "Check --table, --work-queue-url and --region.";
  return undefined;
}
