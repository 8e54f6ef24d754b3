// What came of an order: one line by its decision id, for `rollout get`, `rollout history` and `why`.

import { callerName } from "../../shared/base/arn.ts";
import type { AnsweredView } from "../../shared/contracts/rollout-api.ts";
import type { Paint } from "../io.ts";
import { age } from "./age.ts";

/** Where its rollout stands in a word: how it ended is told elsewhere. */
export const inShort = (order: AnsweredView): AnsweredView => {
  const [word] = order.became?.split(": ") ?? [];
  return word === undefined ? order : { ...order, became: word };
};

export function answeredLine(order: AnsweredView, now: number, paint: Paint): string {
  const { decision, verb, by, at, outcome, text, rollout, became } = order;
  const head = `  ${decision}  ${verb} by ${callerName(by)}, ${age(at, now)} ago`;
  if (outcome === "refused") return `${head}, ${paint("bad", "refused")}: ${text}`;
  const since = rollout === undefined || became === undefined ? "" : paint("dim", ` (${rollout}: ${became})`);
  return `${head}: ${text}${since}`;
}
