// `fairlead why KEY`

import { Command, InvalidArgumentError } from "commander";
import { viewOf } from "../../shared/shell/key-view.ts";
import { rolloutViewOf } from "../../shared/shell/rollout-view.ts";
import type { Io } from "../io.ts";
import { renderWhy, whyJson } from "../render/why.ts";
import type { FormatOptions } from "../session.ts";
import { formatOption, json, keyFrom, paintOf, printLines, withInstallation } from "../session.ts";

interface WhyOptions extends FormatOptions {
  readonly limit: number;
}

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 1_000;

export const whyCommand = (io: Io): Command =>
  new Command("why")
    .description("the latest reasons of each capability, and what was decided and done before")
    .argument("<key>", "a managed service, as cluster/service")
    .addOption(formatOption())
    .option("-n, --limit <count>", "decisions of the past", wholeNumber(0, MAX_LIMIT), DEFAULT_LIMIT)
    .action(async (typed: string, options: WhyOptions, command: Command) => {
      await withInstallation(command, io, async (installation) => {
        const key = await keyFrom(typed, installation);
        const [aggregate, history] = await Promise.all([
          installation.store.load(key),
          options.limit === 0 ? [] : installation.history.recent(key, options.limit),
        ]);
        const now = installation.clock.now();
        const policy = aggregate.policy?.rollout;
        const rollout = policy === undefined ? undefined : rolloutViewOf(aggregate, policy, now);
        const why = { view: viewOf(aggregate), ...(rollout !== undefined && { rollout }), history, now };
        printLines(io, options.output === "json" ? json(whyJson(why)) : renderWhy(why, paintOf(command, io)));
      });
    });

/** A parser for commander: its error names the option, this one what is allowed. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Allowed is a whole number from ${min} to ${max}.`);
  };
