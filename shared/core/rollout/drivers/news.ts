// Which facts of a pass make a driver look at ECS although nothing is due.

import type { Fact } from "../../../contracts/facts.ts";

const NEWS: readonly string[] = ["hook", "deployment", "traffic-change"];

/** A timer that rings is no news; the sweep's question is. */
export const isNews = (fact: Fact): boolean =>
  fact.kind === "wake" ? fact.cause !== "timer" : NEWS.includes(fact.kind);
