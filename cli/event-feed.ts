// Live events by a queue and a rule of our own that exist as long as somebody looks: the same way on the
// local AWS and in an account, and nothing of the installation is touched.

import { randomBytes } from "node:crypto";
import {
  DeleteRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from "@aws-sdk/client-eventbridge";
import type { Message } from "@aws-sdk/client-sqs";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { AppError } from "../shared/base/errors.ts";
import type { InstallationPlace } from "./installation.ts";
import { sdkOptions } from "./installation.ts";

/** Every kind of event that some rule of Fairlead takes, and their relatives that no rule does. */
const PATTERN = {
  $or: [
    { source: ["aws.ecs", "aws.cloudwatch", "aws.ecr", "aws.health"] },
    {
      source: ["aws.ec2"],
      "detail-type": ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"],
    },
    { source: ["aws.elasticloadbalancing"], "detail-type": ["AWS API Call via CloudTrail"] },
  ],
};

/** SQS's shortest: what nobody read is not worth keeping. */
const RETENTION_SECONDS = "60";
const LONGEST_POLL_SECONDS = 20;

interface Feed {
  readonly sqs: SQSClient;
  readonly events: EventBridgeClient;
  readonly name: string;
  readonly queueUrl: string;
}

/** Calls `onEvent` with each event's JSON text until the signal; removes queue and rule in any case. */
export async function followEvents(
  place: InstallationPlace,
  options: {
    readonly signal: AbortSignal;
    readonly onEvent: (body: string) => void;
    readonly onReady: () => void;
  },
): Promise<void> {
  const sqs = new SQSClient(sdkOptions(place));
  const events = new EventBridgeClient(sdkOptions(place));
  const name = `fairlead-feed-${randomBytes(4).toString("hex")}`;
  try {
    const Attributes = { MessageRetentionPeriod: RETENTION_SECONDS };
    const { QueueUrl: queueUrl = "" } = await sqs.send(
      new CreateQueueCommand({ QueueName: name, Attributes }),
    );
    const feed = { sqs, events, name, queueUrl };
    try {
      await connect(feed);
      options.onReady();
      await read(feed, options);
    } finally {
      await remove(feed);
    }
  } catch (error) {
    throw unreachable(error);
  } finally {
    sqs.destroy();
    events.destroy();
  }
}

function unreachable(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  return code === "ECONNREFUSED" || code === "ECONNRESET"
    ? new AppError("transient", "the endpoint does not answer", { cause: error })
    : error;
}

async function connect({ sqs, events, name, queueUrl }: Feed): Promise<void> {
  const { RuleArn } = await events.send(
    new PutRuleCommand({
      Name: name,
      EventPattern: JSON.stringify(PATTERN),
      Description: "fairlead events: temporary",
    }),
  );
  const asked = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["QueueArn"] });
  const Arn = (await sqs.send(asked)).Attributes?.["QueueArn"];
  const statement = {
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: Arn,
    Condition: { ArnEquals: { "aws:SourceArn": RuleArn } },
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { Policy } }));
  await events.send(new PutTargetsCommand({ Rule: name, Targets: [{ Id: "feed", Arn }] }));
}

async function read(
  { sqs, queueUrl }: Feed,
  { signal, onEvent }: { readonly signal: AbortSignal; readonly onEvent: (body: string) => void },
): Promise<void> {
  while (!signal.aborted) {
    const messages = await receive(sqs, queueUrl, signal);
    for (const { Body } of messages) if (Body !== undefined) onEvent(Body);
    const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    if (Entries.length > 0) await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}

async function receive(sqs: SQSClient, QueueUrl: string, signal: AbortSignal): Promise<readonly Message[]> {
  const asked = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: LONGEST_POLL_SECONDS };
  try {
    return (await sqs.send(new ReceiveMessageCommand(asked), { abortSignal: signal })).Messages ?? [];
  } catch (error) {
    if (signal.aborted) return [];
    throw error;
  }
}

/** Each part on its own: what one removal leaves behind must not keep the others. */
async function remove({ sqs, events, name, queueUrl }: Feed): Promise<void> {
  await events.send(new RemoveTargetsCommand({ Rule: name, Ids: ["feed"] })).catch(() => undefined);
  await events.send(new DeleteRuleCommand({ Name: name })).catch(() => undefined);
  await sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl })).catch(() => undefined);
}
