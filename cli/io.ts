// What a command may touch of its process, so that tests give it something else.

import { styleText } from "node:util";

export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

export interface Io {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ctrl-C, or a request to end. */
  readonly interrupted: AbortSignal;
}

export type Tone = "good" | "bad" | "warn" | "dim" | "bold";

/** Colours a text, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

const FORMATS = { good: "green", bad: "red", warn: "yellow", dim: "dim", bold: "bold" } as const;

export const plain: Paint = (_tone, text) => text;

const coloured: Paint = (tone, text) => styleText(FORMATS[tone], text, { validateStream: false });

/** https://no-color.org: any value that is not empty. */
export const paintFor = (stream: Stream, io: Pick<Io, "environment">, color: boolean): Paint =>
  color && stream.isTTY === true && !io.environment["NO_COLOR"] && io.environment["TERM"] !== "dumb"
    ? coloured
    : plain;
