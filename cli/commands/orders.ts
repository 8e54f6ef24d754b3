// `fairlead pause | resume | approve | stop KEY`: the operator's word for one service.

import { userInfo } from "node:os";
import { Command } from "commander";
import type { Key } from "../../shared/base/keys.ts";
import type { Aggregate } from "../../shared/contracts/aggregate.ts";
import type { Mode } from "../../shared/contracts/policy.ts";
import { command as giveCommand, resume } from "../../shared/shell/operator.ts";
import { Found, usageError } from "../failure.ts";
import type { Installation } from "../installation.ts";
import type { Io } from "../io.ts";
import { keyFrom, printLines, withInstallation } from "../session.ts";

const KEY_HELP = "a managed service, as cluster/service";

interface Order {
  readonly installation: Installation;
  readonly key: Key;
  /** The key as it was typed. */
  readonly typed: string;
  /** The argument behind the key, where the verb takes one. */
  readonly argument: unknown;
}

/** commander hands over the arguments, the options and the command itself. Prints what the order answers. */
const onKey =
  (io: Io, give: (order: Order) => Promise<string>) =>
  (...given: readonly unknown[]): Promise<void> => {
    const [typed, argument] = given;
    return withInstallation(given.at(-1) as Command, io, async (installation) => {
      const key = await keyFrom(String(typed), installation);
      printLines(io, [await give({ installation, key, typed: String(typed), argument })]);
    });
  };

/** Shown by `why` to whoever asks later. */
function by(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}

const stamp = ({ clock }: Installation) => ({ by: by(), at: clock.now() });

export const pauseCommand = (io: Io): Command =>
  new Command("pause")
    .description("stop acting on one service; decisions and reasons go on")
    .argument("<key>", KEY_HELP)
    .action(
      onKey(io, async ({ key, installation, typed }) => {
        await giveCommand(key, { type: "pause", ...stamp(installation) }, installation);
        return `${key} is paused: \`fairlead resume ${typed}\` ends it`;
      }),
    );

export const resumeCommand = (io: Io): Command =>
  new Command("resume")
    .description("end the pauses of one service")
    .argument("<key>", KEY_HELP)
    .action(
      onKey(io, async ({ key, installation }) => {
        const ended = await resume(key, installation);
        return ended === 0 ? `${key} was not paused` : `${key} goes on`;
      }),
    );

export const approveCommand = (io: Io): Command =>
  new Command("approve")
    .description("let proposals that wait for approval be done (a rollout's approve step: `rollout approve`)")
    .argument("<key>", KEY_HELP)
    .argument("[proposal...]", "ids as `fairlead why` shows them; default: all that wait now")
    .action(
      onKey(io, async ({ key, installation, argument }) => {
        const proposalIds = approvedOf(await installation.store.load(key), argument as readonly string[]);
        await giveCommand(key, { type: "approve", ...stamp(installation), proposalIds }, installation);
        return `${key}: approved ${proposalIds.join(", ")}`;
      }),
    );

function modeOf(policy: Aggregate["policy"], capability: string): Mode | undefined {
  return capability === "rollout" ? policy?.rollout?.mode : policy?.discovery?.mode;
}

function approvedOf({ key, state, policy }: Aggregate, ids: readonly string[]): readonly string[] {
  const waiting = state.awaiting.map(({ id }) => id);
  if (waiting.length === 0) throw new Found(`${key}: nothing waits for an approval`);
  const names = new Set(state.awaiting.map(({ capability }) => capability));
  if ([...names].every((name) => modeOf(policy, name) === "observe")) {
    throw usageError(`${key} is in mode observe, which only shows: set mode approve or act in its policy`);
  }
  const unknown = ids.filter((id) => !waiting.includes(id));
  if (unknown.length > 0) {
    throw usageError(
      `proposal ${unknown.join(", ")} does not wait. Those that do:\n  ${waiting.join("\n  ")}`,
    );
  }
  return ids.length === 0 ? waiting : ids;
}

export const stopCommand = (io: Io): Command =>
  new Command("stop")
    .description("take a task out of discovery, wait until clients forgot it, then stop it")
    .argument("<key>", KEY_HELP)
    .argument("<task>", "the task's id, or the beginning of it")
    .action(
      onKey(io, async ({ key, installation, argument }) => {
        const { state, policy } = await installation.store.load(key);
        const taskId = taskFrom(String(argument), state.tasks);
        await giveCommand(key, { type: "stop-task", ...stamp(installation), taskId }, installation);
        const drainSeconds = (policy?.discovery?.drainMs ?? 0) / 1_000;
        return `${key}: task ${taskId} leaves discovery now and is stopped ${drainSeconds} s after it is out`;
      }),
    );

function taskFrom(typed: string, tasks: Aggregate["state"]["tasks"]): string {
  const alive = Object.values(tasks).filter(({ desiredStatus }) => desiredStatus !== "STOPPED");
  const ids = alive.map(({ taskId }) => taskId);
  const found = ids.filter((id) => id.startsWith(typed));
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only;
  const what = found.length === 0 ? "names no task" : `names ${found.length} tasks`;
  throw usageError(
    `"${typed}" ${what}. Tasks:\n  ${(found.length === 0 ? ids : found).join("\n  ") || "(none)"}`,
  );
}
