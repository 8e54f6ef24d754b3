// The figures as they are kept in docs/: a row for each cell, without names repeated a thousand times.

import type { Figures } from "./cells.ts";

export interface Kept {
  readonly seeds: number;
  readonly columns: readonly (keyof Figures)[];
  readonly rows: readonly (readonly Figures[keyof Figures][])[];
}

const COLUMNS: readonly (keyof Figures)[] = [
  "algorithm",
  "role",
  "feed",
  "scenario",
  "kind",
  "rps",
  "rolledBackPct",
  "falsePct",
  "medianSeconds",
  "meanFailed",
  "floorFailed",
  "promoteMinutes",
  "promoteRequests",
  "promotedPct",
];

/** One line for each cell, so that a later run's difference can be read. */
export function keptText(seeds: number, cells: readonly Figures[]): string {
  const rows = cells.map((cell) => `    ${JSON.stringify(COLUMNS.map((column) => cell[column]))}`);
  return `{\n  "seeds": ${seeds},\n  "columns": ${JSON.stringify(COLUMNS)},\n  "rows": [\n${rows.join(",\n")}\n  ]\n}\n`;
}

export function cellsOf({ columns, rows }: Kept): readonly Figures[] {
  return rows.map(
    (row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])) as unknown as Figures, // -- reason: written by keptText, whose columns are the keys
  );
}
