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
          : track(deliver(site, target, delivery)),
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

const refused = (message: string): DeliveryOutcome => ({ failed: "refused", code: "NO_RESOURCE", message });

async function deliver(
  site: Site,
  target: Target,
  { body, ruleArn }: Pick<Delivery, "body" | "ruleArn">,
): Promise<DeliveryOutcome> {
  const lambda = site.functions.get(target.Arn)?.lambda;
  const action = lambda === undefined ? "sqs:SendMessage" : "lambda:InvokeFunction";
  const denied = await denialFor(site, { target, ruleArn, action });
  if (denied !== undefined) return { failed: "refused", code: "NO_PERMISSIONS", message: denied };
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
  return site.sqs.send(new SendMessageCommand(command)).then(
    () => "delivered" as const,
    (error: unknown) => outcomeOf(error),
  );
}

interface Push {
  readonly target: Pick<Target, "Arn" | "RoleArn">;
  readonly ruleArn: string;
  readonly action: string;
}

/** A target with a role is reached as that role, any other as EventBridge itself, if the target's policy lets it. */
async function denialFor(site: Site, { target, ruleArn, action }: Push): Promise<string | undefined> {
  const { Arn: resource, RoleArn: roleArn } = target;
  const isOurs = site.functions.has(resource) || site.queues.has(resource);
  if (!isOurs) return undefined;
  const sessionName = ruleArn.slice(ruleArn.lastIndexOf("/") + 1);
  const as = roleArn === undefined ? { service: "events.amazonaws.com" } : { roleArn, sessionName };
  return (await site.authority.act({ as, action, resource, sourceArn: ruleArn }))?.message;
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
  const ruleArn = letter.attributes["RULE_ARN"] ?? "";
  const target = { Arn: letter.queueArn };
  if ((await denialFor(site, { target, ruleArn, action: "sqs:SendMessage" })) !== undefined) return;
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
