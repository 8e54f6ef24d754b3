// PutEvents and TestEventPattern: events from outside of AWS's own services.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html

import type { BusEvent, Kernel } from "../kernel.ts";
import { AwsError } from "../kernel.ts";
import { compileText } from "./rules.ts";

export interface EventEntry {
  readonly Source?: string;
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly Resources?: readonly string[];
  readonly Time?: Date;
  readonly EventBusName?: string;
}

const mostEntries = 10;
const largestEntryBytes = 1_048_576;

export const eventId = (kernel: Kernel): string =>
  `${kernel.hex(8)}-${kernel.hex(4)}-4${kernel.hex(3)}-a${kernel.hex(3)}-${kernel.hex(12)}`;

export const eventTime = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

type Refusal = { readonly ErrorCode: string; readonly ErrorMessage: string };

export function putEvents(
  kernel: Kernel,
  publish: (event: BusEvent) => void,
  input: { readonly Entries?: readonly EventEntry[] },
): object {
  const entries = input.Entries ?? [];
  if (entries.length < 1 || entries.length > mostEntries) {
    throw new AwsError(
      "ValidationException",
      `Entries must hold 1 to ${mostEntries} events, found ${entries.length}.`,
    );
  }
  const answers = entries.map((entry) => {
    const event = eventOf(kernel, entry);
    if ("ErrorCode" in event) return event;
    publish(event);
    return { EventId: event.id };
  });
  return { FailedEntryCount: answers.filter((answer) => "ErrorCode" in answer).length, Entries: answers };
}

function eventOf(kernel: Kernel, entry: EventEntry): BusEvent | Refusal {
  const { Source, DetailType, Detail } = entry;
  for (const [name, value] of Object.entries({ Source, DetailType, Detail })) {
    if (!value)
      return {
        ErrorCode: "InvalidArgument",
        ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
      };
  }
  if (Source?.startsWith("aws.")) {
    return {
      ErrorCode: "NotAuthorizedForSourceException",
      ErrorMessage: `Not authorized for the source ${Source}.`,
    };
  }
  if (Buffer.byteLength(Detail ?? "") > largestEntryBytes) {
    return {
      ErrorCode: "InvalidArgument",
      ErrorMessage: "Total size of the entries in the request is over the limit.",
    };
  }
  const detail = jsonObject(Detail ?? "");
  if (detail === undefined) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
  return {
    version: "0",
    id: eventId(kernel),
    "detail-type": DetailType ?? "",
    source: Source ?? "",
    account: kernel.account,
    time: eventTime(entry.Time?.getTime() ?? kernel.now()),
    region: kernel.region,
    resources: entry.Resources ?? [],
    detail,
  };
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const envelope = ["id", "account", "source", "time", "region", "resources", "detail-type"] as const;

/** The event must be a whole envelope, as AWS asks. */
export function testEventPattern(input: { readonly EventPattern?: string; readonly Event?: string }): object {
  const pattern = compileText(input.EventPattern ?? "");
  const event = jsonObject(input.Event ?? "");
  const missing = envelope.filter((name) => event === undefined || !Object.hasOwn(event, name));
  if (missing.length > 0) {
    throw new AwsError(
      "ValidationException",
      `Parameter Event is not valid. Reason: it lacks ${missing.join(", ")}.`,
    );
  }
  return { Result: pattern.matches(event) };
}
