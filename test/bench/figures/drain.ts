// P11: an availability zone is lost and 100,000 events come at once, some twice, some out of order, while the
// work queue refuses one write in a hundred. How fast one core drains them, and what arrived in the end.

import type { Prng } from "../../../shared/base/prng.ts";
import { prng } from "../../../shared/base/prng.ts";
import type { Doorbell } from "../../../shared/contracts/doorbells.ts";
import { parseDoorbell } from "../../../shared/contracts/parse-doorbell.ts";
import type { Tasks } from "../../../shared/core/tasks.ts";
import { mergeTasks } from "../../../shared/core/tasks.ts";
import type { Figure } from "../figure.ts";
import { figure } from "../figure.ts";
import type { StubAnswer } from "../rig/aws-stub.ts";
import type { Bench } from "../rig/bench.ts";
import { start } from "../rig/bench.ts";
import type { QueueRecord } from "../rig/events.ts";
import { sqsEvent, taskEvent, taskIdOf } from "../rig/events.ts";
import type { SendEntry } from "../rig/inputs.ts";
import { confirmed, START } from "../rig/inputs.ts";

const EVENTS = 100_000;
const SERVICES = 20;
const BATCH = 100;
const DUPLICATES = 0.05;
const WRITE_ERRORS = 0.01;
/** Events overtake each other within so many places of the queue. */
const REORDERED_WITHIN = 400;
const RATE_GOAL = 8_000;
const SEED = 11;

interface Life {
  readonly service: string;
  readonly task: number;
}

export async function drainFigures(bench: Bench): Promise<readonly Figure[]> {
  const chance = prng(SEED);
  const { records, lives } = lostZone(chance);
  const queue = new WorkQueueStub(chance);
  bench.stub.answerWith((target, input) =>
    target === "AmazonSQS.SendMessageBatch" ? queue.take(input) : undefined,
  );
  const drained = await drain(bench, records);
  const outcome = outcomeOf(queue.taken, lives);
  bench.say(
    `drain: ${records.length} messages of ${EVENTS} events, ${queue.refused} writes refused, ${drained.redelivered} messages again, ${queue.taken.length} doorbells taken, ${queue.swallowed} swallowed, ${outcome.absorbed} facts known already`,
  );
  return [
    figure({
      id: "P11",
      function: "ingest rate",
      value: records.length / (drained.cpuMs / 1_000),
      goal: RATE_GOAL,
      atLeast: true,
      unit: "events/s of one core",
      detail: `${((drained.cpuMs * 1_000) / records.length).toFixed(0)} us of CPU for each event; ${(records.length / (drained.wallMs / 1_000)).toFixed(0)} events/s by wall time beside the stub`,
    }),
    figure({ id: "P11", function: "lost", value: outcome.lost, floor: 0, goal: 0, unit: "tasks" }),
    figure({
      id: "P11",
      function: "done twice",
      value: outcome.twice,
      floor: 0,
      goal: 0,
      unit: "transitions",
    }),
  ];
}

// --- the trace ----------------------------------------------------------------------------------------------

/** Two events tell that a task leaves and has ended, one that its replacement runs. */
function lostZone(chance: Prng): {
  readonly records: readonly QueueRecord[];
  readonly lives: readonly Life[];
} {
  const lives: Life[] = [];
  const placed: { readonly record: QueueRecord; readonly place: number }[] = [];
  for (let task = 0; placed.length < EVENTS; task += 1) {
    const life = { service: `service-${task % SERVICES}`, task };
    lives.push(life);
    for (const [step, moment] of lifeSteps(life).entries()) {
      const place = task * 3 + step * 30 + chance.int(0, REORDERED_WITHIN);
      const record = { messageId: `message-${task}-${step}`, body: JSON.stringify(taskEvent(moment)) };
      placed.push({ record, place });
      if (chance.chance(DUPLICATES)) {
        const again = { ...record, messageId: `${record.messageId}-again` };
        placed.push({ record: again, place: place + chance.int(0, REORDERED_WITHIN) });
      }
    }
  }
  return { lives, records: placed.sort((a, b) => a.place - b.place).map(({ record }) => record) };
}

const lifeSteps = (life: Life) => [
  { ...life, version: 5, lastStatus: "RUNNING", desiredStatus: "RUNNING", at: START + life.task },
  { ...life, version: 6, lastStatus: "RUNNING", desiredStatus: "STOPPED", at: START + life.task + 1_000 },
  { ...life, version: 9, lastStatus: "STOPPED", desiredStatus: "STOPPED", at: START + life.task + 2_000 },
];

// --- the drain ----------------------------------------------------------------------------------------------

interface Drained {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly redelivered: number;
}

