// Where the world's event bus hands over what its rules match: queues and functions of the deployment.
// Retries, schedules and dead-letter rules are the bus's own (local/world/events).

import { SendMessageCommand } from "@aws-sdk/client-sqs";
import type {
  DeadLetterMessage,
  Delivery,
  DeliveryHooks,
  DeliveryOutcome,
  Target,
} from "../world/events/delivery.ts";
import { queueUrlOf } from "./queue.ts";
import type { Site } from "./site.ts";

/** Made before the world, connected when a deployment exists: what comes before is refused. */
export interface BusDelivery {
  readonly hooks: DeliveryHooks;
  connect(site: Site): void;
  /** Refuses everything from now on; waits for what is under way. */
  stop(): Promise<void>;
}

export function createBusDelivery(): BusDelivery {
  let site: Site | undefined;
  const underWay = new Set<Promise<unknown>>();
  const track = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
    return work;
  };
  return {
    hooks: {
      deliver: (target, delivery) =>
        site === undefined
          ? refused(`nothing is deployed for ${target.Arn}`)
          : deliver(site, track)(target, delivery),
      deadLetter: (letter) => {
        if (site !== undefined) void track(keepDeadLetter(site, letter));
      },
    },
    connect: (connected) => {
      site = connected;
    },
    stop: async () => {
      site = undefined;
      await Promise.all(underWay);
    },
  };
}

type Track = <T>(work: Promise<T>) => Promise<T>;

const refused = (message: string): DeliveryOutcome => ({ failed: "refused", code: "NO_RESOURCE", message });

function deliver(site: Site, track: Track) {
  return (target: Target, { body }: Delivery): DeliveryOutcome | Promise<DeliveryOutcome> => {
    const lambda = site.functions.get(target.Arn)?.lambda;
    if (lambda !== undefined) {
      const policy = site.asyncPolicies.get(target.Arn) ?? { maximumRetries: 2 };
      site.asynchronous.invoke(lambda, JSON.parse(body), policy);
      return "delivered";
    }
    const QueueUrl = queueUrlOf(site, target.Arn) ?? foreignQueueUrl(site, target.Arn);
    if (QueueUrl === undefined) return refused(`target ${target.Arn} does not exist`);
    const group = target.SqsParameters?.MessageGroupId;
    const command = {
      QueueUrl,
      MessageBody: body,
      ...(group === undefined ? {} : { MessageGroupId: group }),
    };
    return track(
      site.sqs.send(new SendMessageCommand(command)).then(
        () => "delivered" as const,
        (error: unknown) => outcomeOf(error),
      ),
    );
  };
}

/** A queue that somebody made with an AWS client; whether it exists, SQS tells. */
function foreignQueueUrl({ account, region, endpoint }: Site, arn: string): string | undefined {
  const prefix = `arn:aws:sqs:${region}:${account}:`;
  return arn.startsWith(prefix) ? `${endpoint}/${account}/${arn.slice(prefix.length)}` : undefined;
}

/** SQS refuses for good what is wrong with the message (4xx); the rest may go better next time. */
function outcomeOf(error: unknown): DeliveryOutcome {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 500;
  const failed = status >= 400 && status < 500 && status !== 429 ? "refused" : "retry";
  return { failed, code: name, message };
}

async function keepDeadLetter(site: Site, letter: DeadLetterMessage): Promise<void> {
  const QueueUrl = queueUrlOf(site, letter.queueArn);
  const attributes = Object.entries(letter.attributes).map(([name, StringValue]) => [
    name,
    { DataType: "String", StringValue },
  ]);
  const MessageAttributes = Object.fromEntries(attributes);
  await site.sqs
    .send(new SendMessageCommand({ QueueUrl, MessageBody: letter.body, MessageAttributes }))
    .catch((error: unknown) => site.onError(error));
}
