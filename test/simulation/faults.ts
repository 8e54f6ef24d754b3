// What goes wrong in one run: a profile drawn from the seed (swarm testing: each run turns on its own
// few faults, hard), and the counters that prove that each fault was met.

import type { Prng } from "../../shared/base/prng.ts";

export interface FaultProfile {
  /** EventBridge, for each delivery. */
  readonly dropEvent: number;
  readonly duplicateEvent: number;
  readonly delayEvent: number;
  readonly longestDelayMs: number;
  readonly reorderEvent: number;
  /** Each outward call of a function. */
  readonly throttle: number;
  readonly serverError: number;
  readonly timeoutAfterEffect: number;
  readonly staleRead: number;
  readonly crashBefore: number;
  readonly crashAfter: number;
  /** The function stands still past its message's visibility, then goes on: two workers on one key. */
  readonly stall: number;
  readonly operationFailure: number;
  readonly slowOperations: boolean;
  readonly skipSweep: number;
  readonly poisonMessage: number;
}

export type FaultName =
  | "throttle"
  | "serverError"
  | "timeoutAfterEffect"
  | "staleRead"
  | "crashBefore"
  | "crashAfter"
  | "stall"
  | "skipSweep"
  | "poisonMessage"
  /** Only rollouts lose wake-ups (simulation/rollouts). */
  | "lostWake";

export const noFaults: FaultProfile = {
  dropEvent: 0,
  duplicateEvent: 0,
  delayEvent: 0,
  longestDelayMs: 0,
  reorderEvent: 0,
  throttle: 0,
  serverError: 0,
  timeoutAfterEffect: 0,
  staleRead: 0,
  crashBefore: 0,
  crashAfter: 0,
  stall: 0,
  operationFailure: 0,
  slowOperations: false,
  skipSweep: 0,
  poisonMessage: 0,
};

const DAY_MS = 24 * 3_600_000;

/** Each fault is off in half of the runs: two rare faults alone find what all together hide. */
export function drawProfile(chance: Prng): FaultProfile {
  const some = (most: number): number => (chance.chance(0.5) ? chance.next() * most : 0);
  return {
    dropEvent: some(0.5),
    duplicateEvent: some(0.5),
    delayEvent: some(0.3),
    longestDelayMs: chance.chance(0.1) ? DAY_MS : chance.int(5_000, 600_000),
    reorderEvent: some(0.5),
    throttle: some(0.2),
    serverError: some(0.1),
    timeoutAfterEffect: some(0.1),
    staleRead: some(0.3),
    crashBefore: some(0.03),
    crashAfter: some(0.03),
    stall: some(0.01),
    operationFailure: some(0.3),
    slowOperations: chance.chance(0.3),
    skipSweep: some(0.5),
    poisonMessage: some(0.05),
  };
}
