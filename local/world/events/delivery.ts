// From a matched rule to a target: at least once, with EventBridge's retries and dead letters, and with the
// faults that a simulation turns on.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html

import type { DurationMs, EpochMs } from "../../../shared/base/time.ts";
import { elapsedMs, millis } from "../../../shared/base/time.ts";
import type { BusEvent, Kernel } from "../kernel.ts";
import type { InputChoice, InputRule } from "./target-input.ts";
import { targetInput } from "./target-input.ts";

/** A target as PutTargets takes it; other fields are kept and answered as they came. */
export interface Target extends InputChoice {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly SqsParameters?: { readonly MessageGroupId?: string };
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly RetryPolicy?: {
    readonly MaximumRetryAttempts?: number;
    readonly MaximumEventAgeInSeconds?: number;
  };
}

export interface Delivery {
  readonly event: BusEvent;
  /** The text for the target: the event, or what the target's input settings make of it. */
  readonly body: string;
  readonly ruleArn: string;
  /** 0 for the first attempt. */
  readonly retries: number;
}

export type DeliveryOutcome =
  | "delivered"
  /** `retry`: throttled, unreachable. `refused`: no permission, no such target; straight to the dead letters. */
  | { readonly failed: "retry" | "refused"; readonly code: string; readonly message: string };

