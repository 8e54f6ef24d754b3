// What people are told, each event once: which events there are, and to whom they go.

import { callerName } from "../../base/arn.ts";
import type { Action } from "../../contracts/actions.ts";
import type { NotifiedEvent } from "../../contracts/rollout-policy.ts";
import type { Pass } from "./pass.ts";
import { actId } from "./pass.ts";
import type { Active, Rollout } from "./state.ts";
import { shortName } from "./tasks-failing.ts";

export interface News {
  readonly event: NotifiedEvent;
  /** Tells this event from another of its kind: `step 25`. */
  readonly mark: string;
  readonly text: string;
}

export interface Notice {
  readonly id: string;
  /** `<index of the notification>/<mark>`: what `notified` remembers. */
  readonly mark: string;
  readonly text: string;
  readonly action: Extract<Action, { type: "notify" }>;
}

export function noticesOf({ input }: Pass, rollout: Rollout, { event, mark, text }: News): readonly Notice[] {
  const { key, policy } = input;
  return policy.notifications.flatMap(({ on, to }, index) => {
    if (!on.includes(event)) return [];
    const detail = {
      key,
      rollout: rollout.id,
      target: shortName(rollout.target.taskDefinition),
      source: shortName(rollout.source.taskDefinition),
      author: rollout.author,
      weight: rollout.weight,
      step: rollout.step,
      steps: rollout.steps.length,
      text,
    };
    const action = { type: "notify", to, event, detail } as const;
    return [{ id: actId(key, rollout.id, "notify", index, mark), mark: `${index}/${mark}`, text, action }];
  });
}

/** Holds that wait for a person rather than for time. */
const AWAITING: ReadonlySet<string> = new Set(["awaits-promote", "awaits-approval"]);

/** What a deployment that is only watched would have come to. */
export function shadowNews({ driver, verdict, target }: Rollout): readonly News[] {
  if (driver !== "watch" || verdict?.kind !== "bad") return [];
  const text = `${shortName(target.taskDefinition)} is only watched; else it would go back: ${verdict.text}`;
  return [{ event: "held", mark: "held shadow-verdict", text }];
}

/** What is worth telling of a rollout as it stands. */
export function newsOf({ phase, rollout }: Active): readonly News[] {
  const { hold, source, target, driver, weight, author } = rollout;
  const from = shortName(source.taskDefinition);
  const to = shortName(target.taskDefinition);
  const verb = driver === "watch" ? "watched" : "rolled out";
  const news: News[] = [
    {
      event: "started",
      mark: "started",
      text: `${to} is ${verb} in place of ${from}, by ${callerName(author)}.`,
    },
  ];
  if (phase === "stepping" && weight > 0) {
    news.push({ event: "step", mark: `step ${weight}`, text: `${weight} % of production goes to ${to}.` });
  }
  if (hold !== undefined) {
    const event = AWAITING.has(hold.code) ? "awaiting" : "held";
    news.push({ event, mark: `${event} ${rollout.step} ${hold.code}`, text: hold.text });
  }
  news.push(...shadowNews(rollout));
  if (phase === "stuck") {
    const why = rollout.trouble?.message ?? rollout.cause?.text ?? "it can neither go on nor back";
    news.push({ event: "needs-operator", mark: "needs-operator", text: `${to} needs an operator: ${why}.` });
  }
  return news;
}
