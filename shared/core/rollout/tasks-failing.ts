// The hard gate of the tasks: a revision whose tasks do not start, or do not stay, gets no traffic.

import type { Reason } from "../../base/reasons.ts";
import { counted, reason } from "../../base/reasons.ts";
import type { TaskFact } from "../../contracts/facts.ts";
import type { Tasks } from "../tasks.ts";
import { FAILED_TASKS_TO_GO_BACK } from "./policy.ts";
import type { Rollout } from "./state.ts";

/** `family:revision` of an ARN, or itself. */
export const shortName = (taskDefinition: string): string =>
  taskDefinition.split("/").at(-1) ?? taskDefinition;

/**
 * Ends that are the revision's own fault; scaling in and a user's stop are not.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
 */
const FAULTY_STOP_CODES: ReadonlySet<string> = new Set(["TaskFailedToStart", "EssentialContainerExited"]);
/** ECS writes `Task failed ELB health checks in …` and `Task failed container health checks`. */
const FAILED_HEALTH = /failed .*health check/i;

const hasFailed = ({ lastStatus, stopCode, stoppedReason }: TaskFact): boolean =>
  lastStatus === "STOPPED" &&
  (FAULTY_STOP_CODES.has(stopCode ?? "") || FAILED_HEALTH.test(stoppedReason ?? ""));

const runs = ({ lastStatus, health }: TaskFact): boolean =>
  lastStatus === "RUNNING" && health !== "UNHEALTHY";

/** Why the new revision's tasks are reason enough to go back; undefined = they are not. */
export function tasksFailing(tasks: Tasks, { target, source, startedAt }: Rollout): Reason | undefined {
  const name = shortName(target.taskDefinition);
  if (name === shortName(source.taskDefinition)) return undefined;
  let failed = 0;
  let running = 0;
  let last: TaskFact | undefined;
  for (const task of Object.values(tasks)) {
    if (task.at < startedAt || shortName(task.taskDefinitionArn) !== name) continue;
    if (runs(task)) running += 1;
    if (!hasFailed(task)) continue;
    failed += 1;
    if (last === undefined || task.at > last.at) last = task;
  }
  if (failed < FAILED_TASKS_TO_GO_BACK || failed <= running) return undefined;
  const why = last?.stoppedReason ?? last?.stopCode ?? "no reason was given";
  const text = `${counted(failed, "task")} of ${name} failed, ${running} run; the last one: ${why}.`;
  return reason("tasks-fail", text, { failed, running });
}
