// SQS, SNS and S3 by fauxqs, run in process behind our port instead of on a port of its own (which it would
// open on every network interface). Two things are put right here: the account number, which fauxqs fixes to
// 000000000000, and FIFO receives, which it limits to one message of a group.

import type { IncomingMessage, ServerResponse } from "node:http";
import { buildApp } from "fauxqs";
import type { Answer } from "./answers.ts";

const FAUXQS_ACCOUNT = "000000000000";

export interface QueueServer {
  /** An SQS request (`x-amz-target: AmazonSQS.…`). */
  sqs(operation: string, request: RawRequest): Promise<Answer>;
  /** An SNS or STS request (query protocol). */
  query(request: RawRequest): Promise<Answer>;
  /** S3: the body is not read yet. */
  s3(request: IncomingMessage, response: ServerResponse): void;
  stop(): Promise<void>;
}

export interface RawRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function createQueueServer(options: { account: string; region: string }): Promise<QueueServer> {
  const { SqsStore } = await fauxqsInternals();
  const sqsStore = new SqsStore();
  // Without a host of its own it builds queue URLs from the request's Host header.
  sqsStore.host = "";
  sqsStore.region = options.region;
  const app = buildApp({
    logger: false,
    defaultRegion: options.region,
    // -- reason: the option's type asks for all three stores, the program for none
    stores: { sqsStore } as unknown as NonNullable<NonNullable<Parameters<typeof buildApp>[0]>["stores"]>,
  });
  await app.ready();

  const forward = async (request: RawRequest, ownsAccount: boolean): Promise<Answer> => {
    const payload = ownsAccount ? request.body.replaceAll(options.account, FAUXQS_ACCOUNT) : request.body;
    const { "content-length": _length, ...headers } = request.headers;
    const response = await app.inject({ method: "POST", url: "/", headers, payload });
    const { "content-length": _size, ...answered } = response.headers;
    const body = ownsAccount ? response.body.replaceAll(FAUXQS_ACCOUNT, options.account) : response.body;
    return { status: response.statusCode, headers: withPlainCodes(answered as Headers), body };
  };
  return {
    sqs: (operation, request) => forward(request, NAMES_QUEUES.has(operation)),
    query: (request) => forward(request, true),
    s3: (request, response) => app.routing(request, response),
    stop: async () => {
      sqsStore.shutdown();
      await app.close();
    },
  };
}

type Headers = Readonly<Record<string, string>>;

/**
 * fauxqs writes each error's old code with SQS's prefix, AWS only those of SQS itself; clients name errors that are
 * not in the model by it: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
 */
const PREFIXED_CODE =
  /^AWS\.SimpleQueueService\.(?=(?:InvalidParameterValue|MissingParameter|QueueNameExists|InvalidAttributeName);)/;

function withPlainCodes(headers: Headers): Headers {
  const code = headers[QUERY_ERROR];
  return code === undefined ? headers : { ...headers, [QUERY_ERROR]: code.replace(PREFIXED_CODE, "") };
}

const QUERY_ERROR = "x-amzn-query-error";

/** Operations that carry ARNs or queue URLs but no message; queue URLs elsewhere are found by name. */
const NAMES_QUEUES: ReadonlySet<string> = new Set([
  "CreateQueue",
  "GetQueueUrl",
  "ListQueues",
  "GetQueueAttributes",
  "SetQueueAttributes",
]);

interface FifoMessage {
  readonly messageGroupId?: string;
  readonly sequenceNumber?: string;
}

/** The part of fauxqs's own classes that is touched; the version is pinned in package.json. */
interface SqsQueue {
  readonly fifoMessages: Map<string, FifoMessage[]>;
  readonly fifoLockedGroups: Map<string, number>;
  processTimers(): void;
  dequeueFifo(limit: number, visibility: unknown, deadLetters: unknown): object[];
}

interface SqsStore {
  host: string;
  region: string;
  shutdown(): void;
}

interface Internals {
  readonly SqsStore: new () => SqsStore;
  readonly SqsQueue: { readonly prototype: SqsQueue };
}

let internals: Promise<Internals> | undefined;

function fauxqsInternals(): Promise<Internals> {
  internals ??= import(new URL("./sqs/sqsStore.js", import.meta.resolve("fauxqs")).href).then(
    (module: Internals) => {
      receiveWholeGroups(module.SqsQueue.prototype);
      return module;
    },
  );
  return internals;
}

/**
 * SQS returns as many messages of one group as fit, in order, and a message that comes back takes its old place:
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
 */
function receiveWholeGroups(prototype: SqsQueue): void {
  const receiveOneOfEachGroup = prototype.dequeueFifo;
  prototype.dequeueFifo = function dequeueFifo(this: SqsQueue, limit, ...rest) {
    this.processTimers();
    restoreOrder(this.fifoMessages);
    const lockedBefore = new Map(this.fifoLockedGroups);
    const locks = new Map<string, number>();
    const received: object[] = [];
    for (let more = true; more && received.length < Math.min(limit, 10); ) {
      const batch = receiveOneOfEachGroup.call(this, Math.min(limit, 10) - received.length, ...rest);
      received.push(...batch);
      more = batch.length > 0;
      for (const [group, count] of this.fifoLockedGroups) {
        if (lockedBefore.has(group)) continue;
        locks.set(group, (locks.get(group) ?? 0) + count);
        this.fifoLockedGroups.delete(group);
      }
    }
    for (const [group, count] of locks) this.fifoLockedGroups.set(group, count);
    return received;
  };
}

function restoreOrder(groups: Map<string, FifoMessage[]>): void {
  for (const messages of groups.values()) {
    if (messages.length < 2) continue;
    messages.sort((a, b) => ((a.sequenceNumber ?? "") < (b.sequenceNumber ?? "") ? -1 : 1));
  }
}
