// One cell of the comparison: an algorithm in a scenario, over many seeds, in the figures that are told.

import { leastFailed } from "../../../shared/core/rollout/analysis/least.ts";
import type { Algorithm, Cell, Outcome } from "./replay.ts";
import { replay } from "./replay.ts";
import { FEEDS, RATES, SCENARIOS } from "./scenarios.ts";

export interface Figures {
  readonly algorithm: string;
  readonly role: Algorithm["role"];
  readonly feed: string;
  readonly scenario: string;
  readonly kind: "bad" | "null" | "told";
  readonly rps: number;
  readonly rolledBackPct: number;
  /** Of a version that is no worse; null where it is. */
  readonly falsePct: number | null;
  /** To the rollback's effect; null where less than half were rolled back. */
  readonly medianSeconds: number | null;
  /** Of the new revision, until the rollback acted or the replay ended; null where nothing is wrong with it. */
  readonly meanFailed: number | null;
  /** No test that errs in at most 1 % either way needs fewer, on average. */
  readonly floorFailed: number | null;
  /** Median; null where fewer than half were promoted. */
  readonly promoteMinutes: number | null;
  readonly promoteRequests: number | null;
  readonly promotedPct: number;
}

const FIRST_SEED = 20_261_122;
const SEED_STEP = 7_919;
const RISKS = { alpha: 0.01, beta: 0.01 };
/** When every scenario has shown what it has. */
const WORST_AT_SECONDS = 16 * 60;

export function allCells(): readonly Cell[] {
  return FEEDS.flatMap((feed) =>
    SCENARIOS.flatMap((scenario) =>
      (scenario.noTraffic === true ? [0] : RATES).map((rps): Cell => ({ feed, scenario, rps })),
    ),
  );
}

/** The same arrivals for every algorithm: the seed knows the scenario and the rate only. */
const seedOf = ({ scenario, rps }: Cell, run: number): number =>
  FIRST_SEED +
  run * SEED_STEP +
  rps * 31 +
  ([...scenario.name].reduce((sum, char) => sum * 33 + char.charCodeAt(0), 7) % 1_000_003);

export function measure(algorithm: Algorithm, cell: Cell, seeds: number): Figures {
  const outcomes = Array.from({ length: seeds }, (_, run) => replay(algorithm, cell, seedOf(cell, run)));
  const back = outcomes.filter(({ end }) => end === "rolled-back");
  const promoted = outcomes.filter(({ end }) => end === "promoted");
  const { kind, name } = cell.scenario;
  const half = seeds / 2;
  return {
    algorithm: algorithm.name,
    role: algorithm.role,
    feed: cell.feed.name,
    scenario: name,
    kind,
    rps: cell.rps,
    rolledBackPct: percentOf(back.length, seeds),
    falsePct: kind === "null" ? percentOf(back.length, seeds) : null,
    medianSeconds: back.length >= half ? median(back.map(({ seconds }) => seconds)) : null,
    meanFailed: kind === "null" ? null : tenth(meanFailedOf(outcomes)),
    floorFailed: kind === "bad" ? tenth(floorOf(cell)) : null,
    promoteMinutes:
      promoted.length >= half ? tenth(median(promoted.map(({ seconds }) => seconds)) / 60) : null,
    promoteRequests: promoted.length >= half ? median(promoted.map(({ requests }) => requests)) : null,
    promotedPct: percentOf(promoted.length, seeds),
  };
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
const percentOf = (part: number, whole: number): number => tenth((100 * part) / whole);

const meanFailedOf = (outcomes: readonly Outcome[]): number =>
  outcomes.reduce((sum, { failed }) => sum + failed, 0) / outcomes.length;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}

function floorOf({ scenario }: Cell): number {
  const of = scenario.name === "latency" ? scenario.slow : scenario.errors;
  const shares = of(WORST_AT_SECONDS);
  return leastFailed(shares.new, shares.old, RISKS) ?? 0;
}
