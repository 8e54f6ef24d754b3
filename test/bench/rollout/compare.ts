// Ours against the peers, cell by cell: who detects, who is sound, who fails fewest requests.

import type { Figures } from "./cells.ts";

const NULLS: readonly string[] = ["N1", "N2", "N3", "N4"];
/** A peer detects what it rolls back in at least half of the runs. */
const DETECTED_PCT = 50;
/** The promise that is compared. */
export const SOUND_PCT = 1;

export interface Rival {
  readonly name: string;
  readonly failed: number;
  readonly seconds: number | null;
  readonly worstFalsePct: number;
}

export interface Comparison {
  readonly ours: Figures;
  /** Of all that detect it, the one with the fewest failed requests. */
  readonly best: Rival | undefined;
  /** The same among those with at most 1 % false rollbacks on every null of this feed and rate. */
  readonly bestSound: Rival | undefined;
  /** Peers with no more failed requests than ours. */
  readonly ahead: readonly Rival[];
}

export function worstFalse(
  cells: readonly Figures[],
  of: Pick<Figures, "algorithm" | "feed"> & { readonly rps?: number },
): number {
  const nulls = cells.filter(
    ({ algorithm, feed, rps, scenario }) =>
      algorithm === of.algorithm &&
      feed === of.feed &&
      (of.rps === undefined || rps === of.rps) &&
      NULLS.includes(scenario),
  );
  return Math.max(0, ...nulls.map(({ falsePct }) => falsePct ?? 0));
}

export function comparisons(cells: readonly Figures[]): readonly Comparison[] {
  return cells
    .filter(({ role, kind }) => role === "ours" && kind === "bad")
    .map((ours) => comparisonOf(ours, cells));
}

function comparisonOf(ours: Figures, cells: readonly Figures[]): Comparison {
  const rivals = cells
    .filter(
      ({ role, feed, scenario, rps, rolledBackPct }) =>
        role === "peer" &&
        feed === ours.feed &&
        scenario === ours.scenario &&
        rps === ours.rps &&
        rolledBackPct >= DETECTED_PCT,
    )
    .map(
      (cell): Rival => ({
        name: cell.algorithm,
        failed: cell.meanFailed ?? 0,
        seconds: cell.medianSeconds,
        worstFalsePct: worstFalse(cells, cell),
      }),
    )
    .toSorted((left, right) => left.failed - right.failed);
  return {
    ours,
    best: rivals[0],
    bestSound: rivals.find(({ worstFalsePct }) => worstFalsePct <= SOUND_PCT),
    ahead: rivals.filter(({ failed }) => failed <= (ours.meanFailed ?? 0)),
  };
}

/** Sound at every rate of the feed, with the median minutes to promote a good version; the fastest first. */
export function soundPromotions(
  cells: readonly Figures[],
  feed: string,
): readonly { readonly name: string; readonly minutes: number }[] {
  return cells
    .filter((cell) => cell.feed === feed && cell.scenario === "N1" && cell.rps === 100)
    .filter((cell) => worstFalse(cells, { algorithm: cell.algorithm, feed }) <= SOUND_PCT)
    .flatMap(({ algorithm, promoteMinutes }) =>
      promoteMinutes === null ? [] : [{ name: algorithm, minutes: promoteMinutes }],
    )
    .toSorted((left, right) => left.minutes - right.minutes);
}

/** Sound at one rate of the feed and not at another: told, because nobody's traffic has all rates. */
export function partlySound(
  cells: readonly Figures[],
  feed: string,
): readonly { readonly name: string; readonly rps: number; readonly minutes: number }[] {
  return cells
    .filter(
      (cell) =>
        cell.role === "peer" && cell.feed === feed && cell.scenario === "N1" && cell.promoteMinutes !== null,
    )
    .filter(({ algorithm }) => worstFalse(cells, { algorithm, feed }) > SOUND_PCT)
    .filter(({ algorithm, rps }) => worstFalse(cells, { algorithm, feed, rps }) <= SOUND_PCT)
    .map(({ algorithm, rps, promoteMinutes }) => ({ name: algorithm, rps, minutes: promoteMinutes ?? 0 }));
}
