// The command tree. Each verb is a file in commands/; this one joins them and turns what went wrong into
// exit codes.

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { applyCommand } from "./commands/apply.ts";
import { completeCommand, completionCommand } from "./commands/completion.ts";
import { discoverCommand } from "./commands/discover.ts";
import { eventsCommand } from "./commands/events.ts";
import { killSwitchCommand } from "./commands/kill-switch.ts";
import { localCommand } from "./commands/local.ts";
import { approveCommand, pauseCommand, resumeCommand, stopCommand } from "./commands/orders.ts";
import { recordCommand } from "./commands/record.ts";
import { rolloutCommand } from "./commands/rollout.ts";
import { statusCommand } from "./commands/status.ts";
import { whyCommand } from "./commands/why.ts";
import type { ExitCode } from "./failure.ts";
import { EXIT, report } from "./failure.ts";
import type { Io } from "./io.ts";

const AFTER_HELP = `
Keys are typed as cluster/service where that names one service only.
The installation is found by options, by FAIRLEAD_TABLE and FAIRLEAD_WORK_QUEUE_URL, or it is the running
\`fairlead local\`; rollouts are asked of its API, by --api-url or FAIRLEAD_API_URL. Credentials and Region come from the usual AWS variables and files.

Exit codes: 0 ok; 1 it ran and found a failure or a difference; 2 usage or input error.`;

const VERBS = [
  localCommand,
  statusCommand,
  whyCommand,
  rolloutCommand,
  discoverCommand,
  eventsCommand,
  recordCommand,
  applyCommand,
  pauseCommand,
  resumeCommand,
  approveCommand,
  stopCommand,
  killSwitchCommand,
];

function version(): string {
  const { version: found } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  ) as {
    version: string;
  };
  return found;
}

function createProgram(io: Io): Command {
  const program = new Command("fairlead")
    .description("An event-driven control plane for Amazon ECS: what it sees, decides and does, and why.")
    .version(version())
    .option("--endpoint-url <url>", "send AWS calls there instead of to AWS")
    .option("--region <region>", "the Region of the installation")
    .option("--table <name>", "the installation's table (or FAIRLEAD_TABLE)")
    .option("--work-queue-url <url>", "the installation's work queue (or FAIRLEAD_WORK_QUEUE_URL)")
    .option("--api-url <url>", "the installation's API, for rollouts (or FAIRLEAD_API_URL)")
    .option("--no-color", "no colours (or NO_COLOR=1)")
    .addHelpText("after", AFTER_HELP)
    .showHelpAfterError("(fairlead --help shows what there is)");
  for (const verb of VERBS) program.addCommand(verb(io));
  program.addCommand(completionCommand(io));
  program.addCommand(completeCommand(io, program), { hidden: true });
  for (const command of [program, ...descendants(program)]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  }
  return program;
}

const descendants = (command: Command): readonly Command[] =>
  command.commands.flatMap((child) => [child, ...descendants(child)]);

export async function runProgram(argv: readonly string[], io: Io): Promise<ExitCode> {
  const program = createProgram(io);
  try {
    if (argv.length === 0) {
      io.stderr.write(program.helpInformation());
      return EXIT.usage;
    }
    await program.parseAsync([...argv], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(error, io);
  }
}
