// A thread that sends HTTP requests over kept connections, as fast as they are answered or so many a second, until
// it is told to end.
// It speaks just enough HTTP to cost little beside what it measures: GET, and answers with a Content-Length.

import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

export interface LoadOrder {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Over all connections; absent = as fast as they are answered. */
  readonly requestsPerSecond?: number;
  /** Shared with the starter: answered so far; 1 when it shall end. */
  readonly counters: SharedArrayBuffer;
}

/** Answers since the last one, by `version status`. */
export interface Tick {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly counts: Readonly<Record<string, number>>;
  /** When each version answered last, ever: epoch milliseconds. */
  readonly lastAt: Readonly<Record<string, number>>;
}

export interface LoadResult {
  /** By status; `broken`: the connection ended before the answer did. */
  readonly statuses: Readonly<Record<string, number>>;
  /** By `version` of the sample application. */
  readonly versions: Readonly<Record<string, number>>;
  /** Milliseconds, unsorted. */
  readonly latencies: Float64Array;
  /** The first answers that were not 200. */
  readonly oddities: readonly string[];
}

/** Places in the counters; load.ts has them, too: it must not load this file, which runs. */
const ANSWERED = 0;
const ENDING = 1;

const MAX_ODDITIES = 5;
const TICK_MS = 1_000;
/** An endless load keeps the newest latencies only. */
const MAX_LATENCIES = 1_000_000;
const HEAD_END = "\r\n\r\n";

class Tally {
  readonly #statuses: Record<string, number> = {};
  readonly #versions: Record<string, number> = {};
  readonly #latencies: number[] = [];
  readonly #oddities: string[] = [];
  readonly #lastAt: Record<string, number> = {};
  #fresh: Record<string, number> = {};

  answered(head: string, body: string, latencyMs: number): void {
    const status = head.slice(9, 12);
    count(this.#statuses, status);
    const version = /"version":"([^"]*)"/.exec(body)?.[1];
    if (version !== undefined) count(this.#versions, version);
    count(this.#fresh, `${version ?? "none"} ${status}`);
    if (version !== undefined) this.#lastAt[version] = Date.now();
    if (this.#latencies.length < MAX_LATENCIES) this.#latencies.push(latencyMs);
    if (status !== "200") this.odd(`${head.split("\r\n")[0]} ${body.trim()}`);
  }

  broken(): void {
    count(this.#statuses, "broken");
    count(this.#fresh, "none broken");
  }

  odd(text: string): void {
    if (this.#oddities.length < MAX_ODDITIES) this.#oddities.push(text);
  }

  tick(): Tick {
    const counts = this.#fresh;
    this.#fresh = {};
    return { at: Date.now(), counts, lastAt: { ...this.#lastAt } };
  }

  result(): LoadResult {
    const latencies = Float64Array.from(this.#latencies);
    return { statuses: this.#statuses, versions: this.#versions, latencies, oddities: this.#oddities };
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

interface Run {
  readonly order: LoadOrder;
  readonly counters: Int32Array;
  readonly tally: Tally;
  /** When the next request may go out, milliseconds from now. */
  turnMs(): number;
  onEnd(): void;
}

/** One connection, opened again whenever it is closed, with one request at a time. */
function openConnection(run: Run): void {
  const { order, counters, tally } = run;
  const socket = connect(order.port, order.host);
  let text = "";
  let sentAt: number | undefined;
  let isOver = false;
  const sendInTurn = () => {
    const waitMs = run.turnMs();
    if (waitMs <= 0) send();
    else setTimeout(() => socket.writable && send(), waitMs);
  };
  const send = () => {
    isOver = Atomics.load(counters, ENDING) === 1;
    if (isOver) {
      socket.destroy();
      run.onEnd();
      return;
    }
    sentAt = performance.now();
    socket.write(`GET /item HTTP/1.1\r\nHost: ${order.host}\r\n\r\n`);
  };
  socket.setNoDelay(true);
  socket.on("connect", sendInTurn);
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    const end = text.indexOf(HEAD_END);
    if (end < 0) return;
    const head = text.slice(0, end);
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (text.length < end + HEAD_END.length + length) return;
    tally.answered(head, text.slice(end + HEAD_END.length), performance.now() - (sentAt ?? 0));
    Atomics.add(counters, ANSWERED, 1);
    text = "";
    sentAt = undefined;
    sendInTurn();
  });
  socket.on("error", ({ message }) => tally.odd(`broken: ${message}`));
  socket.on("close", () => {
    if (isOver) return;
    if (sentAt !== undefined) tally.broken();
    openConnection(run);
  });
}

function run(order: LoadOrder): void {
  const tally = new Tally();
  let open = order.connections;
  const ticking = setInterval(() => parentPort?.postMessage({ tick: tally.tick() }), TICK_MS);
  const onEnd = () => {
    open -= 1;
    if (open > 0) return;
    clearInterval(ticking);
    parentPort?.postMessage({ tick: tally.tick() });
    parentPort?.postMessage(tally.result());
  };
  const turnMs = turns(order.requestsPerSecond);
  const counters = new Int32Array(order.counters);
  for (let index = 0; index < order.connections; index += 1)
    openConnection({ order, counters, tally, turnMs, onEnd });
}

/** Evenly spaced departures; what could not go out in time is not made up for. */
function turns(requestsPerSecond: number | undefined): () => number {
  if (requestsPerSecond === undefined) return () => 0;
  const spacingMs = 1_000 / requestsPerSecond;
  let nextAt = performance.now();
  return () => {
    const now = performance.now();
    nextAt = Math.max(nextAt + spacingMs, now - 1_000);
    return nextAt - now;
  };
}

run(workerData as LoadOrder);
