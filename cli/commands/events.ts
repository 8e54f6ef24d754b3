// `fairlead events` and `fairlead events explain FILE`

import { Command } from "commander";
import { systemClock } from "../../shared/adapters/aws/clock.ts";
import { AppError } from "../../shared/base/errors.ts";
import type { ExplainedEvent } from "../../shared/shell/explain.ts";
import { explainEvents } from "../../shared/shell/explain.ts";
import { Found, usageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { readInput } from "../read-input.ts";
import { feedLine, renderExplained } from "../render/explained.ts";
import type { FormatOptions } from "../session.ts";
import { formatOption, globalsOf, json, paintOf, printLines } from "../session.ts";

export const eventsCommand = (io: Io): Command =>
  new Command("events")
    .description("live events, and what each becomes; a temporary queue and rule carry them")
    .addOption(formatOption())
    .action((options: FormatOptions, command: Command) => feed(options, command, io))
    .addCommand(explainCommand(io));

async function feed(options: FormatOptions, command: Command, io: Io): Promise<void> {
  const [{ followEvents }, { placeOf }] = await Promise.all([
    import("../event-feed.ts"),
    import("../installation.ts"),
  ]);
  const paint = paintOf(command, io);
  await followEvents(placeOf(globalsOf(command), io), {
    signal: io.interrupted,
    onReady: () => io.stderr.write("waiting for events, Ctrl-C ends …\n"),
    onEvent: (body) => {
      const [explained] = explainEvents(body, { receivedAt: systemClock.now() });
      if (explained === undefined) return;
      printLines(io, [
        options.output === "json"
          ? JSON.stringify({ event: JSON.parse(body), ...explained })
          : feedLine(explained, body, paint),
      ]);
    },
  });
}

const explainCommand = (io: Io): Command =>
  new Command("explain")
    .description("for each event of a file: the rule that takes it, its key and facts, or why it is dropped")
    .argument("<file>", "one event, a JSON list, or one event on each line; - reads standard input")
    .addOption(formatOption())
    .action(async (file: string, _options: FormatOptions, command: Command) => {
      const { output } = command.optsWithGlobals<FormatOptions>();
      const text = await readInput(file);
      // A file that is no file of events is told before anything is bundled.
      explained(text, file, {});
      const { deployedRules } = await import("../deployed-rules.ts");
      const events = explained(text, file, { rulesFor: await deployedRules(io) });
      printLines(
        io,
        output === "json" ? json({ file, events }) : renderExplained(events, paintOf(command, io)),
      );
      const malformed = events.filter(({ outcome }) => outcome.kind === "malformed");
      if (malformed.length > 0) throw new Found(malformedText(file, malformed));
    });

function explained(
  text: string,
  file: string,
  rules: { readonly rulesFor?: (event: unknown) => readonly string[] },
): readonly ExplainedEvent[] {
  try {
    return explainEvents(text, { receivedAt: systemClock.now(), ...rules });
  } catch (error) {
    if (error instanceof AppError && error.code === "input") throw usageError(`${file}: ${error.message}`);
    throw error;
  }
}

function malformedText(file: string, events: readonly ExplainedEvent[]): string {
  const lines = events.flatMap(({ index, outcome }) =>
    outcome.kind === "malformed" ? [`${file}: event ${index + 1}: ${outcome.message}`] : [],
  );
  return lines.join("\n");
}
