// `fairlead events explain FILE`: what would become of each event.

import type { Fact } from "../../shared/contracts/facts.ts";
import type { ExplainedEvent } from "../../shared/shell/explain.ts";
import type { Paint } from "../io.ts";

export function renderExplained(events: readonly ExplainedEvent[], paint: Paint): readonly string[] {
  const lines = events.flatMap((event) => eventLines(event, paint));
  const count = (kind: ExplainedEvent["outcome"]["kind"]) =>
    events.filter(({ outcome }) => outcome.kind === kind).length;
  const total = `${events.length} ${events.length === 1 ? "event" : "events"}: ${count("facts")} become facts, ${count("dropped")} dropped, ${count("malformed")} malformed`;
  return [...lines, total];
}

function eventLines({ index, detailType, rules, outcome }: ExplainedEvent, paint: Paint): readonly string[] {
  const title = `${index + 1}. ${paint("bold", detailType)}`;
  const taken = rules === undefined ? [] : [`   rule     ${rules.length === 0 ? "none" : rules.join(", ")}`];
  switch (outcome.kind) {
    case "dropped":
      return [
        title,
        ...taken,
        `   ${paint("warn", "dropped")}  ${outcome.reason.text} ${paint("dim", `[${outcome.reason.code}]`)}`,
      ];
    case "malformed":
      return [title, ...taken, `   ${paint("bad", "malformed")}  ${outcome.message}; ${fateOf(rules)}`];
    case "facts":
      return [
        title,
        ...taken,
        ...outcome.routed.flatMap(({ key, facts }) => [
          `   key      ${key}`,
          ...facts.map((fact) => `   fact     ${factText(fact)}`),
        ]),
      ];
  }
}

const fateOf = (rules: readonly string[] | undefined): string =>
  rules?.length === 0 ? "no rule takes it anyway" : "it would go to the dead-letter queue";

const HIDDEN: ReadonlySet<string> = new Set(["kind", "at", "via"]);
const MAX_VALUE_LENGTH = 60;

/** `task taskId=… version=4 lastStatus=RUNNING …`: what is short, in the order of the fact; -o json has it all. */
export function factText(fact: Fact): string {
  const values = Object.entries(fact).flatMap(([name, value]) =>
    HIDDEN.has(name) || !isShort(value) ? [] : [`${name}=${valueText(name, value)}`],
  );
  return [fact.kind, ...values].join(" ");
}

/** `…At` are instants. */
const valueText = (name: string, value: unknown): string =>
  typeof value === "number" && name.endsWith("At") ? new Date(value).toISOString() : shortened(String(value));

const isShort = (value: unknown): boolean =>
  (typeof value !== "object" || value === null) && !String(value).startsWith("arn:");

const shortened = (text: string): string =>
  text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH - 1)}…`;

/** One line of the live feed: when, what, for which key, with the first fact or the reason to drop it. */
export function feedLine({ detailType, outcome }: ExplainedEvent, body: string, paint: Paint): string {
  const time = /"time"\s*:\s*"[^"T]*T([\d:]+)/.exec(body)?.[1] ?? "--:--:--";
  return `${paint("dim", time)} ${paint("bold", detailType)}  ${outcomeText(outcome, paint)}`;
}

/** Account and Region are the same for all that one feed shows. */
const withoutScope = (key: string): string => key.replace(/\b\d{12}\/[a-z0-9-]+\//, "");

function outcomeText(outcome: ExplainedEvent["outcome"], paint: Paint): string {
  switch (outcome.kind) {
    case "dropped":
      return paint("dim", `dropped: ${outcome.reason.text}`);
    case "malformed":
      return paint("bad", `malformed: ${outcome.message}`);
    case "facts":
      return outcome.routed
        .map(({ key, facts }) => `${withoutScope(key)}: ${facts.map(factText).join("; ")}`)
        .join(" | ");
  }
}
