// A log that scrolls with a few live lines below it. On a terminal the live lines are drawn in place; in a
// pipe each is printed when it changed.

import type { Stream } from "../io.ts";

export interface Screen {
  log(line: string): void;
  setLive(lines: readonly string[]): void;
  /** Leaves the live lines where they are. */
  end(): void;
}

const CLEAR_LINE_DOWN = "\u001b[J";
const up = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A`);

export function createScreen(stream: Stream): Screen {
  return stream.isTTY === true ? terminalScreen(stream) : pipeScreen(stream);
}

function terminalScreen(stream: Stream): Screen {
  let live: readonly string[] = [];
  // A line that wraps would take more rows than are counted.
  const fitted = (line: string): string => {
    const columns = stream.columns ?? 80;
    return visibleLength(line) < columns ? line : cut(line, columns - 1);
  };
  const draw = (above: string, next: readonly string[]) => {
    const drawn = next.map(fitted);
    stream.write(
      `${up(live.length)}\r${CLEAR_LINE_DOWN}${above}${drawn.map((line) => `${line}\n`).join("")}`,
    );
    live = next;
  };
  return {
    log: (line) => draw(`${line}\n`, live),
    setLive: (lines) => {
      if (lines.join("\n") !== live.join("\n")) draw("", lines);
    },
    end: () => {
      live = [];
    },
  };
}

const HOME = "\u001b[H";
const CLEAR_SCREEN = "\u001b[2J";
const CLEAR_REST_OF_LINE = "\u001b[K";

/**
 * Draws one picture over the other, in one write: it does not flicker, and what was on the terminal before stays in
 * its scrollback. What is longer than the screen would scroll, so its end is cut off and said.
 */
export function pictureOn(stream: Stream): (lines: readonly string[]) => void {
  let isFirst = true;
  return (lines) => {
    const columns = stream.columns ?? 0;
    const most = Math.max(2, (stream.rows ?? lines.length + 1) - 1);
    const hidden = lines.length - most;
    const shown =
      hidden > 0
        ? [...lines.slice(0, most - 1), `… ${hidden + 1} more lines: make the window larger`]
        : lines;
    const drawn = shown.map((line) =>
      columns === 0 || visibleLength(line) <= columns ? line : cut(line, columns),
    );
    stream.write(
      `${HOME}${isFirst ? CLEAR_SCREEN : ""}${drawn.map((line) => `${line}${CLEAR_REST_OF_LINE}\n`).join("")}${CLEAR_LINE_DOWN}`,
    );
    isFirst = false;
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const escapes = /\u001b\[[0-9;]*m/g;
const visibleLength = (line: string): number => line.replace(escapes, "").length;
/** Colours are given up where a line is too long: rare, and simpler than to cut between sequences. */
const cut = (line: string, columns: number): string => `${line.replace(escapes, "").slice(0, columns - 1)}…`;

function pipeScreen(stream: Stream): Screen {
  let last: readonly string[] = [];
  return {
    log: (line) => stream.write(`${line}\n`),
    setLive: (lines) => {
      for (const [index, line] of lines.entries()) if (line !== last[index]) stream.write(`${line}\n`);
      last = lines;
    },
    end: () => undefined,
  };
}
