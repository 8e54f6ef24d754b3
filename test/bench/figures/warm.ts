// P4 and P5: what one event costs in an environment that is warm, alone and in a batch of a hundred.

import type { Figure } from "../figure.ts";
import { figure } from "../figure.ts";
import type { Bench, Variant } from "../rig/bench.ts";
import { start } from "../rig/bench.ts";
import { sqsEvent, taskEvent } from "../rig/events.ts";
import { invocationOf, START } from "../rig/inputs.ts";
import type { LambdaProcess, Phase } from "../rig/lambda.ts";
import { checkTaken } from "../rig/lambda.ts";
import { inRounds, median, pairedRatio } from "../rig/statistics.ts";
import { answerAsAws } from "./cold.ts";

const SINGLE_GOAL = 1.2;
const BATCH_GOAL = 0.3;
const BATCH_SIZE = 100;
/** Until V8 has compiled what is hot. */
const WARM_UPS = 400;
const EVENTS_PER_ROUND = 150;
const BATCHES_PER_ROUND = 10;

export async function warmFigures(bench: Bench): Promise<readonly Figure[]> {
  answerAsAws(bench);
  return [...(await singleFigures(bench)), ...(await batchFigures(bench))];
}

// --- single events ----------------------------------------------------------------------------------------

/** A pass of reconcile reads and commits: it is held against two bare calls. */
const singles: readonly { readonly name: string; readonly variant: Variant; readonly calls: number }[] = [
  { name: "empty", variant: "empty", calls: 0 },
  { name: "raw 1", variant: "raw-sdk", calls: 1 },
  { name: "raw 2", variant: "raw-sdk", calls: 2 },
  { name: "own", variant: "own-signature", calls: 1 },
  { name: "usual", variant: "usual", calls: 1 },
  { name: "ingest", variant: "ingest", calls: 1 },
  { name: "reconcile", variant: "reconcile", calls: 2 },
];

async function singleFigures(bench: Bench): Promise<readonly Figure[]> {
  const running = new Map<string, { lambda: LambdaProcess; next: number; variant: Variant }>();
  for (const { name, variant, calls } of singles) {
    const lambda = await start(bench, variant, { BENCH_CALLS: String(calls) });
    running.set(name, { lambda, next: 0, variant });
  }
  const run = async (name: string, events: number): Promise<number> => {
    const one = running.get(name);
    if (one === undefined) throw new Error(`no process ${name}`);
    const asked = one.variant === "reconcile" ? "reconcile" : "ingest";
    const phases: Phase[] = [];
    for (let event = 0; event < events; event += 1) {
      one.next += 1;
      const done = await one.lambda.invoke(invocationOf(asked, one.next));
      checkTaken(done);
      phases.push(done);
    }
    return mean(phases.map(({ cpuMs }) => cpuMs));
  };
  try {
    for (const { name } of singles) await run(name, WARM_UPS);
    const variants = singles.map(({ name }) => name);
    const samples = await inRounds({ ...bench, variants }, (name) => run(name, EVENTS_PER_ROUND));
    return singleRows(samples);
  } finally {
    for (const { lambda } of running.values()) await lambda.stop();
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The runtime client's own share is in every sample and is taken off: it would flatter the ratio. */
function singleRows(samples: ReadonlyMap<string, readonly number[]>): readonly Figure[] {
  const net = (name: string): readonly number[] =>
    (samples.get(name) ?? []).map((value, round) => value - (samples.get("empty")?.[round] ?? 0));
  const us = (name: string): string => (median(net(name)) * 1_000).toFixed(0);
  const row = (name: string, raw: string): Figure =>
    figure({
      id: "P4",
      function: name,
      value: pairedRatio(net(name), net(raw)),
      floor: pairedRatio(net("own"), net("raw 1")),
      peer: pairedRatio(net("usual"), net("raw 1")),
      goal: SINGLE_GOAL,
      unit: `x ${raw.slice(4)} raw SDK call${raw === "raw 1" ? "" : "s"}, CPU`,
      detail: `${us(name)} us for each event, ${us(raw)} us raw, without the runtime client's own`,
    });
  return [row("ingest", "raw 1"), row("reconcile", "raw 2")];
}

// --- batches ------------------------------------------------------------------------------------------------

const SERVICES: Readonly<Record<string, number>> = { burst: 10, spread: 1_000 };
const batchVariants = ["ingest burst", "usual-batch burst", "ingest spread", "usual-batch spread"] as const;

async function batchFigures(bench: Bench): Promise<readonly Figure[]> {
  const ingest = await start(bench, "ingest");
  const usual = await start(bench, "usual-batch");
  let version = 10;
  const run = async (name: string): Promise<Phase> => {
    const [variant, kind = "burst"] = name.split(" ");
    const lambda = variant === "ingest" ? ingest : usual;
    const phases: Phase[] = [];
    for (let batch = 0; batch < BATCHES_PER_ROUND; batch += 1) {
      version += 1;
      const done = await lambda.invoke(batchOf(SERVICES[kind] ?? 1, version));
      checkTaken(done);
      phases.push(done);
    }
    return {
      cpuMs: mean(phases.map(({ cpuMs }) => cpuMs)),
      wallMs: mean(phases.map(({ wallMs }) => wallMs)),
    };
  };
  try {
    for (const name of batchVariants) for (let warmUp = 0; warmUp < 3; warmUp += 1) await run(name);
    const samples = await inRounds({ ...bench, variants: batchVariants }, run);
    return [batchRow("burst", samples, BATCH_GOAL), batchRow("spread", samples, undefined)];
  } finally {
    await ingest.stop();
    await usual.stop();
  }
}

function batchRow(
  kind: string,
  samples: ReadonlyMap<string, readonly Phase[]>,
  goal: number | undefined,
): Figure {
  const ours = samples.get(`ingest ${kind}`) ?? [];
  const peers = samples.get(`usual-batch ${kind}`) ?? [];
  const cpu = ({ cpuMs }: Phase): number => cpuMs;
  const wall = ({ wallMs }: Phase): number => wallMs;
  const us = (phases: readonly Phase[]): string =>
    ((median(phases.map(cpu)) * 1_000) / BATCH_SIZE).toFixed(0);
  return figure({
    id: "P5",
    function: `ingest ${kind}`,
    value: pairedRatio(ours.map(cpu), peers.map(cpu)),
    peer: 1,
    ...(goal === undefined ? {} : { goal }),
    unit: "x usual batch, CPU",
    detail: `${us(ours)} us for each event over ${SERVICES[kind]} services, peer ${us(peers)} us; by wall time ${pairedRatio(ours.map(wall), peers.map(wall)).toFixed(2)}`,
  });
}

/** Each event of another task, spread evenly over the services. */
function batchOf(services: number, version: number): string {
  const records = Array.from({ length: BATCH_SIZE }, (_, index) => {
    const service = `service-${(index + version * BATCH_SIZE) % services}`;
    const moment = { service, task: index, version, lastStatus: "RUNNING", desiredStatus: "RUNNING" };
    const body = JSON.stringify(taskEvent({ ...moment, at: START + version * 1_000 + index }));
    return { messageId: `message-${version}-${index}`, body };
  });
  return sqsEvent(records);
}
