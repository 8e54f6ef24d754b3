// The proof of liveness: once a minute it repairs what a lost event, a lost wake-up or a dead function
// left behind. It acts on nothing itself; it rings the keys that differ from the truth. It shares neither
// queue nor role nor concurrency with what it repairs.

import type { EpochMs } from "../base/time.ts";
import { addMs, elapsedMs, millis, minutes, seconds } from "../base/time.ts";
import { resyncSlice } from "./resync.ts";
import { ringAll, wakeDoorbell } from "./ring.ts";
import type { SweepPorts, SweepSummary } from "./sweep-ports.ts";

/** A wake-up message may be this late before its timer counts as lost. */
const OVERDUE_AFTER_MS = seconds(15);
const SWEEP_INTERVAL_MS = minutes(1);
const MAX_TIMERS = 2_000;
/** A letter that died so often is left for a person. */
const MAX_REDRIVES = 3;
/** Of all queues together, for each sweep: a poisoned flood must not become a second flood. */
const REDRIVE_BUDGET = 50;

const NOTHING: SweepSummary = { overdue: 0, preSent: 0, redriven: 0, parked: 0, keysChecked: 0, keysRung: 0 };

/** Each repair has its turn, also after another one failed; the first failure is thrown at the end. */
export async function sweep(ports: SweepPorts): Promise<SweepSummary> {
  const now = ports.clock.now();
  const failures: unknown[] = [];
  let summary = NOTHING;
  for (const [step, repair] of Object.entries({
    timers: sweepTimers,
    letters: redriveLetters,
    resync: resyncSlice,
  })) {
    try {
      summary = { ...summary, ...(await repair(ports, now)) };
    } catch (error) {
      failures.push(error);
      const said = error instanceof Error ? error.message : String(error);
      ports.log.error("sweep step failed", { step, error: said });
    }
  }
  ports.log.info("sweep done", { ...summary, failed: failures.length });
  if (failures.length > 0) throw failures[0];
  // SweepCompleted feeds the alarm on silence.
  ports.log.count({ SweepCompleted: 1, TimersOverdue: summary.overdue, KeysRungByResync: summary.keysRung });
  return summary;
}

// --- timers ---------------------------------------------------------------------------------------------

async function sweepTimers(
  ports: SweepPorts,
  now: EpochMs,
): Promise<Pick<SweepSummary, "overdue" | "preSent">> {
  const due = await ports.timers.due(addMs(now, SWEEP_INTERVAL_MS), MAX_TIMERS);
  const overdue = due.filter((timer) => elapsedMs(timer.wakeAt, now) > OVERDUE_AFTER_MS);
  const next = due.filter((timer) => timer.wakeAt > now);
  await ringAll(
    overdue.map((timer) => wakeDoorbell(timer.key, "lost-work", now)),
    ports,
  );
  await ports.delay.wakeLater(
    next.map(({ key, wakeAt }) => ({
      wake: { fairlead: "wake", key, wakeAt, hops: 0 },
      delayMs: millis(elapsedMs(now, wakeAt)),
    })),
  );
  return { overdue: overdue.length, preSent: next.length };
}

// --- dead letters ---------------------------------------------------------------------------------------

async function redriveLetters(ports: SweepPorts): Promise<Pick<SweepSummary, "redriven" | "parked">> {
  const letters = await ports.deadLetters.receive(REDRIVE_BUDGET);
  const hopeless = letters.filter((letter) => letter.redrives >= MAX_REDRIVES);
  const hopeful = letters.filter((letter) => letter.redrives < MAX_REDRIVES);
  for (const letter of hopeful) await ports.deadLetters.redrive(letter);
  for (const letter of hopeless) await ports.deadLetters.park(letter);
  if (hopeless.length > 0) ports.log.error("dead letters need a person", { parked: hopeless.length });
  return { redriven: hopeful.length, parked: hopeless.length };
}
