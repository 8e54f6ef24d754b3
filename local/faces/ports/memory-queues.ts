// SQS queues in virtual time, as far as Fairlead relies on them: FIFO groups and deduplication, visibility,
// delay, dead letters. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/welcome.html

import type { DurationMs, EpochMs } from "../../../shared/base/time.ts";
import { addMs, minutes } from "../../../shared/base/time.ts";
import type { Kernel } from "../../world/kernel.ts";
import { AwsError } from "../../world/kernel.ts";

export interface MemoryQueueOptions {
  readonly name: string;
  readonly fifo: boolean;
  readonly visibilityMs: DurationMs;
  /** A message received more often than this moves to the dead-letter queue at its next receipt. */
  readonly redrive?: { readonly maxReceiveCount: number; readonly to: MemoryQueue };
}

export interface OutgoingMessage {
  readonly body: string;
  readonly group?: string;
  readonly deduplicationId?: string;
  readonly delayMs?: DurationMs;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface ReceivedMessage {
  readonly messageId: string;
  readonly receipt: string;
  readonly body: string;
  readonly group: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly receiveCount: number;
  readonly sentAt: EpochMs;
}

export interface MemoryQueue {
  readonly name: string;
  readonly url: string;
  readonly fifo: boolean;
  /** `swallowed`: accepted and dropped, because the deduplication id was used within 5 minutes. */
  send(message: OutgoingMessage): "taken" | "swallowed";
  /** At most `max` visible messages, hidden from now on; for FIFO in order, and none of a group in flight. */
  receive(max: number, visibilityMs?: DurationMs): readonly ReceivedMessage[];
  deleteBatch(receipts: readonly string[]): void;
  /** Counts from now; 0 makes the message visible at once. */
  changeVisibility(receipt: string, visibilityMs: DurationMs): void;
  depth(): { readonly visible: number; readonly hidden: number };
  /** Called when there may be something to receive; may be called for nothing. */
  onReady(listener: () => void): void;
}

interface Stored {
  readonly messageId: string;
  readonly message: OutgoingMessage;
  readonly sentAt: EpochMs;
  visibleAt: EpochMs;
  receiveCount: number;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html */
const DEDUPLICATION_MS = minutes(5);

export const createMemoryQueue = (kernel: Kernel, options: MemoryQueueOptions): MemoryQueue =>
  new VirtualQueue(kernel, options);

class VirtualQueue implements MemoryQueue {
  readonly #kernel: Kernel;
  readonly #options: MemoryQueueOptions;
  /** In the order of sending, which for FIFO is the order of delivery. */
  readonly #messages = new Map<string, Stored>();
  readonly #sentIds = new Map<string, EpochMs>();
  readonly #listeners: (() => void)[] = [];
  #count = 0;

