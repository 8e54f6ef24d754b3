// Holds every event that the local AWS sends to AWS's schema of it.

import type { BusEvent, Timeline } from "../world/kernel.ts";
import { DOCUMENTED_EVENTS } from "./event-shapes.ts";
import { describeFinding } from "./model-check.ts";
import type { EventData } from "./model-data.ts";
import { modelData } from "./model-data.ts";
import { createShapeChecker } from "./shape-check.ts";

let shared: ((event: BusEvent) => readonly string[]) | undefined;

/** What is wrong with an event, a line each; people's own events (`source` without `aws.`) may be anything. */
export function eventFaults(event: BusEvent): readonly string[] {
  shared ??= createEventCheck(mergedEvents());
  return shared(event);
}

/** Throws at the first faulty event: for worlds in tests. */
export function watchEvents(timeline: Pick<Timeline, "onEvent">): void {
  timeline.onEvent((event) => {
    const faults = eventFaults(event);
    if (faults.length > 0) throw new Error(`not an event of AWS: ${faults.join("; ")}`);
  });
}

function mergedEvents(): EventData {
  const { events } = modelData();
  return {
    details: { ...events.details, ...DOCUMENTED_EVENTS.details },
    shapes: { ...events.shapes, ...DOCUMENTED_EVENTS.shapes },
  };
}

function createEventCheck({ details, shapes }: EventData): (event: BusEvent) => readonly string[] {
  const checker = createShapeChecker(shapes, { reportUnknown: true });
  return (event) => {
    const type = event["detail-type"];
    const faults = envelopeFaults(event).map((fault) => `${type} ${fault}`);
    if (!event.source.startsWith("aws.")) return faults;
    const shape = details[`${event.source}|${type}`];
    if (shape === undefined) return [...faults, `${event.source} sends no ${type}`];
    const findings = checker.check(shape, event.detail);
    return findings.length === 0
      ? faults
      : [...faults, ...findings.map((f) => `${type} ${describeFinding(f)}`)];
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SECOND = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const NONE: readonly string[] = [];

/** https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
function envelopeFaults({ id, time, account, resources }: BusEvent): readonly string[] {
  if (UUID.test(id) && SECOND.test(time) && account.length === 12 && Array.isArray(resources)) return NONE;
  return [`envelope: id ${id}, time ${time}, account ${account}`];
}
