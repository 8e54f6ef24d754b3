// Lambda and its event source mappings in virtual time: pollers hand batches to processes, delete what
// succeeded, leave what failed, and replace a process that died.

import type { MemoryQueue, ReceivedMessage } from "../../local/faces/ports/memory-queues.ts";
import type { DurationMs } from "../../shared/base/time.ts";
import { minutes, seconds } from "../../shared/base/time.ts";
import { ingestBatch } from "../../shared/shell/ingest.ts";
import { reconcileBatch } from "../../shared/shell/reconcile.ts";
import { sweep } from "../../shared/shell/sweep.ts";
import type { Plant } from "./pipeline.ts";
import { portsOf } from "./pipeline.ts";
import type { Chaos } from "./process.ts";
import { Crashed, Process } from "./process.ts";

type Ports = ReturnType<typeof portsOf>;
type Handle = (
  batch: readonly ReceivedMessage[],
  ports: Ports,
) => Promise<{ failedMessageIds: readonly string[] }>;

interface Mapping {
  readonly queue: MemoryQueue;
  readonly batchSize: number;
  readonly windowMs: DurationMs;
  readonly concurrency: number;
  readonly handle: Handle;
}

const ingest: Handle = (batch, ports) => ingestBatch(batch, ports);

const reconcile: Handle = (batch, ports) =>
  reconcileBatch(
    batch.map(({ messageId, body, group }) => ({ messageId, body, groupId: group ?? messageId })),
    ports,
  );

/** As infra/ configures them. */
export function startFunctions(plant: Plant, chaos: Chaos): void {
  const { urgent, ingress, work, delay } = plant.queues;
  const mappings: readonly Mapping[] = [
    { queue: urgent, batchSize: 10, windowMs: seconds(0), concurrency: 2, handle: ingest },
    { queue: ingress, batchSize: 100, windowMs: seconds(1), concurrency: 2, handle: ingest },
    { queue: delay, batchSize: 10, windowMs: seconds(0), concurrency: 2, handle: ingest },
    { queue: work, batchSize: 10, windowMs: seconds(0), concurrency: 3, handle: reconcile },
  ];
  for (const mapping of mappings) startMapping(plant, chaos, mapping);
  startSweep(plant, chaos);
}

interface Slot {
  process: Process;
  ports: Ports;
  busy: boolean;
}

const newSlot = (plant: Plant, chaos: Chaos): Slot => {
  const process = new Process(chaos);
  return { process, ports: portsOf(plant, process), busy: false };
};

function startMapping(plant: Plant, chaos: Chaos, mapping: Mapping): void {
  const { kernel } = plant.world;
  const slots = Array.from({ length: mapping.concurrency }, () => newSlot(plant, chaos));
  const poll = (): void => {
    for (const slot of slots.filter((one) => !one.busy)) {
      const batch = mapping.queue.receive(mapping.batchSize);
      if (batch.length === 0) return;
      slot.busy = true;
      void invoke(slot, batch).then(() => {
        slot.busy = false;
        poll();
      });
    }
  };
  const invoke = async (slot: Slot, batch: readonly ReceivedMessage[]): Promise<void> => {
    try {
      const { failedMessageIds } = await slot.process.invoke(() => mapping.handle(batch, slot.ports));
      finish(mapping.queue, batch, new Set(failedMessageIds));
    } catch (error) {
      if (!(error instanceof Crashed)) throw error;
      Object.assign(slot, newSlot(plant, chaos), { busy: true });
    }
  };
  let isPollDue = false;
  mapping.queue.onReady(() => {
    if (isPollDue) return;
    isPollDue = true;
    kernel.after(mapping.windowMs, () => {
      isPollDue = false;
      poll();
    });
  });
}

/** What failed is visible again soon, as the handler asks; a receipt that ran out is somebody else's. */
function finish(queue: MemoryQueue, batch: readonly ReceivedMessage[], failed: ReadonlySet<string>): void {
  queue.deleteBatch(batch.filter(({ messageId }) => !failed.has(messageId)).map(({ receipt }) => receipt));
  for (const { messageId, receipt, receiveCount } of batch) {
    if (!failed.has(messageId)) continue;
    try {
      queue.changeVisibility(receipt, seconds(Math.min(2 ** receiveCount, 60)));
    } catch {
      // Visible already.
    }
  }
}

function startSweep(plant: Plant, chaos: Chaos): void {
  const { kernel } = plant.world;
  let slot = newSlot(plant, chaos);
  const tick = (): void => {
    kernel.after(minutes(1), tick);
    if (slot.busy) return;
    if (chaos.profile.skipSweep > 0 && chaos.chance.chance(chaos.profile.skipSweep)) {
      chaos.met.set("skipSweep", (chaos.met.get("skipSweep") ?? 0) + 1);
      return;
    }
    slot.busy = true;
    const current = slot;
    void current.process
      .invoke(() => sweep(current.ports))
      .then(
        () => {
          current.busy = false;
        },
        () => {
          slot = newSlot(plant, chaos);
        },
      );
  };
  kernel.after(minutes(1), tick);
}
