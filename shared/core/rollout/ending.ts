// The end of a rollout: history keeps it, the feed and the people are told, and the service is looked at once
// more, because weights may stand where nobody left them.

import { reason } from "../../base/reasons.ts";
import { addMs } from "../../base/time.ts";
import type { NotifiedEvent } from "../../contracts/rollout-policy.ts";
import { othersOf } from "./groups.ts";
import { noticesOf, shadowNews } from "./notices.ts";
import type { Pass } from "./pass.ts";
import { actId, say, wake } from "./pass.ts";
import { ENDED_RECHECK_MS, PAST_IN_FULL, PAST_KEPT } from "./policy.ts";
import type { Active, Idle, Outcome, PastRollout, Revision, Rollout, Untold } from "./state.ts";
import { shortName } from "./tasks-failing.ts";

export interface End {
  readonly outcome: Outcome;
  /** One sentence. */
  readonly text: string;
}

export function ended(pass: Pass, active: Active, end: End): Idle {
  const { now } = pass.input;
  const { rollout, phase: _phase, checkedAt: _look, past, untold = [], ...memory } = active;
  say(
    pass,
    reason(end.outcome, `${rollout.id} is over, ${end.outcome}: ${end.text}`, { rollout: rollout.id }),
  );
  wake(pass, addMs(now, ENDED_RECHECK_MS));
  const known = rollout.deploymentArn === undefined ? {} : { knownDeployment: rollout.deploymentArn };
  return {
    ...memory,
    ...known,
    phase: "idle",
    past: [pastOf(rollout, end, pass), ...past].slice(0, PAST_KEPT).map(slimmed),
    untold: [...untold, ...lastMessages(pass, rollout, end)],
  };
}

const pastOf = (rollout: Rollout, { outcome, text }: End, { input }: Pass): PastRollout => ({
  id: rollout.id,
  outcome,
  driver: rollout.driver,
  author: rollout.author,
  target: rollout.target,
  source: rollout.source,
  startedAt: rollout.startedAt,
  endedAt: input.now,
  step: rollout.step,
  steps: rollout.steps.length,
  weight: rollout.weight,
  reason: text,
  ...(rollout.verdict === undefined ? {} : { verdict: rollout.verdict }),
});

/** The sentences stay; evidence and images only of the newest ones: the item is written in every pass. */
export function slimmed(past: PastRollout, index: number): PastRollout {
  if (index < PAST_IN_FULL) return past;
  const { verdict: _told, ...rest } = past;
  const bare = ({ taskDefinition }: Revision): Revision => ({
    taskDefinition: shortName(taskDefinition),
    images: [],
  });
  return { ...rest, target: bare(past.target), source: bare(past.source), reason: shortened(past.reason) };
}

const MOST_LETTERS = 80;
const shortened = (text: string): string =>
  text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS - 1)}…` : text;

const events: Readonly<Partial<Record<Outcome, NotifiedEvent>>> = {
  promoted: "promoted",
  "rolled-back": "rolled-back",
  failed: "rolled-back",
  "needs-operator": "needs-operator",
};

function lastMessages(pass: Pass, rollout: Rollout, end: End): readonly Untold[] {
  const { key } = pass.input;
  const event = events[end.outcome];
  const notices = event === undefined ? [] : noticesOf(pass, rollout, { event, mark: event, text: end.text });
  const shadow = shadowNews(rollout)
    .flatMap((news) => noticesOf(pass, rollout, news))
    .filter(({ mark }) => !rollout.notified.includes(mark));
  const others = othersOf(pass);
  const unsubscribe: Untold = {
    id: actId(key, rollout.id, "unsubscribe"),
    action: { type: "unsubscribe-metrics", key, rollout: rollout.id },
  };
  const ring: Untold = {
    id: actId(key, rollout.id, "ring", "end"),
    action: { type: "ring-keys", keys: others },
  };
  return [
    ...[...shadow, ...notices].map(({ id, action }): Untold => ({ id, action })),
    ...(rollout.subscribedUntil === undefined ? [] : [unsubscribe]),
    ...(others.length === 0 ? [] : [ring]),
  ];
}
