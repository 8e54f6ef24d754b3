// Asynchronous invocation, as EventBridge does it: two more tries, then the function's dead-letter target.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html

import type { Invocation, LambdaFunction } from "./lambda-function.ts";

export interface AsyncPolicy {
  /** 0 to 2. */
  readonly maximumRetries: number;
  /** An event that could not start for this long is given up; AWS's default is six hours. */
  readonly maximumAgeMs?: number;
  /** Hears of the event that gave up; nothing when the function has no dead-letter target. */
  readonly onGivenUp?: (event: unknown, last: GivenUp) => Promise<void>;
}

export interface GivenUp {
  readonly tries: number;
  /** undefined when the event grew too old before it could start. */
  readonly invocation: Invocation | undefined;
}

export interface AsyncInvoker {
  /** Never throws and never waits: it answers once the event is accepted. */
  invoke(target: LambdaFunction, event: unknown, policy: AsyncPolicy): void;
  /** Forgets waiting retries, waits for running invocations. */
  stop(): Promise<void>;
}

export interface AsyncInvokerOptions {
  /** AWS waits one minute before the first retry and two before the second. */
  readonly retryDelaysMs?: readonly number[];
  /** A throttled event is not a try: it waits and comes again. */
  readonly throttleDelayMs?: number;
  readonly onError?: (error: unknown) => void;
}

interface Attempt {
  readonly target: LambdaFunction;
  readonly event: unknown;
  readonly policy: AsyncPolicy;
  readonly tries: number;
  readonly acceptedAt: number;
}

const MAXIMUM_AGE_MS = 6 * 3_600_000;

export function createAsyncInvoker(options: AsyncInvokerOptions = {}): AsyncInvoker {
  const delays = options.retryDelaysMs ?? [60_000, 120_000];
  const timers = new Set<NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  let isStopped = false;

  const later = (delayMs: number, attempt: Attempt) => {
    if (isStopped) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      begin(attempt);
    }, delayMs);
    timers.add(timer);
  };
  const attemptOnce = async (attempt: Attempt): Promise<void> => {
    const { tries, policy, event } = attempt;
    const invocation = await attempt.target.invoke(event).catch(() => undefined);
    if (invocation === undefined) {
      const isOld = performance.now() - attempt.acceptedAt >= (policy.maximumAgeMs ?? MAXIMUM_AGE_MS);
      if (!isOld) return later(options.throttleDelayMs ?? 1_000, attempt);
      return policy.onGivenUp?.(event, { tries, invocation: undefined });
    }
    if (invocation.error === undefined) return;
    if (tries < policy.maximumRetries) return later(delays[tries] ?? 0, { ...attempt, tries: tries + 1 });
    await policy.onGivenUp?.(event, { tries: tries + 1, invocation });
  };
  const begin = (attempt: Attempt) => {
    const work: Promise<void> = attemptOnce(attempt)
      .catch((error: unknown) => options.onError?.(error))
      .finally(() => running.delete(work));
    running.add(work);
  };
  return {
    invoke: (target, event, policy) => {
      if (!isStopped) begin({ target, event, policy, tries: 0, acceptedAt: performance.now() });
    },
    stop: async () => {
      isStopped = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(running);
    },
  };
}
