// `npm run bench`: the scoreboard. --json for one JSON object, --only P1,P5 for some figures, --rounds N,
// --gate for the exact ones alone. Exit code 1 when a judged figure misses its goal.

import { parseArgs } from "node:util";
import { prng } from "../../shared/base/prng.ts";
import type { Figure, FigureId } from "./figure.ts";
import { FIGURE_IDS, toJson, toTable } from "./figure.ts";
import { bundleFigures } from "./figures/bundle.ts";
import { coldFigures } from "./figures/cold.ts";
import { drainFigures } from "./figures/drain.ts";
import { rolloutFigures } from "./figures/rollout.ts";
import { scaleFigures } from "./figures/scale.ts";
import { sweepFigures } from "./figures/sweep.ts";
import { warmFigures } from "./figures/warm.ts";
import { worldFigures } from "./figures/world-throughput.ts";
import { writeFigures } from "./figures/writes.ts";
import { startAwsStub } from "./rig/aws-stub.ts";
import type { Bench } from "./rig/bench.ts";
import { buildPeers, buildProduct } from "./rig/bundles.ts";
import { prepare } from "./rig/prepare.ts";
import { canMeasure } from "./rig/usage.ts";

const DEFAULT_ROUNDS = 25;
const SEED = 20_261_122;

interface Order {
  readonly ids: ReadonlySet<FigureId>;
  readonly rounds: number;
  readonly json: boolean;
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function readOrder(): Order {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      gate: { type: "boolean", default: false },
      only: { type: "string" },
      rounds: { type: "string", default: String(DEFAULT_ROUNDS) },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds is "${values.rounds}": a number from 1 is expected`);
  const asked = values.gate ? ["P3", "P12"] : (values.only?.split(",") ?? FIGURE_IDS);
  const unknown = asked.filter((id) => !(FIGURE_IDS as readonly string[]).includes(id));
  if (unknown.length > 0)
    throw new Error(`--only names ${unknown.join(", ")}: known are ${FIGURE_IDS.join(", ")}`);
  return {
    ids: new Set(asked as FigureId[]),
    rounds: values.gate ? Math.min(rounds, 3) : rounds,
    json: values.json,
  };
}

/** Figures that come from one run belong together. */
interface Run {
  readonly ids: readonly FigureId[];
  readonly needs: "nothing" | "processes";
  readonly measure: (bench: Bench) => Promise<readonly Figure[]>;
}

const runs: readonly Run[] = [
  { ids: ["P3"], needs: "nothing", measure: () => bundleFigures() },
  { ids: ["P1", "P2", "P3"], needs: "processes", measure: coldFigures },
  { ids: ["P4", "P5"], needs: "processes", measure: warmFigures },
  { ids: ["P6"], needs: "nothing", measure: () => writeFigures() },
  { ids: ["P7"], needs: "nothing", measure: () => sweepFigures() },
  { ids: ["P10"], needs: "processes", measure: scaleFigures },
  { ids: ["P11"], needs: "processes", measure: drainFigures },
  { ids: ["P12"], needs: "nothing", measure: () => rolloutFigures() },
  { ids: ["W1"], needs: "nothing", measure: () => worldFigures() },
];

async function measure({ ids, rounds }: Order): Promise<readonly Figure[]> {
  const due = runs.filter((run) => run.ids.some((id) => ids.has(id)));
  await buildProduct();
  const bench = due.some((run) => run.needs === "processes") ? await openBench(rounds) : undefined;
  const figures: Figure[] = [];
  try {
    for (const run of due) {
      if (run.needs === "processes" && bench === undefined)
        say(`left out: ${run.ids.join(", ")} cannot be measured here`);
      else figures.push(...(await run.measure(bench as Bench)));
    }
  } finally {
    bench?.stub.stop();
  }
  return figures.filter(({ id }) => ids.has(id));
}

async function openBench(rounds: number): Promise<Bench | undefined> {
  if (!canMeasure()) {
    say("this machine has no /proc/PID/task/*/schedstat: CPU time cannot be read");
    return undefined;
  }
  try {
    const client = await prepare(say);
    await buildPeers();
    return { client, stub: await startAwsStub(), rounds, chance: prng(SEED), say };
  } catch (error) {
    say(`the functions cannot be run here: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function main(): Promise<void> {
  const order = readOrder();
  const figures = await measure(order);
  process.stdout.write(`${order.json ? toJson(figures) : toTable(figures)}\n`);
  if (figures.some(({ ok }) => !ok)) process.exitCode = 1;
}

await main();
