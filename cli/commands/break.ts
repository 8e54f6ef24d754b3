// `fairlead local break [NAME]` and `fairlead local mend [NAME]`: orders to the running `fairlead local`.

import { Argument, Command, Option } from "commander";
import type { ActiveBreak } from "../../local/chaos/chaos.ts";
import type { ChaosAnswer, ChaosOrder, ChaosView } from "../../local/chaos/order.ts";
import { CHAOS_PATH } from "../../local/chaos/order.ts";
import type { Parameter, Typed } from "../../local/chaos/parameters.ts";
import { FOR } from "../../local/chaos/parameters.ts";
import { BREAKS } from "../../local/chaos/registry.ts";
import { usageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { askLocal } from "../local-call.ts";
import { readLocalState } from "../local-state.ts";
import { renderActive, renderChange, renderKnown } from "../render/break.ts";
import type { FormatOptions } from "../session.ts";
import { formatOption, json, paintOf, printLines } from "../session.ts";

/** Each option once, with all that it means: the running local AWS knows which break takes it. */
const PARAMETERS: ReadonlyMap<string, string> = aboutByName([
  FOR,
  ...BREAKS.flatMap(({ parameters }) => parameters),
]);

function aboutByName(parameters: readonly Parameter[]): ReadonlyMap<string, string> {
  const abouts = new Map<string, Set<string>>();
  for (const { name, about } of parameters) abouts.set(name, (abouts.get(name) ?? new Set()).add(about));
  return new Map([...abouts].map(([name, texts]) => [name, [...texts].join("; ")]));
}

/** Completed from the list, and not checked by it: the running local AWS has the better answer. */
function named(about: string): Argument {
  const argument = new Argument("[name]", about);
  argument.argChoices = BREAKS.map(({ name }) => name);
  return argument;
}

export function breakCommand(io: Io): Command {
  const command = new Command("break")
    .description(
      "break something in the running local AWS; without a name: what there is, and what is broken",
    )
    .addArgument(named("such as crash-loop, oom, host-loss, event-loss, api-outage"))
    .addOption(formatOption());
  for (const [name, about] of PARAMETERS) command.addOption(new Option(`--${name} <value>`, about));
  return command.action(async (name: string | undefined, options: FormatOptions & Typed, self: Command) => {
    const typed = Object.fromEntries(Object.entries(options).filter(([option]) => PARAMETERS.has(option)));
    if (name !== undefined) return obey(io, self, { action: "break", name, options: typed });
    const [only] = Object.keys(typed);
    if (only !== undefined) throw usageError(`--${only} belongs to a break: name one, such as oom`);
    await list(io, self, options.output);
  });
}

export const mendCommand = (io: Io): Command =>
  new Command("mend")
    .description("take back what was broken; without a name: everything")
    .addArgument(named("as `fairlead local break` lists it"))
    .addOption(formatOption())
    .action((name: string | undefined, _options: FormatOptions, self: Command) =>
      obey(io, self, { action: "mend", ...(name !== undefined && { name }) }),
    );

async function list(io: Io, command: Command, output: FormatOptions["output"]): Promise<void> {
  const state = readLocalState(io.environment);
  const paint = paintOf(command, io);
  const known = BREAKS.map(({ name, does, parameters }) => ({ name, does, parameters }));
  const view: ChaosView =
    state === undefined ? { known, active: [] } : await askLocal<ChaosView>(io, CHAOS_PATH);
  if (output === "json") return printLines(io, json(view));
  const active =
    state === undefined
      ? ["No `fairlead local` is running: there is nothing to break yet."]
      : renderActive(view.active, paint);
  printLines(io, [...renderKnown(view.known, paint), "", ...active]);
}

async function obey(io: Io, command: Command, order: ChaosOrder): Promise<void> {
  const { changed = [], error } = await askLocal<ChaosAnswer>(io, CHAOS_PATH, order);
  if (error !== undefined) throw usageError(error);
  const { output } = command.opts<FormatOptions>();
  const what = order.action === "break" ? "broken" : "mended";
  const lines = changed.map((one: ActiveBreak) => renderChange(what, one, paintOf(command, io)));
  printLines(io, output === "json" ? json({ [what]: changed }) : lines.length > 0 ? lines : [nothing(order)]);
}

const nothing = ({ name }: ChaosOrder): string =>
  name === undefined ? "Nothing was broken." : `${name} was not active.`;
