// Columns of text, aligned. Colours do not count as width.

import { stripVTControlCharacters } from "node:util";

export type Row = readonly string[];

const width = (cell: string): number => stripVTControlCharacters(cell).length;
const GAP = "  ";

/** One line for each row; the last column is not padded. Numbers are aligned to the right. */
export function table(rows: readonly Row[]): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const indexes = Array.from({ length: columns }, (_, index) => index);
  const widths = indexes.map((index) => Math.max(...rows.map((row) => width(row[index] ?? ""))));
  const numeric = indexes.map((index) =>
    rows.slice(1).every((row) => /^(\d[\d./]*)?$/.test(plainCell(row, index))),
  );
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const padding = " ".repeat((widths[index] ?? 0) - width(cell));
        if (numeric[index] === true) return padding + cell;
        return index === row.length - 1 ? cell : cell + padding;
      })
      .join(GAP)
      .trimEnd(),
  );
}

const plainCell = (row: Row, index: number): string => stripVTControlCharacters(row[index] ?? "");
