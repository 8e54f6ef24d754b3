// The heart of the local AWS: one virtual clock, one seeded source of chance, one ordered list of things
// to come. Every modelled service is a set of operations over it; nothing in local/world reads a wall clock.

import type { Prng } from "../../shared/base/prng.ts";
import { prng } from "../../shared/base/prng.ts";
import type { DurationMs, EpochMs } from "../../shared/base/time.ts";
import { addMs } from "../../shared/base/time.ts";

/** An error as AWS answers it: `name` is the wire's error type. */
export class AwsError extends Error {
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    name: string,
    message: string,
    options: { status?: number; fields?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.name = name;
    this.status = options.status ?? 400;
    this.fields = options.fields ?? {};
  }
}

/** An EventBridge envelope as rules and targets see it. */
export interface BusEvent {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface EventDraft {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Operations by their AWS name; inputs and outputs have AWS's own shapes (Dates as Date objects). */
export type Operations = Readonly<Record<string, (input: never) => object>>;

export interface Kernel {
  readonly account: string;
  readonly region: string;
  readonly chance: Prng;
  now(): EpochMs;
  /** Runs at that virtual instant; equal instants run in the order of scheduling. Returns the cancellation. */
  at(when: EpochMs, run: () => void): () => void;
  after(delay: DurationMs, run: () => void): () => void;
  /** Puts an event on the default bus now; who listens decides about delivery. */
  emit(draft: EventDraft): void;
  /** Lower-case hex of the given length, from the seed. */
  hex(length: number): string;
  arn(service: string, resource: string): string;
}

export interface Timeline extends Kernel {
  /** Runs everything due up to and including the instant and sets the clock to it. */
  advanceTo(until: EpochMs): void;
  /** The instant of the next thing to come. */
  nextAt(): EpochMs | undefined;
  onEvent(listener: (event: BusEvent) => void): void;
}

interface Due {
  readonly when: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export interface KernelOptions {
  readonly seed: number;
  readonly startAt: EpochMs;
  readonly account?: string;
  readonly region?: string;
}

/** A binary heap by (instant, order of scheduling): the whole future of the world. */
class Agenda {
  readonly #heap: Due[] = [];
  #order = 0;

  get first(): Due | undefined {
    while (this.#heap.length > 0 && this.#heap[0]?.run === undefined) this.#removeFirst();
    return this.#heap[0];
  }

  add(when: number, run: () => void): Due {
    const due: Due = { when, order: this.#order, run };
    this.#order += 1;
    this.#heap.push(due);
    this.#rise(this.#heap.length - 1);
    return due;
  }

  take(): Due | undefined {
    const due = this.first;
    if (due !== undefined) this.#removeFirst();
    return due;
  }

  #before(a: number, b: number): boolean {
    const left = this.#heap[a] as Due;
    const right = this.#heap[b] as Due;
    return left.when < right.when || (left.when === right.when && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    const left = this.#heap[a] as Due;
    this.#heap[a] = this.#heap[b] as Due;
    this.#heap[b] = left;
  }

  #rise(from: number): void {
    for (let index = from; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let index = 0; ; ) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#heap.length && this.#before(child, least)) least = child;
      }
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }
}

/** All four-digit hexadecimal numbers: every event carries an id, so this path is hot. */
const HEX_QUADS: readonly string[] = Array.from({ length: 0x1_0000 }, (_, value) =>
  value.toString(16).padStart(4, "0"),
);

export function createKernel(options: KernelOptions): Timeline {
  const account = options.account ?? "111122223333";
  const region = options.region ?? "us-east-1";
  const chance = prng(options.seed);
  const agenda = new Agenda();
  const listeners: ((event: BusEvent) => void)[] = [];
  let clock = options.startAt;

  const hex = (length: number): string => {
    let text = "";
    while (text.length < length) {
      const word = Math.floor(chance.next() * 0x1_0000_0000);
      text += (HEX_QUADS[word >>> 16] as string) + (HEX_QUADS[word & 0xffff] as string);
    }
    return text.slice(0, length);
  };
  const uuid = (): string => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
  const at = (when: EpochMs, run: () => void): (() => void) => {
    const due = agenda.add(Math.max(when, clock), run);
    return () => {
      due.run = undefined;
    };
  };

  return {
    account,
    region,
    chance,
    hex,
    at,
    now: () => clock,
    after: (delay, run) => at(addMs(clock, delay), run),
    arn: (service, resource) => `arn:aws:${service}:${region}:${account}:${resource}`,
    onEvent: (listener) => listeners.push(listener),
    nextAt: () => agenda.first?.when as EpochMs | undefined,
    emit: (draft) => {
      const event: BusEvent = {
        version: "0",
        id: uuid(),
        "detail-type": draft.detailType,
        source: draft.source,
        account,
        time: `${new Date(clock).toISOString().slice(0, 19)}Z`,
        region,
        resources: draft.resources,
        detail: draft.detail,
      };
      for (const listener of listeners) listener(event);
    },
    advanceTo: (until) => {
      for (let due = agenda.first; due !== undefined && due.when <= until; due = agenda.first) {
        agenda.take();
        clock = due.when as EpochMs;
        due.run?.();
      }
      if (until > clock) clock = until;
    },
  };
}
