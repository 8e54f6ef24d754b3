// `/_local/chaos` on the wire face's port: what is broken, and breaking and mending it. It is no AWS API and
// only this machine's programs may use it: requests that a web page could send are refused.

import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../../../shared/base/errors.ts";
import type { Chaos } from "../../chaos/chaos.ts";
import type { ChaosAnswer, ChaosOrder, ChaosView } from "../../chaos/order.ts";
import { CHAOS_PATH } from "../../chaos/order.ts";
import type { Typed } from "../../chaos/parameters.ts";
import { answer, refusalOf } from "./this-machine.ts";

export type ChaosFace = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export const isChaosRequest = ({ url }: IncomingMessage): boolean => url === CHAOS_PATH;

/** `inStep` runs something with the world brought up to now. */
export function createChaosFace(
  chaos: Pick<Chaos, "break" | "mend" | "active" | "known">,
  inStep: <T>(run: () => T) => T,
): ChaosFace {
  const view = (): ChaosView => ({ known: chaos.known(), active: chaos.active() });
  const obey = (order: ChaosOrder): ChaosAnswer =>
    order.action === "break"
      ? { changed: [chaos.break(order.name, order.options)] }
      : { changed: chaos.mend(order.name) };
  return async (request, response) => {
    const refusal = refusalOf(request);
    if (refusal !== undefined) return answer(response, 403, { error: refusal });
    if (request.method === "GET") return answer(response, 200, inStep(view));
    if (request.method !== "POST") return answer(response, 405, { error: "expected GET or POST" });
    try {
      const order = orderFrom(await textOf(request));
      answer(
        response,
        200,
        inStep(() => obey(order)),
      );
    } catch (error) {
      const isInput = error instanceof AppError && error.code === "input";
      answer(response, isInput ? 400 : 500, {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  };
}

function orderFrom(text: string): ChaosOrder {
  const order = parsed(text);
  const name: unknown = order["name"];
  const hasName = typeof name === "string";
  if (order["action"] === "mend" && (hasName || name === undefined))
    return { action: "mend", ...(hasName && { name }) };
  const options: unknown = order["options"] ?? {};
  if (order["action"] === "break" && hasName && isTyped(options)) return { action: "break", name, options };
  throw new AppError(
    "input",
    'expected {"action":"break","name":…,"options":{"share":"50",…}} or {"action":"mend","name":…}',
  );
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const isTyped = (value: unknown): value is Typed =>
  typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "string");

const MAX_ORDER_BYTES = 65_536;

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_ORDER_BYTES) throw new AppError("input", `expected at most ${MAX_ORDER_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}
