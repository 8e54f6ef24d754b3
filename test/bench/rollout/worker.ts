// Measures its share of the cells on a core of its own.

import { parentPort, workerData } from "node:worker_threads";
import { ALGORITHMS } from "./algorithms.ts";
import { allCells, measure } from "./cells.ts";

interface Order {
  readonly seeds: number;
}

const { seeds } = workerData as Order;
const cells = allCells();

parentPort?.on("message", (task: readonly [algorithm: number, cell: number] | "end") => {
  if (task === "end") return parentPort?.close();
  const algorithm = ALGORITHMS[task[0]];
  const cell = cells[task[1]];
  if (algorithm === undefined || cell === undefined) throw new Error(`no such task: ${task.join("/")}`);
  return parentPort?.postMessage(measure(algorithm, cell, seeds));
});
