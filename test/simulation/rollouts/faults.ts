// What goes wrong in one simulated rollout: the pipeline's own faults, and those that only rollouts meet.

import type { Prng } from "../../../shared/base/prng.ts";
import type { FaultProfile } from "../faults.ts";
import { drawProfile, noFaults } from "../faults.ts";

export interface RolloutFaults extends FaultProfile {
  /** Doorbells and wake-ups that never arrive, each with this probability. */
  readonly lostWake: number;
}

export const NO_FAULTS: RolloutFaults = { ...noFaults, lostWake: 0 };

/** Crashes and stalls are as often as elsewhere; events are held back for minutes, not for days. */
export function drawRolloutFaults(chance: Prng): RolloutFaults {
  const profile = drawProfile(chance);
  const lostWake = chance.chance(0.3) ? chance.next() * 0.3 : 0;
  return { ...profile, longestDelayMs: Math.min(profile.longestDelayMs, 600_000), lostWake };
}
