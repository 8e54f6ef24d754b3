// One row of the scoreboard, and how it is printed.

export type FigureId = "P1" | "P2" | "P3" | "P4" | "P5" | "P6" | "P7" | "P10" | "P11" | "P12" | "W1";
export const FIGURE_IDS: readonly FigureId[] = [
  "P1",
  "P2",
  "P3",
  "P4",
  "P5",
  "P6",
  "P7",
  "P10",
  "P11",
  "P12",
  "W1",
];

export interface Figure {
  readonly id: FigureId;
  /** The function or the trace that the row is about. */
  readonly function: string;
  readonly value: number;
  /** What the same machine needs at least; null where there is no such thing. */
  readonly floor: number | null;
  /** What the usual design needs; null where it was not measured. */
  readonly peer: number | null;
  /** null: published beside the others, judged by nothing. */
  readonly goal: number | null;
  readonly ok: boolean;
  readonly unit: string;
  /** What stands behind the value, for people. */
  readonly detail: string;
}

export interface FigureDraft {
  readonly id: FigureId;
  readonly function: string;
  readonly value: number;
  readonly unit: string;
  readonly floor?: number;
  readonly peer?: number;
  /** The value must not exceed it, unless `atLeast`. */
  readonly goal?: number;
  readonly atLeast?: boolean;
  readonly detail?: string;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

export function figure(draft: FigureDraft): Figure {
  const { value, goal, atLeast = false } = draft;
  const reached = goal === undefined || (atLeast ? value >= goal : value <= goal);
  return {
    id: draft.id,
    function: draft.function,
    value: rounded(value),
    floor: draft.floor === undefined ? null : rounded(draft.floor),
    peer: draft.peer === undefined ? null : rounded(draft.peer),
    goal: goal ?? null,
    ok: Number.isFinite(value) && reached,
    unit: draft.unit,
    detail: draft.detail ?? "",
  };
}

export const toJson = (figures: readonly Figure[]): string => JSON.stringify({ figures });

const columns = ["id", "function", "value", "floor", "peer", "goal", "ok", "unit", "detail"] as const;

export function toTable(figures: readonly Figure[]): string {
  const cell = (value: Figure[keyof Figure]): string =>
    value === null ? "-" : typeof value === "boolean" ? (value ? "yes" : "NO") : String(value);
  const rows = [columns, ...figures.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
