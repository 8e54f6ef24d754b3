// `fairlead record`: events that were saved, or that come into a queue, as a recording that can be replayed.

import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Command } from "commander";
import type { Found } from "../../local/recording/read-events.ts";
import type { RecordingSummary } from "../../local/recording/recorder.ts";
import { usageError } from "../failure.ts";
import type { Io } from "../io.ts";
import { readInput } from "../read-input.ts";
import type { GlobalOptions } from "../session.ts";
import { globalsOf } from "../session.ts";

interface RecordOptions {
  readonly queue?: string;
  readonly for?: string;
  readonly out?: string;
  readonly account?: string;
}

const HELP = `
A file may hold EventBridge events as JSON lines or a list, SQS messages or Lambda batches, SNS notifications,
or CloudWatch Logs (aws logs filter-log-events, tail, Insights results, an export). Without a file: --queue, the URL
of a queue that a rule of yours fills, such as {"source":["aws.ecs"]}; a message is deleted once it is on disk.
Values of environment variables and texts that look like secrets are taken out: read the file before you share it.

  aws logs filter-log-events --log-group-name /aws/events/ecs | fairlead record - --out monday.jsonl
  fairlead events -o json > demo-events.jsonl     (Ctrl-C ends it; then) fairlead record demo-events.jsonl
  fairlead record --queue https://sqs.eu-west-1.amazonaws.com/111122223333/ecs-events --for 1h --out monday.jsonl
  npm run simulate -- --replay monday.jsonl --policy fleet.yaml`;

export const recordCommand = (io: Io): Command =>
  new Command("record")
    .description("turn an account's events into a recording that `npm run simulate -- --replay` runs")
    .argument("[files...]", "saved events; - reads standard input")
    .option("--queue <url>", "read from this queue instead, with your own credentials")
    .option("--for <time>", "how long, such as 10m or 1h; default: until Ctrl-C")
    .option("--out <file>", "the recording; default: standard output")
    .option("--account <number>", "write this account number in place of the real one")
    .addHelpText("after", HELP)
    .action(async (files: readonly string[], options: RecordOptions, command: Command) => {
      const { requireAccount } = await import("../../local/recording/recorder.ts");
      requireAccount(options.account);
      if (options.out !== undefined && existsSync(options.out))
        throw usageError(`--out: ${options.out} exists already and is not overwritten`);
      if (options.out !== undefined && !existsSync(dirname(options.out)))
        throw usageError(`--out: there is no folder ${dirname(options.out)}: make it first`);
      if (options.queue === undefined) return recordFiles(files, options, io);
      if (files.length > 0) throw usageError("either files or --queue, not both");
      await recordFromQueue({ ...options, queue: options.queue }, globalsOf(command), io);
    });

async function recordFiles(files: readonly string[], options: RecordOptions, io: Io): Promise<void> {
  if (files.length === 0) throw usageError("nothing to record: name a file, - or --queue");
  if (options.for !== undefined) throw usageError("--for belongs to --queue");
  const [{ findEvents }, { createRecorder }] = await Promise.all([
    import("../../local/recording/read-events.ts"),
    import("../../local/recording/recorder.ts"),
  ]);
  const found = (await Promise.all(files.map(readInput))).map((text) => findEvents(text));
  warnOfSkipped(files, found, io);
  const skipped = found.reduce((sum, one) => sum + one.skipped, 0);
  const recorder = createRecorder(accountOf(options));
  const text = recorder.take(found.flatMap(({ received }) => received));
  if (recorder.summary.events === 0)
    throw usageError(
      `${files.join(", ")}: no EventBridge event was found: expected ${EXPECTED}; see fairlead record --help`,
    );
  if (options.out === undefined) io.stdout.write(text);
  else await writeFile(options.out, text, { flag: "wx" });
  io.stderr.write(`${summaryText(recorder.summary, skipped)}\n`);
}

const EXPECTED = "JSON with source, detail-type, account, region, resources and detail";

/** Where the first of each file's entries without an event is: an export may have been cut off. */
function warnOfSkipped(files: readonly string[], found: readonly Found[], io: Io): void {
  for (const [index, { firstSkipped, received }] of found.entries()) {
    if (firstSkipped === undefined || received.length === 0) continue;
    io.stderr.write(`${files[index]}:${firstSkipped}: no event here, left out: expected ${EXPECTED}\n`);
  }
}

const accountOf = ({ account }: RecordOptions) => (account === undefined ? {} : { account });

async function recordFromQueue(
  options: RecordOptions & { readonly queue: string },
  globals: GlobalOptions,
  io: Io,
): Promise<void> {
  const { queue: url, out: file } = options;
  if (file === undefined)
    throw usageError("--out is missing: messages are deleted once they are in that file");
  if (!/^https?:\/\/[^/]+\/./.test(url))
    throw usageError(
      `--queue: found "${url}", expected the URL of a queue, such as https://sqs.eu-west-1.amazonaws.com/111122223333/events`,
    );
  const [{ SQSClient }, { recordQueue }, { createRecorder }, { durationFrom }] = await Promise.all([
    import("@aws-sdk/client-sqs"),
    import("../../local/recording/queue-source.ts"),
    import("../../local/recording/recorder.ts"),
    import("../../local/chaos/parameters.ts"),
  ]);
  const recorder = createRecorder(accountOf(options));
  const limits = options.for === undefined ? [] : [AbortSignal.timeout(durationFrom(options.for, "for"))];
  const client = new SQSClient(clientSettings(url, globals, io));
  io.stderr.write(
    options.for === undefined ? "recording, Ctrl-C ends …\n" : `recording for ${options.for} …\n`,
  );
  try {
    const signal = AbortSignal.any([io.interrupted, ...limits]);
    const skipped = await recordQueue({ client, url, file, recorder, signal });
    io.stderr.write(`${summaryText(recorder.summary, skipped)}\n`);
  } finally {
    client.destroy();
  }
}

/** The Region of `https://sqs.REGION.amazonaws.com/…`, unless another is named. */
function clientSettings(url: string, { endpointUrl, region }: GlobalOptions, io: Io) {
  const ofQueue = /^https:\/\/sqs\.([a-z0-9-]+)\./.exec(url)?.[1];
  const named = region ?? ofQueue ?? io.environment["AWS_REGION"] ?? io.environment["AWS_DEFAULT_REGION"];
  if (named === undefined) throw usageError("no Region is named: use --region or AWS_REGION");
  return { region: named, ...(endpointUrl !== undefined && { endpoint: endpointUrl }) };
}

function summaryText(summary: Readonly<RecordingSummary>, skipped: number): string {
  const { events, duplicates, outOfOrder, redacted } = summary;
  return `${events} events recorded; ${duplicates} duplicates left out, ${outOfOrder} out of order, ${redacted} values redacted, ${skipped} entries without an event`;
}
