// The figures as people read them: a table for each feed and rate, a row for each algorithm.

import type { Figures } from "./cells.ts";

const BAD = ["bad-50", "bad-5", "bad-1.5", "bad-0.5", "latency", "late", "warm-up", "outage-bad"];
const NULLS = ["N1", "N2", "N3", "N4", "outage"];

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];

const whole = (value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : value >= 20 ? String(Math.round(value)) : String(value);

/** median seconds / mean failed / % rolled back, as in every table of this comparison. */
const badCell = (cell: Figures | undefined): string =>
  cell === undefined
    ? ""
    : `${whole(cell.medianSeconds)}/${whole(cell.meanFailed)}/${whole(cell.rolledBackPct)}`;

const nullCell = (cell: Figures | undefined): string => whole(cell?.falsePct);

export function rowsOf(cells: readonly Figures[], feed: string, rps: number): readonly (readonly string[])[] {
  const here = cells.filter((cell) => cell.feed === feed && cell.rps === rps);
  return unique(here.map(({ algorithm }) => algorithm)).map((algorithm) => {
    const of = (scenario: string): Figures | undefined =>
      here.find((cell) => cell.algorithm === algorithm && cell.scenario === scenario);
    const minutes = whole(of("N1")?.promoteMinutes);
    return [
      algorithm,
      ...BAD.map((name) => badCell(of(name))),
      ...NULLS.map((name) => nullCell(of(name))),
      minutes,
    ];
  });
}

const HEADER: readonly string[] = ["algorithm", ...BAD, ...NULLS, "promoted, min"];

export const markdown = (rows: readonly (readonly string[])[]): string =>
  [HEADER, HEADER.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

export function tableOf(cells: readonly Figures[]): string {
  const feeds = unique(cells.map(({ feed }) => feed));
  const rates = unique(cells.map(({ rps }) => rps)).filter((rps) => rps > 0);
  return feeds
    .flatMap((feed) =>
      rates.map((rps) => `${feed} feed, ${rps} requests a second\n\n${markdown(rowsOf(cells, feed, rps))}\n`),
    )
    .join("\n");
}
