// `npm run simulate -- --seed N` replays one run with its log; `--seeds A..B` runs a range. Exits 1 when a
// run fails, and says how to replay it. `--replay FILE [--policy fleet.yaml]` runs a recording of real events.

import { parseArgs } from "node:util";
import { AppError } from "../../shared/base/errors.ts";
import { noFaults } from "./faults.ts";
import { renderReplay, replayFile } from "./replay-file.ts";
import { NO_FAULTS } from "./rollouts/faults.ts";
import { runRollouts } from "./rollouts/run.ts";
import type { RunResult } from "./run.ts";
import { runSeed } from "./run.ts";

const HELP = `npm run simulate -- [options]
  --seeds A..B     runs these seeds; default 1..100
  --seed N         runs one seed with its log
  --rollouts       runs of rollouts instead of runs of discovery
  --clean          without faults: what a run does when nothing goes wrong
  --replay FILE    runs a recording of real events, made by \`fairlead record\`
  --policy FILE    the manifest that is tried on the recording, such as local/scenario/fleet.yaml
Exit codes: 0 ok; 1 a run failed; 2 usage or input error.`;

const OPTIONS = {
  seed: { type: "string" },
  seeds: { type: "string" },
  rollouts: { type: "boolean", default: false },
  clean: { type: "boolean", default: false },
  replay: { type: "string" },
  policy: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

function parsedOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return process.exit(2);
  }
}

const values = parsedOptions();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

function rangeOf(text: string): readonly number[] {
  const [first = Number.NaN, last = first] = text.split("..").map(Number);
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || last < first) {
    console.error(`--seeds "${text}": expected A..B, two whole numbers, the first not above the second`);
    process.exit(2);
  }
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const one = values.seed === undefined ? undefined : rangeOf(values.seed)[0];
const seeds = one === undefined ? rangeOf(values.seeds ?? "1..100") : [one];
const isVerbose = one !== undefined;

interface Result extends Pick<RunResult, "seed" | "faults"> {
  readonly met: Iterable<readonly [string, number]>;
  readonly outcomes?: readonly string[];
}

const run = (seed: number): Promise<Result> =>
  values.rollouts
    ? runRollouts({ seed, verbose: isVerbose, ...(values.clean && { profile: NO_FAULTS }) })
    : runSeed({ seed, verbose: isVerbose, ...(values.clean && { profile: noFaults }) });

function report(result: Result): void {
  if (result.faults.length === 0) return;
  const kind = values.rollouts ? "--rollouts " : "";
  console.log(`seed ${result.seed} failed; replay: npm run simulate -- ${kind}--seed ${result.seed}`);
  for (const fault of result.faults.slice(0, 10)) console.log(`  ${fault}`);
}

const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, count]) => `${name} ${count}`).join(", ");

async function simulate(): Promise<boolean> {
  let failed = 0;
  const met = new Map<string, number>();
  const outcomes = new Map<string, number>();
  const startedAt = performance.now();
  for (const seed of seeds) {
    const result = await run(seed);
    if (result.faults.length > 0) failed += 1;
    report(result);
    for (const [fault, times] of result.met) met.set(fault, (met.get(fault) ?? 0) + times);
    for (const outcome of result.outcomes ?? []) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`faults met: ${listed(met)}`);
  if (values.rollouts) console.log(`rollouts: ${listed(outcomes)}`);
  console.log(`${seeds.length - failed} of ${seeds.length} runs passed in ${seconds} s`);
  return failed === 0;
}

async function replayRecording(recording: string): Promise<boolean> {
  const result = await replayFile({ recording, policy: values.policy });
  for (const line of renderReplay(result)) console.log(line);
  return result.faults.length === 0;
}

try {
  const passed = await (values.replay === undefined ? simulate() : replayRecording(values.replay));
  process.exitCode = passed ? 0 : 1;
} catch (error) {
  const isInput =
    (error instanceof AppError && error.code === "input") || Reflect.has(Object(error), "syscall");
  if (!isInput) throw error;
  console.error((error as Error).message);
  process.exitCode = 2;
}
