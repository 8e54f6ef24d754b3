// Events of our own on the account's default bus: source `fairlead`, one detail-type, the detail as it is.

import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { AppError } from "../../base/errors.ts";
import type { Detail } from "../../ports/outbound.ts";
import type { AwsClient, Paced } from "./client.ts";
import { CONTROL_PLANE, clientOptions, send } from "./client.ts";

const EVENT_SOURCE = "fairlead";
const EVENT_DETAIL_TYPE = "Fairlead Rollout";

export type EventSender = (detail: Detail) => Promise<void>;

export const createEventBridgeClient = (
  environment: Readonly<Record<string, string | undefined>>,
): AwsClient => new EventBridgeClient(clientOptions(CONTROL_PLANE, environment));

/** Errors: `transient` when the bus did not take it. */
export const createEventSender =
  (to: Paced): EventSender =>
  async (detail) => {
    const entry = { Source: EVENT_SOURCE, DetailType: EVENT_DETAIL_TYPE, Detail: JSON.stringify(detail) };
    const { FailedEntryCount, Entries } = await send(to, new PutEventsCommand({ Entries: [entry] }));
    if ((FailedEntryCount ?? 0) === 0) return;
    const [failed] = Entries ?? [];
    throw new AppError(
      "transient",
      `PutEvents: ${failed?.ErrorCode ?? "failed"}: ${failed?.ErrorMessage ?? ""}`,
    );
  };
