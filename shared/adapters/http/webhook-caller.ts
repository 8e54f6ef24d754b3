// WebhookCaller: asks a team's own check for a verdict. Only a clear answer is one.

import type { DurationMs } from "../../base/time.ts";
import { millis, seconds } from "../../base/time.ts";
import { isDict } from "../../contracts/guards.ts";
import type { Detail, WebhookCaller } from "../../ports/outbound.ts";
import type { HttpClient } from "./request.ts";
import { jsonOf } from "./request.ts";

const MAX_BYTES = 64_000;
/** A pass has 30 s for everything that it does. */
const LONGEST_MS = seconds(10);
/** Reasons go into the state and onto people's screens. */
const MAX_REASON_LENGTH = 300;

type Verdict = Awaited<ReturnType<WebhookCaller["call"]>>;

export const createWebhookCaller = (http: HttpClient): WebhookCaller => ({
  call: async (url: string, body: Detail, timeoutMs: DurationMs): Promise<Verdict> => {
    const answer = await http({
      method: "POST",
      url,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      timeoutMs: millis(Math.min(timeoutMs, LONGEST_MS)),
      maxBytes: MAX_BYTES,
    });
    return answer.status === 200 ? verdictOf(jsonOf(answer)) : undefined;
  },
});

function verdictOf(answer: unknown): Verdict {
  if (!isDict(answer)) return undefined;
  const { verdict, reason } = answer;
  if (verdict !== "pass" && verdict !== "fail" && verdict !== "wait") return undefined;
  return { verdict, reason: typeof reason === "string" ? reason.slice(0, MAX_REASON_LENGTH) : "" };
}