/** Batches as SQS would form them; what a batch gives back comes again later, as SQS delivers it again. */
async function drain(bench: Bench, records: readonly QueueRecord[]): Promise<Drained> {
  const lambda = await start(bench, "ingest");
  const waiting = [...records];
  let [cpuMs, wallMs, redelivered] = [0, 0, 0];
  try {
    // What fails again and again ends among the dead letters: it counts as lost.
    for (let from = 0; from < Math.min(waiting.length, 2 * records.length); ) {
      const batch = waiting.slice(from, from + BATCH);
      from += batch.length;
      const { result, ...phase } = await lambda.invoke(sqsEvent(batch));
      cpuMs += phase.cpuMs;
      wallMs += phase.wallMs;
      const failures = (result as { readonly batchItemFailures: readonly { itemIdentifier: string }[] })
        .batchItemFailures;
      const failed = new Set(failures.map(({ itemIdentifier }) => itemIdentifier));
      const again = batch.filter(({ messageId }) => failed.has(messageId));
      redelivered += again.length;
      waiting.push(...again);
    }
  } finally {
    await lambda.stop();
  }
  return { cpuMs, wallMs, redelivered };
}

/** The FIFO work queue: remembers deduplication ids, and fails as AWS does, before or after the effect. */
class WorkQueueStub {
  readonly taken: Doorbell[] = [];
  swallowed = 0;
  refused = 0;
  readonly #seen = new Set<string>();
  readonly #chance: Prng;

  constructor(chance: Prng) {
    this.#chance = chance;
  }

  take({ Entries }: { readonly Entries: readonly SendEntry[] }): StubAnswer {
    const fails = this.#chance.chance(WRITE_ERRORS);
    if (fails) this.refused += 1;
    if (fails && this.#chance.chance(0.5)) return internalError;
    const failed = fails ? [] : Entries.filter(() => this.#chance.chance(WRITE_ERRORS));
    this.refused += failed.length;
    const accepted = Entries.filter((entry) => !failed.includes(entry));
    for (const entry of accepted) this.#accept(entry);
    if (fails) return internalError;
    const Failed = failed.map(({ Id }) => ({
      Id,
      SenderFault: false,
      Code: "InternalError",
      Message: "try again",
    }));
    return { status: 200, body: { Successful: accepted.map(confirmed), Failed } };
  }

  #accept({ MessageBody, MessageDeduplicationId: id }: SendEntry): void {
    if (this.#seen.has(id)) {
      this.swallowed += 1;
      return;
    }
    this.#seen.add(id);
    this.taken.push(parseDoorbell(MessageBody));
  }
}

const internalError: StubAnswer = {
  status: 500,
  body: { __type: "com.amazonaws.sqs#InternalError", message: "no" },
};

// --- what arrived -------------------------------------------------------------------------------------------

interface Outcome {
  /** Tasks whose end nobody heard of. */
  readonly lost: number;
  /** Tasks that began to leave, or ended, more than once by the pass's own merge. */
  readonly twice: number;
  readonly absorbed: number;
}

/** Merges the doorbells as a pass does and counts each task's steps out of service and to its end. */
function outcomeOf(doorbells: readonly Doorbell[], lives: readonly Life[]): Outcome {
  const known = new Map<string, Tasks>();
  const steps = new Map<string, number>();
  let absorbed = 0;
  for (const fact of doorbells.flatMap(({ facts }) => facts)) {
    if (fact.kind !== "task") continue;
    // Tasks do not touch each other in a merge: one at a time spares the copy of a whole service.
    const before = known.get(fact.taskId) ?? {};
    const after = mergeTasks(before, [fact]);
    if (after === before) absorbed += 1;
    known.set(fact.taskId, after);
    for (const name of stepsOf(before, after, fact.taskId)) steps.set(name, (steps.get(name) ?? 0) + 1);
  }
  const ended = (life: Life): boolean => {
    const taskId = taskIdOf(life);
    return known.get(taskId)?.[taskId]?.lastStatus === "STOPPED";
  };
  return {
    lost: lives.filter((life) => !ended(life)).length,
    twice: [...steps.values()].filter((count) => count > 1).length,
    absorbed,
  };
}

function stepsOf(before: Tasks, after: Tasks, taskId: string): readonly string[] {
  const [was, is] = [before[taskId], after[taskId]];
  const left = is?.desiredStatus === "STOPPED" && was?.desiredStatus !== "STOPPED";
  const ended = is?.lastStatus === "STOPPED" && was?.lastStatus !== "STOPPED";
  return [...(left ? [`left ${taskId}`] : []), ...(ended ? [`ended ${taskId}`] : [])];
}
