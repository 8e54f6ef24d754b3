// The numbers of the pipeline in one table: functions, queues and who feeds whom.

export type FunctionName = "ingest" | "reconcile" | "sweep" | "api" | "hook";
export type QueueName = "ingress" | "urgent" | "work" | "delay";

export interface FunctionShape {
  readonly description: string;
  readonly timeoutSeconds: number;
  /**
   * Bounds cost and the load on AWS's APIs. The mappings' own limits add up to it, so bulk never takes what
   * urgent needs, and Lambda never throttles a poller.
   */
  readonly reservedConcurrency: number;
}

export const FUNCTION_MEMORY_MB = 256;

export const FUNCTIONS: Readonly<Record<FunctionName, FunctionShape>> = {
  ingest: { description: "Events and wake-ups to doorbells", timeoutSeconds: 20, reservedConcurrency: 20 },
  // A crash blocks the key for six times this: short.
  reconcile: { description: "One pass for each doorbell's key", timeoutSeconds: 30, reservedConcurrency: 20 },
  // Two: a slow sweep must not silence the next one.
  sweep: { description: "Repairs what events and timers missed", timeoutSeconds: 60, reservedConcurrency: 2 },
  // Function URLs have no rate limit of their own: this is it. People and their scripts, not services, call.
  api: {
    description: "Answers the command line and the console",
    timeoutSeconds: 20,
    reservedConcurrency: 5,
  },
  // ECS rolls a deployment back when its hook is throttled, so it is no smaller than api; each call is short.
  hook: { description: "Answers ECS at a deployment's stages", timeoutSeconds: 10, reservedConcurrency: 5 },
};

export interface QueueShape {
  readonly feeds: "ingest" | "reconcile";
  readonly batchSize: number;
  /** FIFO queues have none. */
  readonly windowSeconds: number;
  /** Batches in flight at once; AWS allows 2 to 1,000. */
  readonly maxConcurrency: number;
  readonly fifo: boolean;
  /** A message this old means that the pipeline does not keep up. */
  readonly alarmAgeSeconds: number;
}

/** SQS's longest delay: the age of a message on the delay queue includes it. */
const MAX_DELAY_SECONDS = 900;

export const QUEUES: Readonly<Record<QueueName, QueueShape>> = {
  ingress: {
    feeds: "ingest",
    batchSize: 100,
    windowSeconds: 1,
    maxConcurrency: 10,
    fifo: false,
    alarmAgeSeconds: 120,
  },
  urgent: {
    feeds: "ingest",
    batchSize: 10,
    windowSeconds: 0,
    maxConcurrency: 8,
    fifo: false,
    alarmAgeSeconds: 60,
  },
  delay: {
    feeds: "ingest",
    batchSize: 10,
    windowSeconds: 0,
    maxConcurrency: 2,
    fifo: false,
    alarmAgeSeconds: MAX_DELAY_SECONDS + 120,
  },
  work: {
    feeds: "reconcile",
    batchSize: 10,
    windowSeconds: 0,
    maxConcurrency: 20,
    fifo: true,
    alarmAgeSeconds: 300,
  },
};

export const QUEUE_NAMES = Object.keys(QUEUES) as QueueName[];

/** Deliveries before a message goes to the dead-letter queue, from where the sweep sends it back. */
export const MAX_RECEIVES = 5;

/** AWS's advice for Lambda: six times the time-out, plus the batching window. */
export const visibilitySeconds = ({ feeds, windowSeconds }: QueueShape): number =>
  6 * FUNCTIONS[feeds].timeoutSeconds + windowSeconds;

export const SWEEP_RATE_MINUTES = 1;
/** Sweeps are the proof of life: this long without one raises an alarm. */
export const SWEEP_SILENCE_MINUTES = 3;
