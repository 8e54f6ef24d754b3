// P7: what a resync of a settled fleet costs in control calls, and how much of AWS's token buckets a sweep
// takes at 100,000 tasks, with the pace that the function is deployed with. Exact, in virtual time.

import { cloudMapLimits, ecsLimits } from "../../../functions/sweep/wiring.ts";
import { FUNCTIONS } from "../../../infra/pipeline.ts";
import type { Timeline } from "../../../local/world/kernel.ts";
import { createKernel } from "../../../local/world/kernel.ts";
import type { Throttle } from "../../../local/world/throttle.ts";
import { createThrottle } from "../../../local/world/throttle.ts";
import type { AwsClient } from "../../../shared/adapters/aws/client.ts";
import { createRegistryReader } from "../../../shared/adapters/aws/cloud-map.ts";
import { createTaskReader } from "../../../shared/adapters/aws/ecs-tasks.ts";
import type { PaceLimits } from "../../../shared/adapters/aws/pace.ts";
import { createPace } from "../../../shared/adapters/aws/pace.ts";
import { epochMs, minutes, seconds } from "../../../shared/base/time.ts";
import type { Log } from "../../../shared/ports/log.ts";
import { sweep } from "../../../shared/shell/sweep.ts";
import type { SweepPorts } from "../../../shared/shell/sweep-ports.ts";
import { runFor, sleep } from "../../simulation/engine.ts";
import type { Figure } from "../figure.ts";
import { figure } from "../figure.ts";
import { START } from "../rig/inputs.ts";
import type { FleetSize, SettledFleet } from "../rig/settled-fleet.ts";
import { settledFleet } from "../rig/settled-fleet.ts";

const CALLS_GOAL = 22;
const SHARE_GOAL = 0.5;
/** ListTasks and DescribeTasks, 100 tasks a call each. */
const CALLS_FLOOR = 20;
const DATA_PLANE = "servicediscovery.DiscoverInstancesRevision";

const small: FleetSize = { services: 100, tasksPerService: 10, servicesPerCluster: 100 };
const large: FleetSize = { services: 10_000, tasksPerService: 10, servicesPerCluster: 1_000 };

export async function sweepFigures(): Promise<readonly Figure[]> {
  const one = await runSweeps(small, 1);
  const cycle = await runSweeps(large, 10);
  const busiest = cycle.throttle.bucketUse().toSorted((a, b) => b.peakShare - a.peakShare)[0];
  const throttled = cycle.throttle.bucketUse().reduce((sum, use) => sum + use.throttled, 0);
  return [
    figure({
      id: "P7",
      function: "sweep of 1,000 tasks",
      value: controlCalls(one.throttle),
      floor: CALLS_FLOOR,
      goal: CALLS_GOAL,
      unit: "control calls",
      detail: `${one.checked} services checked; ${one.throttle.callCounts()[DATA_PLANE] ?? 0} reads of revisions from the data plane apart`,
    }),
    figure({
      id: "P7",
      function: "100,000 tasks, 10,000 services",
      value: cycle.checked < large.services ? Number.NaN : (busiest?.peakShare ?? Number.NaN),
      goal: SHARE_GOAL,
      unit: "peak share of a bucket",
      detail: `${busiest?.name}; ${cycle.checked} services checked in ${cycle.sweeps} sweeps, ${controlCalls(cycle.throttle)} control calls, ${throttled} throttled, ${cycle.errors} errors`,
    }),
    figure({
      id: "P7",
      function: "100,000 tasks, longest sweep",
      value: cycle.longestMs / 1_000,
      goal: FUNCTIONS.sweep.timeoutSeconds,
      unit: "s, of the function's time-out",
    }),
  ];
}

const controlCalls = (throttle: Throttle): number =>
  Object.entries(throttle.callCounts()).reduce(
    (sum, [name, count]) => sum + (name === DATA_PLANE ? 0 : count),
    0,
  );

interface Cycle {
  readonly throttle: Throttle;
  checked: number;
  sweeps: number;
  longestMs: number;
  errors: number;
}

/** A sweep a minute until the fleet was gone through once, at most so many. */
async function runSweeps(size: FleetSize, sweeps: number): Promise<Cycle> {
  const kernel = createKernel({ seed: 7, startAt: epochMs(START) });
  const throttle = createThrottle({ now: kernel.now });
  const fleet = await settledFleet(size, { kernel, throttle });
  const cycle: Cycle = { throttle, checked: 0, sweeps: 0, longestMs: 0, errors: 0 };
  const ports = portsOf(fleet, kernel, cycle);
  while (cycle.sweeps < sweeps && cycle.checked < size.services) {
    cycle.sweeps += 1;
    const startedAt = kernel.now();
    const running = sweep(ports).then((summary) => {
      cycle.checked += summary.keysChecked;
      cycle.longestMs = Math.max(cycle.longestMs, kernel.now() - startedAt);
    });
    await runFor(kernel, minutes(1));
    while (kernel.nextAt() !== undefined) await runFor(kernel, seconds(1));
    await running;
  }
  return cycle;
}

function portsOf(fleet: SettledFleet, kernel: Timeline, cycle: Cycle): SweepPorts {
  const clock = { now: kernel.now };
  const paced = (client: AwsClient, limits: PaceLimits) => ({
    client,
    pace: createPace({ limits, clock, wait: (ms) => sleep(kernel, ms) }),
  });
  const { stores } = fleet;
  return {
    fleet: stores.fleet,
    timers: stores.timers,
    memory: stores.sweep,
    store: stores.state,
    work: {
      ring: (doorbells) =>
        Promise.reject(
          new Error(`a settled fleet rings nobody: ${JSON.stringify(doorbells[0]).slice(0, 300)}`),
        ),
    },
    delay: { wakeLater: () => Promise.resolve() },
    deadLetters: {
      receive: () => Promise.resolve([]),
      redrive: () => Promise.resolve(),
      park: () => Promise.resolve(),
    },
    read: {
      tasks: createTaskReader({ ...paced(fleet.client("ecs"), ecsLimits), clock }),
      registry: createRegistryReader({ ...paced(fleet.client("servicediscovery"), cloudMapLimits), clock }),
    },
    clock,
    log: countingErrors(cycle),
  } as SweepPorts;
}

const countingErrors = (cycle: Cycle): Log => ({
  info: () => undefined,
  warn: () => undefined,
  error: (message, fields) => {
    cycle.errors += 1;
    process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
  },
  count: () => undefined,
});
