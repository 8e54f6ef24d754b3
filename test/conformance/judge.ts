// Compares what a run found with the table of known deviations: what is not listed fails the run, and so does
// what is listed and no longer there. Pure.

import type { Deviation } from "./deviation.ts";
import type { StepResult } from "./runner.ts";
import type { Party, Witness } from "./scenario.ts";

export type Findings = ReadonlyMap<Party, readonly StepResult[]>;

export interface Counts {
  readonly witness: Witness;
  readonly steps: number;
  readonly agree: number;
  readonly oursRight: number;
  readonly witnessRight: number;
  /** AWS does not say who is right. */
  readonly open: number;
  /** Both do otherwise than documented. */
  readonly neither: number;
  /** An earlier step of the witness did not bring what the step needs. */
  readonly notComparable: number;
}

export interface Verdict {
  /** Steps that did not go as expected and are not in the table. */
  readonly unexpected: readonly string[];
  /** Entries of the table that no longer occur. */
  readonly stale: readonly string[];
  readonly ours: { readonly steps: number; readonly agree: number };
  readonly witnesses: readonly Counts[];
}

interface Line {
  readonly party: Party;
  readonly place: string;
  readonly difference: string;
}

const placeOf = ({ scenario, step }: StepResult): string => `${scenario}: ${step}`;
const keyOf = ({ party, place, difference }: Line): string => JSON.stringify([party, place, difference]);
const textOf = ({ party, place, difference }: Line): string => `${party} · ${place} · ${difference}`;

/** `scope`: the scenarios that were run; entries about others are left alone. */
export function judge(findings: Findings, table: readonly Deviation[], scope: ReadonlySet<string>): Verdict {
  const found = [...findings].flatMap(([party, results]) => results.flatMap((one) => linesOf(party, one)));
  const listed = table
    .filter(({ of }) => findings.has(of))
    .flatMap(({ of, at }) =>
      Object.entries(at).flatMap(([place, differences]) =>
        differences.map((difference) => ({ party: of, place, difference })),
      ),
    )
    .filter(({ place }) => scope.has(place.slice(0, place.indexOf(":"))));
  const ours = findings.get("ours") ?? [];
  const known = new Set(listed.map(keyOf));
  const occurred = new Set(found.map(keyOf));
  return {
    unexpected: found.filter((line) => !known.has(keyOf(line))).map(textOf),
    stale: listed.filter((line) => !occurred.has(keyOf(line))).map(textOf),
    ours: { steps: ours.length, agree: ours.filter(({ outcome }) => outcome === "agrees").length },
    witnesses: [...findings].flatMap(([party, results]) =>
      party === "ours" ? [] : [countsOf({ witness: party, results, ours, table })],
    ),
  };
}

/** A blocked step of ours is a defect of the scenario or of ours: no table can hold it. */
function linesOf(party: Party, result: StepResult): Line[] {
  const place = placeOf(result);
  if (result.outcome === "blocked" && party === "ours")
    return [{ party, place, difference: "needs what an earlier step did not bring" }];
  return result.differences.map((difference) => ({ party, place, difference }));
}

interface Comparison {
  readonly witness: Witness;
  readonly results: readonly StepResult[];
  readonly ours: readonly StepResult[];
  readonly table: readonly Deviation[];
}

type Class = Exclude<keyof Counts, "witness" | "steps">;

function countsOf(comparison: Comparison): Counts {
  const { witness, results, ours, table } = comparison;
  const agreeing = new Set(ours.filter(({ outcome }) => outcome === "agrees").map(placeOf));
  const wrong = new Set(
    table.filter(({ of, right }) => of === witness && right === "ours").flatMap(({ at }) => Object.keys(at)),
  );
  const classOf = (result: StepResult): Class => {
    if (result.outcome === "blocked") return "notComparable";
    const isOursRight = agreeing.has(placeOf(result));
    if (result.outcome === "agrees") return isOursRight ? "agree" : "witnessRight";
    if (!isOursRight) return "neither";
    return wrong.has(placeOf(result)) ? "oursRight" : "open";
  };
  const classes = results.map(classOf);
  const count = (wanted: Class): number => classes.filter((one) => one === wanted).length;
  return {
    witness,
    steps: results.length,
    agree: count("agree"),
    oursRight: count("oursRight"),
    witnessRight: count("witnessRight"),
    open: count("open"),
    neither: count("neither"),
    notComparable: count("notComparable"),
  };
}
