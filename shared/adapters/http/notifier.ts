// Notifier: an event on the account's default bus, or a message for a chat.
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (Teams and others take it too)

import { AppError } from "../../base/errors.ts";
import { seconds } from "../../base/time.ts";
import type { Detail, Notifier } from "../../ports/outbound.ts";
import type { EventSender } from "../aws/event-sender.ts";
import type { HttpClient } from "./request.ts";

const MAX_BYTES = 64_000;
const TIMEOUT_MS = seconds(5);

export const createNotifier = (to: {
  readonly http: HttpClient;
  readonly events: EventSender;
}): Notifier => ({
  notify: async (address, event, detail) => {
    if (address === "events") return to.events({ ...detail, event });
    const { status } = await to.http({
      method: "POST",
      url: address,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: textOf(event, detail) }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    });
    if (status < 200 || status > 299) throw refusalOf(status);
  },
});

/** `text` is the sentence, where there is one; everything else follows by name. */
function textOf(event: string, { text, ...rest }: Detail): string {
  const facts = Object.entries(rest).map(([name, value]) => `${name}: ${value}`);
  const head = typeof text === "string" ? `${event}: ${text}` : event;
  return [head, ...facts].join("\n");
}

function refusalOf(status: number): AppError {
  const code = status >= 500 || status === 429 ? "transient" : "denied";
  return new AppError(code, `the notification was answered with ${status}`, { detail: { status } });
}
