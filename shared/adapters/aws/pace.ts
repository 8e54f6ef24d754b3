// An adaptive limiter for the calls that this process sends to one AWS service: a token bucket whose rate
// halves when AWS throttles and comes back within a minute (additive increase, multiplicative decrease, as
// TCP does). AWS publishes rates for few operations (none for Cloud Map's writes), so the rate is learnt.

import { AppError, isCode } from "../../base/errors.ts";
import type { Clock } from "../../ports/clock.ts";

/** Runs a call when its turn has come. */
export interface Pace {
  run<T>(call: () => Promise<T>): Promise<T>;
}

export interface PaceLimits {
  /** Never faster than this. */
  readonly perSecond: number;
  readonly burst: number;
  /** A call that had to wait longer fails as `throttled` at once, so that its pass ends in time. */
  readonly maxWaitMs: number;
}

export interface PaceState {
  readonly perSecond: number;
  readonly tokens: number;
  readonly at: number;
}

/** From the slowest rate to the full one. */
const RECOVERY_MS = 60_000;
/** Slow enough for any throttled API, fast enough that a pass of ten calls still ends. */
const MIN_PER_SECOND = 0.5;

export const fullPace = (limits: PaceLimits, now: number): PaceState => ({
  perSecond: limits.perSecond,
  tokens: limits.burst,
  at: now,
});

/** Refills the bucket and lets the rate rise for the time that went by. */
export function advance(state: PaceState, limits: PaceLimits, now: number): PaceState {
  const passedMs = Math.max(0, now - state.at);
  return {
    perSecond: Math.min(limits.perSecond, state.perSecond + (limits.perSecond * passedMs) / RECOVERY_MS),
    tokens: Math.min(limits.burst, state.tokens + (state.perSecond * passedMs) / 1_000),
    at: Math.max(state.at, now),
  };
}

/** Takes one token, on credit where none is left: the wait is the time until the bucket is square again. */
export function take(state: PaceState): { readonly state: PaceState; readonly waitMs: number } {
  const tokens = state.tokens - 1;
  return {
    state: { ...state, tokens },
    waitMs: tokens >= 0 ? 0 : Math.ceil((-tokens * 1_000) / state.perSecond),
  };
}

/** AWS said "slow down": half the rate, and what was saved up is gone. */
export const slower = (state: PaceState): PaceState => ({
  ...state,
  perSecond: Math.max(MIN_PER_SECOND, state.perSecond / 2),
  tokens: Math.min(0, state.tokens),
});

export interface PaceOptions {
  readonly limits: PaceLimits;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
}

/** Create one for each AWS service and process, and share it between the adapters of that service. */
export function createPace(options: PaceOptions): Pace {
  const { limits, clock, wait } = options;
  let state = fullPace(limits, clock.now());
  const turn = async (): Promise<void> => {
    const taken = take(advance(state, limits, clock.now()));
    if (taken.waitMs > limits.maxWaitMs) {
      throw new AppError(
        "throttled",
        `held back: ${taken.waitMs} ms to wait at ${state.perSecond.toFixed(1)} calls/s`,
        {
          detail: { waitMs: taken.waitMs },
        },
      );
    }
    state = taken.state;
    if (taken.waitMs > 0) await wait(taken.waitMs);
  };
  const run = async <T>(call: () => Promise<T>): Promise<T> => {
    await turn();
    try {
      return await call();
    } catch (error) {
      if (isCode(error, "throttled")) state = slower(advance(state, limits, clock.now()));
      throw error;
    }
  };
  return { run };
}

/** For what has no shared quota (DynamoDB on demand, SQS) and for simulation, where waiting is virtual. */
export const unpaced: Pace = { run: (call) => call() };

export const waitMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Half of AWS's published buckets (ECS DescribeTasks and friends: 100 burst, 20/s), so that other tools of
 * the account keep the rest. Cloud Map publishes none; 50/s is what AWS's own MCS controller allows itself.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
 */
export const PACE_LIMITS = {
  ecs: { perSecond: 10, burst: 50, maxWaitMs: 4_000 },
  /** A third of what AWS gives for reading deployments and changing services: 50 at once, 20 and 5 a second. */
  deploymentReads: { perSecond: 6.6, burst: 16, maxWaitMs: 4_000 },
  deploymentWrites: { perSecond: 1.6, burst: 16, maxWaitMs: 4_000 },
  servicediscovery: { perSecond: 50, burst: 100, maxWaitMs: 4_000 },
  /** A third of 40 at once and 10 a second, as all Describe* calls of an account share them with its controllers. */
  elb: { perSecond: 3.3, burst: 13, maxWaitMs: 4_000 },
  /** A third of GetMetricData's 50 a second: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html */
  cloudwatch: { perSecond: 16, burst: 16, maxWaitMs: 4_000 },
  /** PutEvents' smallest quota of any Region is 400 a second, and few of ours are sent. */
  events: { perSecond: 50, burst: 100, maxWaitMs: 4_000 },
  ec2: { perSecond: 10, burst: 50, maxWaitMs: 4_000 },
  ssm: { perSecond: 5, burst: 20, maxWaitMs: 4_000 },
} as const satisfies Record<string, PaceLimits>;
