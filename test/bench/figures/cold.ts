// P1, P2 and the memory of P3: a new environment handles its first event.

import type { Figure } from "../figure.ts";
import { figure } from "../figure.ts";
import type { Bench, Variant } from "../rig/bench.ts";
import { start } from "../rig/bench.ts";
import type { FunctionName } from "../rig/bundles.ts";
import { FUNCTIONS } from "../rig/bundles.ts";
import { allTaken, invocationOf, managedServiceAnswers } from "../rig/inputs.ts";
import type { Phase } from "../rig/lambda.ts";
import { checkTaken } from "../rig/lambda.ts";
import { inRounds, median, pairedRatio } from "../rig/statistics.ts";

interface ColdStart {
  readonly init: Phase;
  readonly first: Phase;
  readonly rssMb: number;
}

const COLD_GOAL = 2.6;
const FIRST_GOAL = 3;
const RSS_GOAL_MB = 75;

const total = ({ init, first }: ColdStart): number => init.cpuMs + first.cpuMs;
const wall = ({ init, first }: ColdStart): number => init.wallMs + first.wallMs;

/** `control` is the empty handler again: how far from 1 its ratio is, that far is nothing to be believed. */
type Sampled = Variant | "control";
const variants: readonly Sampled[] = ["empty", "control", "own-signature", "raw-sdk", "usual", ...FUNCTIONS];

export async function coldFigures(bench: Bench): Promise<readonly Figure[]> {
  const samples = await inRounds({ ...bench, variants }, (variant) => coldStart(bench, variant as Sampled));
  const of = (variant: Sampled): readonly ColdStart[] => samples.get(variant) ?? [];
  const ratio = (variant: Sampled, read: (start: ColdStart) => number): number =>
    pairedRatio(of(variant).map(read), of("empty").map(read));
  const empty = of("empty");
  bench.say(
    `cold: empty handler ${median(empty.map(total)).toFixed(1)} CPU ms, A/A control ${ratio("control", total).toFixed(3)}`,
  );
  return FUNCTIONS.flatMap((name) => rowsOf(name, of(name), ratio));
}

type Ratio = (variant: Sampled, read: (start: ColdStart) => number) => number;

function rowsOf(name: FunctionName, starts: readonly ColdStart[], ratio: Ratio): readonly Figure[] {
  const firstCpu = ({ first }: ColdStart): number => first.cpuMs;
  return [
    figure({
      id: "P1",
      function: name,
      value: ratio(name, total),
      floor: ratio("own-signature", total),
      peer: ratio("usual", total),
      goal: COLD_GOAL,
      unit: "x empty, CPU",
      detail: `${median(starts.map(total)).toFixed(1)} CPU ms; by wall time ${ratio(name, wall).toFixed(2)} (peer ${ratio("usual", wall).toFixed(2)}); raw SDK call ${ratio("raw-sdk", total).toFixed(2)}`,
    }),
    figure({
      id: "P2",
      function: name,
      value: ratio(name, firstCpu),
      floor: 1,
      peer: ratio("usual", firstCpu),
      goal: FIRST_GOAL,
      unit: "x empty, CPU",
      detail: `${median(starts.map(firstCpu)).toFixed(2)} CPU ms`,
    }),
    figure({
      id: "P3",
      function: `${name} rss`,
      value: median(starts.map(({ rssMb }) => rssMb)),
      goal: RSS_GOAL_MB,
      unit: "MB",
    }),
  ];
}

const SEND_MANY = "AmazonSQS.SendMessageBatch";

export function answerAsAws({ stub }: Pick<Bench, "stub">): void {
  const managed = managedServiceAnswers();
  stub.answerWith((target, input) => (target === SEND_MANY ? allTaken(input) : managed(target, input)));
}

async function coldStart(bench: Bench, sampled: Sampled): Promise<ColdStart> {
  const variant = sampled === "control" ? "empty" : sampled;
  // The table as it was: else only the first start of all would have something to commit.
  answerAsAws(bench);
  const lambda = await start(bench, variant);
  try {
    const first = await lambda.invoke(firstEventOf(variant));
    checkTaken(first);
    return { init: lambda.init, first, rssMb: lambda.rssMb() };
  } finally {
    await lambda.stop();
  }
}

/** Peers are given what ingest is given: one task event. */
const firstEventOf = (variant: Variant): string =>
  invocationOf(variant === "reconcile" || variant === "sweep" ? variant : "ingest", 1);
