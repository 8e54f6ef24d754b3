// P10: what an event costs in an estate a hundred times larger. Batches have the same shape (ten services
// each), so what is compared is the size of the estate and not the luck of coalescing.

import { createKernel } from "../../../local/world/kernel.ts";
import { createThrottle } from "../../../local/world/throttle.ts";
import type { Key } from "../../../shared/base/keys.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { pass } from "../../../shared/shell/pass.ts";
import type { PassPorts } from "../../../shared/shell/ports.ts";
import type { Figure } from "../figure.ts";
import { figure } from "../figure.ts";
import type { Bench } from "../rig/bench.ts";
import { start } from "../rig/bench.ts";
import { ACCOUNT, REGION, sqsEvent, taskEvent } from "../rig/events.ts";
import { START } from "../rig/inputs.ts";
import { checkTaken } from "../rig/lambda.ts";
import { settledFleet } from "../rig/settled-fleet.ts";
import { inRounds, median, pairedRatio } from "../rig/statistics.ts";
import { answerAsAws } from "./cold.ts";

const GOAL = 1.15;
const TASKS_PER_SERVICE = 10;
const SIZES: Readonly<Record<string, number>> = { small: 100, large: 10_000 };
const variants = Object.keys(SIZES);
const BATCHES_PER_ROUND = 10;
const PASSES_PER_ROUND = 300;
const WARM_UP_ROUNDS = 4;

export async function scaleFigures(bench: Bench): Promise<readonly Figure[]> {
  return [await ingestFigure(bench), await passFigure(bench)];
}

const row = (name: string, samples: ReadonlyMap<string, readonly number[]>): Figure => {
  const [small = [], large = []] = variants.map((variant) => samples.get(variant));
  return figure({
    id: "P10",
    function: name,
    value: pairedRatio(large, small),
    floor: 1,
    goal: GOAL,
    unit: "x 1,000 tasks, CPU",
    detail: `${(median(large) * 1_000).toFixed(1)} us for each event at 100,000 tasks in 10,000 services, ${(median(small) * 1_000).toFixed(1)} us at 1,000 in 100`,
  });
};

// --- ingest ---------------------------------------------------------------------------------------------------

async function ingestFigure(bench: Bench): Promise<Figure> {
  answerAsAws(bench);
  const small = await start(bench, "ingest");
  const large = await start(bench, "ingest");
  let batch = 0;
  const run = async (size: string): Promise<number> => {
    let cpuMs = 0;
    for (let count = 0; count < BATCHES_PER_ROUND; count += 1) {
      batch += 1;
      const done = await (size === "small" ? small : large).invoke(batchOf(SIZES[size] ?? 1, batch));
      checkTaken(done);
      cpuMs += done.cpuMs;
    }
    return cpuMs / (BATCHES_PER_ROUND * 10 * TASKS_PER_SERVICE);
  };
  try {
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) for (const size of variants) await run(size);
    return row("ingest", await inRounds({ ...bench, variants }, run));
  } finally {
    await small.stop();
    await large.stop();
  }
}

/** All tasks of ten services; the next batch brings the next ten. */
function batchOf(services: number, batch: number): string {
  const records = Array.from({ length: 10 * TASKS_PER_SERVICE }, (_, index) => {
    const service = `service-${(batch * 10 + Math.floor(index / TASKS_PER_SERVICE)) % services}`;
    const moment = { service, task: index % TASKS_PER_SERVICE, version: 10 + batch };
    const event = taskEvent({
      ...moment,
      lastStatus: "RUNNING",
      desiredStatus: "RUNNING",
      at: START + batch,
    });
    return { messageId: `message-${batch}-${index}`, body: JSON.stringify(event) };
  });
  return sqsEvent(records);
}

// --- a pass of reconcile, in process -----------------------------------------------------------------------------

interface Estate {
  readonly ports: PassPorts;
  readonly services: number;
  next: number;
}

async function passFigure(bench: Bench): Promise<Figure> {
  const estates = new Map<string, Estate>();
  for (const size of variants) estates.set(size, await estateOf(SIZES[size] ?? 1));
  const run = async (size: string): Promise<number> => {
    const estate = estates.get(size) as Estate;
    const before = process.cpuUsage();
    for (let count = 0; count < PASSES_PER_ROUND; count += 1) await quietPass(estate);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000 / PASSES_PER_ROUND;
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) for (const size of variants) await run(size);
  return row("reconcile, a pass in process", await inRounds({ ...bench, variants }, run));
}

async function quietPass(estate: Estate): Promise<void> {
  // A stride that is prime to both sizes visits every service and none twice in a row.
  estate.next = (estate.next + 37) % estate.services;
  const key = `${ACCOUNT}/${REGION}/cluster-0/service-${estate.next}` as Key;
  await pass({ key, facts: [{ kind: "wake", cause: "resync", at: epochMs(START) }], hops: 0 }, estate.ports);
}

async function estateOf(services: number): Promise<Estate> {
  const kernel = createKernel({ seed: 5, startAt: epochMs(START) });
  const throttle = createThrottle({ now: kernel.now });
  const size = { services, tasksPerService: TASKS_PER_SERVICE, servicesPerCluster: services };
  const { stores } = await settledFleet(size, { kernel, throttle });
  const unused = () => Promise.reject(new Error("a settled fleet needs no call"));
  const ports = {
    store: stores.state,
    history: stores.history,
    work: { ring: unused },
    delay: { wakeLater: () => Promise.resolve() },
    read: {
      tasks: { describeTasks: () => Promise.resolve([]), listTasks: unused, instanceStatuses: unused },
      hosts: { hosts: unused, publicIps: unused, containerInstanceOf: unused },
      registry: {
        settings: (serviceId: string) =>
          Promise.resolve({
            serviceId,
            name: serviceId,
            namespaceName: "bench.local",
            customHealth: false,
            ecsManaged: false,
            recordTypes: [],
          }),
        instances: () => Promise.resolve([]),
        operation: () => Promise.resolve({ status: "success" }),
        revision: () => Promise.resolve(7),
      },
    },
    act: {
      registry: {
        register: () => Promise.resolve("op"),
        deregister: () => Promise.resolve("op"),
        setHealth: () => Promise.resolve(),
      },
      stopper: { stopTask: () => Promise.resolve() },
    },
    clock: { now: kernel.now },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined, count: () => undefined },
    // Measures CPU: a pause of the pacing would only make it slower to measure.
    wait: () => Promise.resolve(),
    settings: { installation: "bench", mode: "observe" },
    // -- reason: only what a quiet pass reaches is here
  } as unknown as PassPorts;
  return { ports, services, next: 0 };
}
