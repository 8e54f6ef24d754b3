// The signs that Argo Rollouts' users know, and what stands for them where a terminal may not have them.

import type { RolloutStatus } from "../../shared/contracts/rollout-api.ts";
import type { Io, Paint, Stream, Tone } from "../io.ts";

export interface Symbols {
  readonly ok: string;
  readonly bad: string;
  readonly paused: string;
  readonly moving: string;
  readonly unknown: string;
  readonly service: string;
  readonly revision: string;
  readonly group: string;
  readonly task: string;
  readonly analysis: string;
  readonly step: string;
  readonly branch: string;
  readonly lastBranch: string;
  readonly stem: string;
  readonly gap: string;
}

export const SIGNS: Symbols = {
  ok: "✔",
  bad: "✖",
  paused: "॥",
  moving: "◌",
  unknown: "?",
  service: "⟳ ",
  revision: "# ",
  group: "⧉ ",
  task: "□ ",
  analysis: "Σ ",
  step: "→",
  branch: "├──",
  lastBranch: "└──",
  stem: "│  ",
  gap: "   ",
};

export const ASCII: Symbols = {
  ok: "ok",
  bad: "x",
  paused: "||",
  moving: "..",
  unknown: "?",
  service: "",
  revision: "",
  group: "",
  task: "",
  analysis: "",
  step: ">",
  branch: "|--",
  lastBranch: "`--",
  stem: "|  ",
  gap: "   ",
};

/** Plain where nobody watches a terminal, where no colours are wanted, and where the terminal knows no UTF-8. */
export function symbolsFor(
  stream: Stream,
  { environment }: Pick<Io, "environment">,
  color: boolean,
): Symbols {
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"] || "";
  const isPlain =
    stream.isTTY !== true || !color || !!environment["NO_COLOR"] || environment["TERM"] === "dumb";
  return isPlain || !/utf-?8/i.test(locale) ? ASCII : SIGNS;
}

interface Word {
  readonly sign: keyof Symbols;
  readonly tone: Tone;
  readonly text: string;
}

const STATUS_WORDS: Readonly<Record<RolloutStatus, Word>> = {
  degraded: { sign: "bad", tone: "bad", text: "Degraded" },
  "rolling-back": { sign: "moving", tone: "bad", text: "Rolling back" },
  held: { sign: "paused", tone: "warn", text: "Held" },
  paused: { sign: "paused", tone: "warn", text: "Paused" },
  "awaiting-approval": { sign: "paused", tone: "warn", text: "Awaiting approval" },
  progressing: { sign: "moving", tone: "warn", text: "Progressing" },
  watching: { sign: "moving", tone: "dim", text: "Watching" },
  healthy: { sign: "ok", tone: "good", text: "Healthy" },
  unseen: { sign: "unknown", tone: "dim", text: "Unseen" },
};

export interface Drawing {
  readonly paint: Paint;
  readonly symbols: Symbols;
}

export function statusText(status: RolloutStatus, { paint, symbols }: Drawing): string {
  const { sign, tone, text } = STATUS_WORDS[status];
  return paint(tone, `${symbols[sign]} ${text}`);
}
