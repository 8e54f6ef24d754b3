// `fairlead why KEY`: the last verdict of each capability, then what was decided and done before.

import type { Action, Outcome } from "../../shared/contracts/actions.ts";
import type { DecisionRecord } from "../../shared/contracts/aggregate.ts";
import type { KeyView } from "../../shared/shell/key-view.ts";
import { isRolloutAction, rolloutActText } from "../../shared/shell/rollout-acts.ts";
import type { Paint } from "../io.ts";
import { age, ahead } from "./age.ts";

export interface WhyView {
  readonly view: KeyView;
  readonly history: readonly DecisionRecord[];
  readonly now: number;
}

export function renderWhy({ view, history, now }: WhyView, paint: Paint): readonly string[] {
  return [...verdicts(view, now, paint), ...waiting(view, paint), ...past(history, now, paint)];
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

export const whyJson = ({ view, history }: WhyView): object => ({
  key: view.key,
  state: view.condition,
  mode: view.mode,
  modes: view.modes,
  decidedAt: view.decidedAt ?? null,
  wakeAt: view.wakeAt ?? null,
  reasons: view.reasons,
  awaiting: view.awaiting,
  history,
});
