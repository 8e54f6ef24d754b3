// Guards of the facts that carry numbers between the feed and the rollouts.

import { parseKey } from "../base/keys.ts";
import type { Dict } from "./guards.ts";
import { dictAt, dictsAt, isDict, listAt, malformed, maybeTextAt, textAt, wholeAt } from "./guards.ts";

/** Points are [epoch milliseconds, value]; JSON has no NaN, so a value that is none comes as null. */
export function checkSeries(fact: Dict, path: string): void {
  dictsAt(fact, "series", path).forEach((series, index) => {
    const at = `${path}.series[${index}]`;
    textAt(series, "id", at);
    maybeTextAt(series, "problem", at);
    const points = listAt(series, "points", at);
    const bad = points.findIndex((point) => !isPoint(point));
    if (bad >= 0) throw malformed(`${at}.points[${bad}]`, points[bad], "[epoch milliseconds, value]");
    const window = series["window"];
    if (window !== undefined && !isPoint(window)) throw malformed(`${at}.window`, window, "[from, until]");
  });
}

const isPoint = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length === 2 &&
  Number.isSafeInteger(value[0]) &&
  typeof value[1] === "number";

/** An order that begins or ends; what the feed does not understand it must not keep. */
export function checkOrder(fact: Dict, path: string): void {
  if (isDict(fact["ends"])) checkOwner(fact["ends"], `${path}.ends`);
  else if (fact["subscription"] === undefined) throw malformed(`${path}.subscription`, undefined, "an order");
  if (fact["subscription"] === undefined) return;
  const at = `${path}.subscription`;
  const order = dictAt(fact, "subscription", path);
  checkOwner(order, at);
  for (const name of ["from", "until", "settleMs"]) wholeAt(order, name, at);
  atMost(MAX_QUERIES, listAt(order, "queries", at), `${at}.queries`);
  atMost(MAX_RULES, listAt(order, "rules", at), `${at}.rules`);
  dictsAt(order, "queries", at).forEach((query, index) => {
    checkQuery(query, `${at}.queries[${index}]`);
  });
  for (const rule of listAt(order, "rules", at)) {
    if (typeof rule !== "string") throw malformed(`${at}.rules`, rule, "ARNs");
  }
}

/** One order must not take the room of all others: ten metrics have 40 queries, a load balancer 100 rules. */
const MAX_QUERIES = 200;
const MAX_RULES = 200;

function atMost(max: number, list: readonly unknown[], path: string): void {
  if (list.length > max) throw malformed(path, list, `at most ${max}`);
}

function checkOwner(owner: Dict, path: string): void {
  const key = textAt(owner, "key", path);
  textAt(owner, "rollout", path);
  try {
    parseKey(key);
  } catch {
    throw malformed(`${path}.key`, key, "a key such as account/region/cluster/service");
  }
}

const providers: ReadonlySet<unknown> = new Set(["cloudwatch", "prometheus", "webhook"]);

function checkQuery(query: Dict, path: string): void {
  textAt(query, "id", path);
  // Zero would make bins without an end.
  if (wholeAt(query, "periodMs", path) === 0) throw malformed(`${path}.periodMs`, 0, "more than 0");
  const source = dictAt(query, "source", path);
  if (!providers.has(source["provider"])) {
    throw malformed(`${path}.source.provider`, source["provider"], [...providers].join(", "));
  }
}