  constructor(kernel: Kernel, options: MemoryQueueOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get fifo(): boolean {
    return this.#options.fifo;
  }

  get url(): string {
    return `memory://${this.name}`;
  }

  send(message: OutgoingMessage): "taken" | "swallowed" {
    if (this.fifo && this.#isRepeated(message)) return "swallowed";
    this.#count += 1;
    const now = this.#kernel.now();
    const messageId = `${this.name}-${this.#count}`;
    const visibleAt = addMs(now, message.delayMs ?? (0 as DurationMs));
    this.#messages.set(messageId, { messageId, message, sentAt: now, visibleAt, receiveCount: 0 });
    this.#announceAt(visibleAt);
    return "taken";
  }

  receive(max: number, visibilityMs = this.#options.visibilityMs): readonly ReceivedMessage[] {
    const now = this.#kernel.now();
    const received: ReceivedMessage[] = [];
    for (const stored of this.#available()) {
      if (received.length >= max) break;
      if (this.#moveToDeadLetters(stored)) continue;
      stored.receiveCount += 1;
      stored.visibleAt = addMs(now, visibilityMs);
      received.push(receivedOf(stored));
    }
    if (received.length > 0) this.#announceAt(addMs(now, visibilityMs));
    return received;
  }

  /**
   * In the order of delivery. FIFO hands out as many messages of one group as possible before the next, and
   * none of a group with one in flight:
   * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
   */
  #available(): Iterable<Stored> {
    const now = this.#kernel.now();
    if (!this.fifo) return [...this.#messages.values()].filter(({ visibleAt }) => visibleAt <= now);
    const groups = Map.groupBy(this.#messages.values(), ({ message }) => message.group ?? "");
    const isFree = (group: readonly Stored[]): boolean => group.every(({ visibleAt }) => visibleAt <= now);
    return [...groups.values()].filter(isFree).flat();
  }

  deleteBatch(receipts: readonly string[]): void {
    for (const receipt of receipts) {
      const stored = this.#heldBy(receipt);
      if (stored !== undefined) this.#messages.delete(stored.messageId);
    }
    // The next of the group is free now.
    if (this.fifo) this.#announceAt(this.#kernel.now());
  }

  changeVisibility(receipt: string, visibilityMs: DurationMs): void {
    const stored = this.#heldBy(receipt);
    if (stored === undefined) throw new AwsError("MessageNotInflight", `${receipt} is not in flight`);
    stored.visibleAt = addMs(this.#kernel.now(), visibilityMs);
    this.#announceAt(stored.visibleAt);
  }

  depth(): { readonly visible: number; readonly hidden: number } {
    let visible = 0;
    for (const { visibleAt } of this.#messages.values()) if (visibleAt <= this.#kernel.now()) visible += 1;
    return { visible, hidden: this.#messages.size - visible };
  }

  onReady(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Remembered for 5 minutes from the first sending, also after the message was consumed. */
  #isRepeated({ deduplicationId, group }: OutgoingMessage): boolean {
    if (group === undefined || deduplicationId === undefined) {
      throw new AwsError(
        "MissingParameter",
        `${this.name}: FIFO needs MessageGroupId and MessageDeduplicationId`,
      );
    }
    const now = this.#kernel.now();
    for (const [id, sentAt] of this.#sentIds) {
      if (now < addMs(sentAt, DEDUPLICATION_MS)) break;
      this.#sentIds.delete(id);
    }
    if (this.#sentIds.has(deduplicationId)) return true;
    this.#sentIds.set(deduplicationId, now);
    return false;
  }

  /** The receipt of the latest receipt only, and only while the message is hidden. */
  #heldBy(receipt: string): Stored | undefined {
    const stored = this.#messages.get(receipt.slice(0, receipt.lastIndexOf("#")));
    if (stored === undefined || receiptOf(stored) !== receipt) return undefined;
    return stored.visibleAt > this.#kernel.now() ? stored : undefined;
  }

  #moveToDeadLetters(stored: Stored): boolean {
    const { redrive } = this.#options;
    if (redrive === undefined || stored.receiveCount < redrive.maxReceiveCount) return false;
    this.#messages.delete(stored.messageId);
    const { body, group, attributes } = stored.message;
    redrive.to.send({
      body,
      ...(attributes !== undefined && { attributes }),
      // SQS keeps the message's own identity; the queue's count makes it unique here.
      ...(group !== undefined && { group, deduplicationId: stored.messageId }),
    });
    return true;
  }

  #announceAt(when: EpochMs): void {
    if (this.#listeners.length === 0) return;
    this.#kernel.at(when, () => {
      for (const listener of this.#listeners) listener();
    });
  }
}

const receiptOf = ({ messageId, receiveCount }: Stored): string => `${messageId}#${receiveCount}`;

const receivedOf = (stored: Stored): ReceivedMessage => ({
  messageId: stored.messageId,
  receipt: receiptOf(stored),
  body: stored.message.body,
  group: stored.message.group,
  attributes: stored.message.attributes ?? {},
  receiveCount: stored.receiveCount,
  sentAt: stored.sentAt,
});
