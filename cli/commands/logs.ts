// `fairlead local logs [OF]`: what the programs of the running `fairlead local` wrote.

import { Command } from "commander";
import type { ContainerOutput, LogsAnswer } from "../../local/runtime/processes/output.ts";
import { LOGS_PATH, outputsOf } from "../../local/runtime/processes/output.ts";
import { usageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { askLocal } from "../local-call.ts";
import { renderOutputs, renderWriters } from "../render/logs.ts";
import type { FormatOptions } from "../session.ts";
import { formatOption, json, paintOf, printLines } from "../session.ts";
import { wholeNumber } from "./why.ts";

interface LogsOptions extends FormatOptions {
  readonly lines: number;
}

/** What is kept of each container is no more: local/runtime/processes/program.ts. */
const MAX_LINES = 100;

export const logsCommand = (io: Io): Command =>
  new Command("logs")
    .description("what the tasks' programs wrote, also those that ended; without a name: which there are")
    .argument("[of]", "a service (web, demo/web), or a task's id or the beginning of one")
    .option("-n, --lines <number>", "the last lines of each container", wholeNumber(1, MAX_LINES), MAX_LINES)
    .addOption(formatOption())
    .action(async (of: string | undefined, { lines, output }: LogsOptions, command: Command) => {
      const outputs = await outputsFrom(io, of);
      const shown = outputs.map((one) => ({ ...one, lines: one.lines.slice(-lines) }));
      if (output === "json") return printLines(io, json({ outputs: shown }));
      const paint = paintOf(command, io);
      printLines(io, of === undefined ? renderWriters(outputs, paint) : renderOutputs(shown, paint));
    });

async function outputsFrom(io: Io, of: string | undefined): Promise<readonly ContainerOutput[]> {
  const { outputs = [], error } = await askLocal<LogsAnswer>(io, LOGS_PATH);
  if (error !== undefined) throw usageError(error);
  if (of === undefined) return outputs;
  const found = outputsOf(outputs, of);
  if (found.length > 0) return found;
  const services = [
    ...new Set(outputs.flatMap(({ cluster, service }) => service && `${cluster}/${service}`)),
  ];
  throw usageError(
    `no program of "${of}" has run. Services with programs:\n${services.map((name) => `  ${name}`).join("\n") || "  (none)"}`,
  );
}
