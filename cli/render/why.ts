// `fairlead why KEY`: the last verdict of each capability, then what was decided and done before.

import { callerName } from "../../shared/base/arn.ts";
import type { Action, Outcome } from "../../shared/contracts/actions.ts";
import type { DecisionRecord } from "../../shared/contracts/aggregate.ts";
import type { RolloutView } from "../../shared/contracts/rollout-api.ts";
import type { KeyView } from "../../shared/shell/key-view.ts";
import { isRolloutAction, rolloutActText } from "../../shared/shell/rollout-acts.ts";
import type { Paint } from "../io.ts";
import { age, ahead } from "./age.ts";
import { answeredLine } from "./rollout-answers.ts";

export interface WhyView {
  readonly view: KeyView;
  /** Where rollouts stand, of a service that has a policy for them. */
  readonly rollout?: RolloutView;
  readonly history: readonly DecisionRecord[];
  readonly now: number;
}

export function renderWhy({ view, rollout, history, now }: WhyView, paint: Paint): readonly string[] {
  return [
    ...verdicts(view, now, paint),
    ...(rollout === undefined ? [] : standing(rollout, view, paint)),
    ...(rollout === undefined ? [] : orders(rollout, paint)),
    ...waiting(view, paint),
    ...past(history, now, paint),
  ];
}

/** The last pass may have had something small to say: why a rollout stands where it stands is older. */
function standing({ rollout, message }: RolloutView, { reasons }: KeyView, paint: Paint): readonly string[] {
  const isSaid = reasons["rollout"]?.some(({ text }) => text === message) === true;
  if (isSaid) return [];
  const label = rollout === undefined ? "before" : `${rollout.id}, ${rollout.phase}`;
  return [`  ${message} ${paint("dim", `[${label}]`)}`];
}

function orders({ orders: unheard, answered, at }: RolloutView, paint: Paint): readonly string[] {
  const lines = [
    ...unheard.map(
      ({ decision, verb, by, at: given }) =>
        `  ${decision}  ${verb} by ${callerName(by)}, ${age(given, at)} ago, not heard yet`,
    ),
    ...answered.map((order) => answeredLine(order, at, paint)),
  ];
  return lines.length === 0 ? [] : ["", paint("bold", "ordered, newest first"), ...lines];
}

function verdicts(view: KeyView, now: number, paint: Paint): readonly string[] {
  if (view.decidedAt === undefined) return ["No pass has looked at it yet."];
  const next = view.wakeAt === undefined ? "when something happens" : ahead(view.wakeAt, now);
  const lines = [
    `${paint("bold", view.condition)}, decided ${age(view.decidedAt, now)} ago, looks again ${next}`,
  ];
  for (const [capability, reasons] of Object.entries(view.reasons)) {
    lines.push(`${paint("bold", capability)} (${view.modes[capability] ?? view.mode})`);
    for (const { code, text } of reasons) lines.push(`  ${text} ${paint("dim", `[${code}]`)}`);
  }
  return lines;
}

function waiting({ awaiting }: KeyView, paint: Paint): readonly string[] {
  if (awaiting.length === 0) return [];
  const lines = awaiting.map(({ id, action, reason }) => `  ${id}  ${deed(action)}: ${reason.text}`);
  return ["", paint("bold", "not done, waits for an approval or for mode act"), ...lines];
}

function past(history: readonly DecisionRecord[], now: number, paint: Paint): readonly string[] {
  if (history.length === 0) return ["", "Nothing was done yet."];
  const lines = history.flatMap((record) => [
    `${age(record.at, now)} ago  ${record.capability} ${paint("dim", `(${record.mode}, decision ${record.version})`)}`,
    ...record.actions.map(
      ({ proposal, outcome }) =>
        `    ${deed(proposal.action)} ${verdict(outcome, paint)}: ${proposal.reason.text}`,
    ),
  ]);
  return ["", paint("bold", "done before, newest first"), ...lines];
}

function deed(action: Action): string {
  if (isRolloutAction(action)) return rolloutActText(action);
  switch (action.type) {
    case "register-instance":
      return `register ${action.instanceId} in ${action.registry}`;
    case "deregister-instance":
      return `deregister ${action.instanceId} from ${action.registry}`;
    case "set-instance-health":
      return `set ${action.instanceId} ${action.health} in ${action.registry}`;
    case "stop-task":
      return `stop task ${action.taskArn.slice(action.taskArn.lastIndexOf("/") + 1)}`;
  }
}

function verdict(outcome: Outcome, paint: Paint): string {
  switch (outcome.kind) {
    case "done":
      return paint("good", "done");
    case "failed":
      return paint(
        "bad",
        `failed, ${outcome.code}: ${outcome.message}${outcome.retry ? "; tried again" : ""}`,
      );
    case "unknown":
      return paint("warn", "without an answer: looked at again");
    case "postponed":
      return paint("warn", `postponed (${outcome.code})`);
  }
}

export const whyJson = ({ view, rollout, history }: WhyView): object => ({
  key: view.key,
  state: view.condition,
  mode: view.mode,
  modes: view.modes,
  decidedAt: view.decidedAt ?? null,
  wakeAt: view.wakeAt ?? null,
  reasons: view.reasons,
  awaiting: view.awaiting,
  ...(rollout !== undefined && { orders: rollout.orders, answered: rollout.answered }),
  history,
});
