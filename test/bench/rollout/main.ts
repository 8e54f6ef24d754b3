// `npm run -s bench:rollout -- [--json] [--seeds N] [--only name,name] [--write] [--from kept.json]`: replays every
// algorithm on the same seeded feeds. Without --json a table for people; --write makes the page under docs/, --from
// takes the figures of an earlier run.

import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { ALGORITHMS } from "./algorithms.ts";
import type { Figures } from "./cells.ts";
import { allCells } from "./cells.ts";
import type { Kept } from "./compact.ts";
import { cellsOf, keptText } from "./compact.ts";
import { documentOf } from "./document.ts";
import { plotOf } from "./plot.ts";
import { tableOf } from "./table.ts";

const DEFAULT_SEEDS = 25;

interface Order {
  readonly seeds: number;
  readonly json: boolean;
  readonly only: readonly string[];
  readonly write: boolean;
  readonly from: string | undefined;
}

interface Result {
  readonly seeds: number;
  readonly cells: readonly Figures[];
}

type Task = readonly [algorithm: number, cell: number];

function readOrder(): Order {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      seeds: { type: "string", default: String(DEFAULT_SEEDS) },
      only: { type: "string", default: "" },
      write: { type: "boolean", default: false },
      from: { type: "string" },
    },
  });
  const seeds = Number(values.seeds);
  if (!Number.isInteger(seeds) || seeds < 1)
    throw new Error(`--seeds is "${values.seeds}": a whole number from 1 is expected`);
  const only = values.only.split(",").filter((name) => name !== "");
  const unknown = only.filter((name) => ALGORITHMS.every((algorithm) => algorithm.name !== name));
  if (unknown.length > 0)
    throw new Error(
      `--only names ${unknown.join(", ")}: known are ${ALGORITHMS.map(({ name }) => name).join(", ")}`,
    );
  return { seeds, json: values.json, only, write: values.write, from: values.from };
}

function tasksOf({ only }: Order): Task[] {
  const chosen = ALGORITHMS.flatMap(({ name }, index) =>
    only.length === 0 || only.includes(name) ? [index] : [],
  );
  return chosen.flatMap((algorithm) => allCells().map((_, cell): Task => [algorithm, cell]));
}

/** One worker takes task after task: the slow ones are spread by themselves. */
function drain(tasks: Task[], seeds: number): Promise<readonly (readonly [Task, Figures])[]> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: { seeds } });
  const done: (readonly [Task, Figures])[] = [];
  return new Promise((resolve, reject) => {
    let current = tasks.shift();
    worker.postMessage(current ?? "end");
    worker.on("message", (figures: Figures) => {
      if (current !== undefined) done.push([current, figures]);
      current = tasks.shift();
      worker.postMessage(current ?? "end");
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(done));
  });
}

async function replayed(order: Order): Promise<Result> {
  const began = performance.now();
  const tasks = tasksOf(order);
  const workers = Math.min(availableParallelism(), 2);
  const parts = await Promise.all(Array.from({ length: workers }, () => drain(tasks, order.seeds)));
  const cells = parts
    .flat()
    .toSorted(([left], [right]) => left[0] - right[0] || left[1] - right[1])
    .map(([, figures]) => figures);
  const seconds = Math.round((performance.now() - began) / 1_000);
  process.stderr.write(`${cells.length} cells of ${order.seeds} runs in ${seconds} s\n`);
  return { seeds: order.seeds, cells };
}

function readBack(path: string): Result {
  const kept = JSON.parse(readFileSync(path, "utf8")) as Kept | Result;
  return "cells" in kept ? kept : { seeds: kept.seeds, cells: cellsOf(kept) };
}

function writeDocs(result: Result): void {
  const docs = (name: string): URL => new URL(`../../../docs/${name}`, import.meta.url);
  writeFileSync(docs("rollout-benchmark.json"), keptText(result.seeds, result.cells));
  writeFileSync(docs("rollout-benchmark.md"), documentOf(result, ALGORITHMS));
  writeFileSync(docs("rollout-benchmark.svg"), plotOf(result.cells));
}

async function run(): Promise<void> {
  const order = readOrder();
  const result = order.from === undefined ? await replayed(order) : readBack(order.from);
  if (order.write) writeDocs(result);
  else process.stdout.write(order.json ? `${JSON.stringify(result)}\n` : `${tableOf(result.cells)}\n`);
}

await run();
