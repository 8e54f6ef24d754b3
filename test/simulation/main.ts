// `npm run simulate -- --seed N` replays one run with its log; `--seeds A..B` runs a range. Exits 1 when a
// run fails, and says how to replay it. `--replay FILE [--policy fleet.yaml]` runs a recording of real events.

import { parseArgs } from "node:util";
import { AppError } from "../../shared/base/errors.ts";
import { noFaults } from "./faults.ts";
import { renderReplay, replayFile } from "./replay-file.ts";
import type { RunResult } from "./run.ts";
import { runSeed } from "./run.ts";

const HELP = `npm run simulate -- [options]
  --seeds A..B     runs these seeds; default 1..100
  --seed N         runs one seed with its log
  --clean          without faults: what a run does when nothing goes wrong
  --replay FILE    runs a recording of real events, made by \`fairlead record\`
  --policy FILE    the manifest that is tried on the recording, such as local/scenario/fleet.yaml
Exit codes: 0 ok; 1 a run failed; 2 usage or input error.`;

const OPTIONS = {
  seed: { type: "string" },
  seeds: { type: "string" },
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
const profile = values.clean ? { profile: noFaults } : {};

function report(result: RunResult): void {
  if (result.faults.length === 0) return;
  console.log(`seed ${result.seed} failed; replay: npm run simulate -- --seed ${result.seed}`);
  for (const fault of result.faults.slice(0, 10)) console.log(`  ${fault}`);
}

async function simulate(): Promise<boolean> {
  let failed = 0;
  const startedAt = performance.now();
  for (const seed of seeds) {
    const result = await runSeed({ seed, verbose: one !== undefined, ...profile });
    if (result.faults.length > 0) failed += 1;
    report(result);
    if (one !== undefined)
      console.log(JSON.stringify({ faultsMet: Object.fromEntries(result.met), bus: result.bus }));
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
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
