// P6: writes to the table for each filtered event, ingest and reconcile together, in three bursts. Exact
// counts in virtual time: the real ingest and reconcile over queues that keep SQS's and Lambda's clockwork.

import { QUEUES } from "../../../infra/pipeline.ts";
import type { MemoryQueue } from "../../../local/faces/ports/memory-queues.ts";
import { createMemoryQueue } from "../../../local/faces/ports/memory-queues.ts";
import { createQueueClient } from "../../../local/faces/ports/queue-client.ts";
import type { Timeline } from "../../../local/world/kernel.ts";
import { createKernel } from "../../../local/world/kernel.ts";
import type { AwsClient } from "../../../shared/adapters/aws/client.ts";
import { createDelayQueue, createWorkQueue } from "../../../shared/adapters/aws/sqs.ts";
import type { Key } from "../../../shared/base/keys.ts";
import { epochMs, millis, minutes, seconds } from "../../../shared/base/time.ts";
import type { Log } from "../../../shared/ports/log.ts";
import { ingestBatch } from "../../../shared/shell/ingest.ts";
import type { PassPorts } from "../../../shared/shell/ports.ts";
import { reconcileBatch } from "../../../shared/shell/reconcile.ts";
import { runFor, sleep } from "../../simulation/engine.ts";
import type { Figure } from "../figure.ts";
import { figure } from "../figure.ts";
import type { WriteCounts } from "../rig/counting-store.ts";
import { createCountingStores, writesOf } from "../rig/counting-store.ts";
import { mapQueue } from "../rig/event-mapping.ts";
import { keyOfService, taskEvent } from "../rig/events.ts";
import { START } from "../rig/inputs.ts";
import { createInstantRegistry } from "../rig/instant-registry.ts";

const WRITES_GOAL = 0.25;

interface Trace {
  readonly name: string;
  readonly services: number;
  readonly eventsPerSecond: number;
  readonly seconds: number;
}

/** performance.md's bursts: a rollout, a busy estate, the loss of a zone. */
const traces: readonly Trace[] = [
  { name: "rollout, 1 service, 100/s", services: 1, eventsPerSecond: 100, seconds: 20 },
  { name: "20 services, 500/s", services: 20, eventsPerSecond: 500, seconds: 20 },
  { name: "zone lost, 20 services, 2,000/s", services: 20, eventsPerSecond: 2_000, seconds: 10 },
];

export async function writeFigures(): Promise<readonly Figure[]> {
  const rows: Figure[] = [];
  for (const trace of traces) {
    rows.push(...rowsOf(trace, await replay(trace)));
    process.stderr.write(
      `${trace.name}: ${rows.at(-2)?.value} writes for each event, ${rows.at(-2)?.detail}\n`,
    );
  }
  return rows;
}

interface Replayed {
  readonly events: number;
  readonly counts: WriteCounts;
  readonly describes: number;
}

function rowsOf({ name }: Trace, { events, counts, describes }: Replayed): readonly Figure[] {
  return [
    figure({
      id: "P6",
      function: name,
      value: writesOf(counts) / events,
      floor: 0,
      peer: 1,
      goal: WRITES_GOAL,
      unit: "writes for each event",
      detail: `${events} events, ${counts.commits} commits (${counts.conflicts} in conflict), ${counts.records} records of history, ${counts.others} others; ${(counts.units / events).toFixed(2)} write units for each event`,
    }),
    figure({
      id: "P6",
      function: `${name}: Describe`,
      value: describes / events,
      floor: 0,
      goal: 0,
      unit: "calls for each event",
    }),
  ];
}

interface Rig {
  readonly kernel: Timeline;
  readonly ports: PassPorts;
  readonly counts: WriteCounts;
  readonly describes: () => number;
  /** Puts an event on the queue that its rule names. */
  readonly send: (event: object, queue: "urgent" | "ingress") => void;
  readonly stop: () => void;
}

async function replay(trace: Trace): Promise<Replayed> {
  const rig = await createRig(trace);
  const total = trace.eventsPerSecond * trace.seconds;
  const fleet = Math.ceil(total / 3);
  // The tasks that the burst will replace are registered first, slowly.
  for (let task = 0; task < fleet; task += 1)
    send(rig, { trace, task, version: 5, leaving: false, ended: false });
  await runFor(rig.kernel, minutes(2));
  Object.assign(rig.counts, { commits: 0, conflicts: 0, records: 0, others: 0, units: 0 });
  const describedBefore = rig.describes();
  for (let index = 0; index < total; index += 1) {
    const task = Math.floor(index / 3);
    const at = millis(Math.floor((index * 1_000) / trace.eventsPerSecond));
    // An old task leaves and ends while its replacement starts.
    const step = index % 3;
    rig.kernel.after(at, () => {
      const moment = { trace, task: step === 2 ? task + fleet : task, version: 5 + step };
      send(rig, { ...moment, leaving: step < 2, ended: step === 1 });
    });
  }
  await runFor(rig.kernel, seconds(trace.seconds));
  await runFor(rig.kernel, minutes(2));
  rig.stop();
  return { events: total, counts: rig.counts, describes: rig.describes() - describedBefore };
}