export interface DeadLetterMessage {
  readonly queueArn: string;
  readonly body: string;
  /** Message attributes as EventBridge sets them: RULE_ARN, TARGET_ARN, ERROR_CODE, … */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface DeliveryHooks {
  /** Must not throw or reject: what went wrong is the outcome. */
  deliver(target: Target, delivery: Delivery): DeliveryOutcome | Promise<DeliveryOutcome>;
  deadLetter?(letter: DeadLetterMessage): void;
}

/** Probabilities in [0, 1] for each delivery to a target; all are 0 unless set. */
export interface Faults {
  /** Lost without a trace. */
  readonly drop: number;
  /** Delivered twice, each copy with its own delay. */
  readonly duplicate: number;
  readonly delay: { readonly probability: number; readonly minMs: DurationMs; readonly maxMs: DurationMs };
  /** Held back for up to `windowMs`, so that later events overtake it. */
  readonly reorder: { readonly probability: number; readonly windowMs: DurationMs };
}

const noFaults: Faults = {
  drop: 0,
  duplicate: 0,
  delay: { probability: 0, minMs: millis(0), maxMs: millis(0) },
  reorder: { probability: 0, windowMs: millis(2_000) },
};

export interface DeliveryCounters {
  delivered: number;
  dropped: number;
  duplicated: number;
  delayed: number;
  reordered: number;
  retried: number;
  deadLettered: number;
  /** Given up where the target has no dead-letter queue. */
  lost: number;
}

export interface Deliveries {
  readonly counters: Readonly<DeliveryCounters>;
  setFaults(faults: Partial<Faults>): void;
  send(order: Order): void;
}

interface Order {
  readonly rule: InputRule;
  readonly target: Target;
  readonly event: BusEvent;
}

interface Job {
  readonly target: Target;
  readonly delivery: Delivery;
  readonly firstAt: EpochMs;
}

const defaultRetries = 185;
const defaultMaxAgeSeconds = 86_400;
/** AWS publishes the limits (185 tries in 24 h), not the steps: doubling from 1 s up to this spends both. */
const longestBackOffMs = 480_000;

interface Post {
  readonly kernel: Kernel;
  readonly hooks: DeliveryHooks;
  readonly counters: DeliveryCounters;
  faults: Faults;
}

const noCounts = (): DeliveryCounters => ({
  delivered: 0,
  dropped: 0,
  duplicated: 0,
  delayed: 0,
  reordered: 0,
  retried: 0,
  deadLettered: 0,
  lost: 0,
});

export function createDeliveries(kernel: Kernel, hooks: DeliveryHooks): Deliveries {
  const post: Post = { kernel, hooks, counters: noCounts(), faults: noFaults };
  return {
    counters: post.counters,
    setFaults: (changes) => {
      post.faults = { ...post.faults, ...changes };
    },
    send: (order) => send(post, order),
  };
}

/** Chance is drawn only for faults that are on: a run without faults does not change when one is added. */
const happens = (post: Post, probability: number): boolean =>
  probability > 0 && post.kernel.chance.chance(probability);

function send(post: Post, { rule, target, event }: Order): void {
  const { kernel, counters } = post;
  if (happens(post, post.faults.drop)) {
    counters.dropped += 1;
    return;
  }
  const delivery: Delivery = { event, body: targetInput(target, event, rule), ruleArn: rule.arn, retries: 0 };
  const job: Job = { target, delivery, firstAt: kernel.now() };
  const copies = happens(post, post.faults.duplicate) ? 2 : 1;
  counters.duplicated += copies - 1;
  // Never inside the caller's own step: who emits an event must not meet its consequences at once.
  for (let copy = 0; copy < copies; copy += 1) kernel.after(holdMs(post), () => attempt(post, job));
}

function holdMs(post: Post): DurationMs {
  const { delay, reorder } = post.faults;
  let held = 0;
  if (happens(post, delay.probability)) {
    post.counters.delayed += 1;
    held += post.kernel.chance.int(delay.minMs, delay.maxMs);
  }
  if (happens(post, reorder.probability)) {
    post.counters.reordered += 1;
    held += post.kernel.chance.int(1, reorder.windowMs);
  }
  return millis(held);
}

function attempt(post: Post, job: Job): void {
  const outcome = post.hooks.deliver(job.target, job.delivery);
  if (outcome instanceof Promise) void outcome.then((settled) => settle(post, job, settled));
  else settle(post, job, outcome);
}

function settle(post: Post, job: Job, outcome: DeliveryOutcome): void {
  if (outcome === "delivered") post.counters.delivered += 1;
  else if (outcome.failed === "refused") giveUp(post, job, { ...outcome, condition: "" });
  else retry(post, job, outcome);
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

function retry(post: Post, job: Job, failure: Failure): void {
  const { kernel, counters } = post;
  const { MaximumRetryAttempts = defaultRetries, MaximumEventAgeInSeconds = defaultMaxAgeSeconds } =
    job.target.RetryPolicy ?? {};
  const { retries } = job.delivery;
  if (retries >= MaximumRetryAttempts) {
    giveUp(post, job, { ...failure, condition: "MaximumRetryAttempts" });
    return;
  }
  const waitMs = backOffMs(kernel, retries);
  const leftMs = MaximumEventAgeInSeconds * 1_000 - elapsedMs(job.firstAt, kernel.now());
  if (waitMs >= leftMs) {
    const expire = (): void => giveUp(post, job, { ...failure, condition: "MaximumEventAgeInSeconds" });
    kernel.after(millis(Math.max(0, leftMs)), expire);
    return;
  }
  counters.retried += 1;
  const again: Job = { ...job, delivery: { ...job.delivery, retries: retries + 1 } };
  kernel.after(waitMs, () => attempt(post, again));
}

function giveUp(post: Post, job: Job, failure: Failure & { readonly condition: string }): void {
  const queueArn = job.target.DeadLetterConfig?.Arn;
  if (queueArn === undefined || post.hooks.deadLetter === undefined) {
    post.counters.lost += 1;
    return;
  }
  post.counters.deadLettered += 1;
  post.hooks.deadLetter({
    queueArn,
    body: JSON.stringify(job.delivery.event),
    attributes: {
      RULE_ARN: job.delivery.ruleArn,
      TARGET_ARN: job.target.Arn,
      ERROR_CODE: failure.code,
      ERROR_MESSAGE: failure.message,
      ...(failure.condition === "" ? {} : { EXHAUSTED_RETRY_CONDITION: failure.condition }),
      RETRY_ATTEMPTS: String(job.delivery.retries),
    },
  });
}

function backOffMs(kernel: Kernel, retries: number): DurationMs {
  const fullMs = Math.min(1_000 * 2 ** Math.min(retries, 20), longestBackOffMs);
  return millis(Math.floor(fullMs * (0.75 + kernel.chance.next() / 2)));
}