interface Moment {
  readonly trace: Trace;
  readonly task: number;
  readonly version: number;
  readonly leaving: boolean;
  readonly ended: boolean;
}

const serviceOf = (index: number): string => `service-${index}`;

function send({ kernel, send: put }: Rig, { trace, task, version, leaving, ended }: Moment): void {
  put(
    taskEvent({
      service: serviceOf(task % trace.services),
      task,
      version: leaving ? version + 1 : version,
      lastStatus: ended ? "STOPPED" : "RUNNING",
      desiredStatus: leaving ? "STOPPED" : "RUNNING",
      at: kernel.now(),
    }),
    // As infra/rules.ts has it: the first sign of leaving does not wait for a window.
    leaving && !ended ? "urgent" : "ingress",
  );
}

async function createRig(trace: Trace): Promise<Rig> {
  const kernel = createKernel({ seed: 3, startAt: epochMs(START) });
  const { stores, counts } = createCountingStores();
  for (let service = 0; service < trace.services; service += 1) await adopt(stores, service);
  const queues = {
    urgent: memoryQueue(kernel, "urgent", false),
    ingress: memoryQueue(kernel, "ingress", false),
    delay: memoryQueue(kernel, "delay", false),
    work: memoryQueue(kernel, "work.fifo", true),
  };
  const client = slowed(kernel, createQueueClient(Object.values(queues)));
  const { ports, describes } = portsOf({ kernel, stores, client, queues });
  const mappings = [
    ...(["urgent", "ingress", "delay"] as const).map((name) =>
      mapQueue(
        kernel,
        { queue: queues[name], shape: QUEUES[name] },
        async (messages) => (await ingestBatch(messages, ports)).failedMessageIds,
      ),
    ),
    mapQueue(kernel, { queue: queues.work, shape: QUEUES.work }, async (messages) => {
      const records = messages.map(({ messageId, body, group = "" }) => ({
        messageId,
        body,
        groupId: group,
      }));
      return (await reconcileBatch(records, ports)).failedMessageIds;
    }),
  ];
  return {
    kernel,
    ports,
    counts,
    describes,
    send: (event, queue) => queues[queue].send({ body: JSON.stringify(event) }),
    stop: () => {
      for (const mapping of mappings) mapping.stop();
    },
  };
}

interface Parts {
  readonly kernel: Timeline;
  readonly stores: ReturnType<typeof createCountingStores>["stores"];
  readonly client: AwsClient;
  readonly queues: { readonly work: MemoryQueue; readonly delay: MemoryQueue };
}

function portsOf({ kernel, stores, client, queues }: Parts): { ports: PassPorts; describes: () => number } {
  const registry = createInstantRegistry(kernel);
  let describes = 0;
  const counted = () => {
    describes += 1;
    return Promise.resolve([]);
  };
  const ports = {
    store: slowedPort(kernel, stores.state),
    history: slowedPort(kernel, stores.history),
    work: createWorkQueue({ client, url: queues.work.url }),
    delay: createDelayQueue({ client, url: queues.delay.url }),
    read: {
      tasks: {
        describeTasks: counted,
        listTasks: () => Promise.resolve({ taskIds: [], next: undefined }),
        instanceStatuses: () => Promise.resolve({}),
      },
      hosts: {
        hosts: () => Promise.resolve([]),
        publicIps: () => Promise.resolve({}),
        containerInstanceOf: () => Promise.resolve(undefined),
      },
      registry: registry.read,
    },
    act: { registry: registry.write, stopper: { stopTask: () => Promise.resolve() } },
    clock: { now: kernel.now },
    log: silent,
    wait: (ms: number) => sleep(kernel, ms),
    settings: { installation: "bench", mode: "act" },
  };
  // -- reason: only what a pass of these services reaches is here
  return { ports: ports as unknown as PassPorts, describes: () => describes };
}

const memoryQueue = (kernel: Timeline, name: string, fifo: boolean) =>
  createMemoryQueue(kernel, { name, fifo, visibilityMs: minutes(3) });

const silent: Log = {
  info: () => undefined,
  warn: () => undefined,
  error: (message, fields) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  count: () => undefined,
};

const adopt = (stores: ReturnType<typeof createCountingStores>["stores"], service: number): Promise<void> =>
  stores.fleet.putPolicy(keyOfService(serviceOf(service)) as Key, {
    discovery: {
      mode: "act",
      registries: [
        { service: `srv-${service}`, port: 8080, address: "ipv4", requireHealthy: false, attributes: {} },
      ],
      maxRemoveShare: 1,
      force: true,
      drainMs: millis(10_000),
    },
  });

const DATA_PLANE_MS = 5;

const slowed = (kernel: Timeline, client: AwsClient): AwsClient => ({
  send: async (command: never) => {
    await sleep(kernel, DATA_PLANE_MS);
    return client.send(command);
  },
});

/** Every method of a port of the table takes DynamoDB's usual time. */
function slowedPort<T extends object>(kernel: Timeline, port: T): T {
  return new Proxy(port, {
    get: (target, property) => {
      const method = Reflect.get(target, property) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        await sleep(kernel, DATA_PLANE_MS);
        return method.apply(target, args);
      };
    },
  });
}
