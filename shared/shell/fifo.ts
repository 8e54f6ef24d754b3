// The FIFO loop: records of a group in order, all of a group folded into one pass, groups side by side.
// After the first failure of a group the rest of it is reported unprocessed, so order survives; other
// groups are not touched. middy's and Powertools' batch helpers do not keep that promise for groups.

import type { Doorbell } from "../contracts/doorbells.ts";
import type { Log } from "../ports/log.ts";

export interface FifoRecord {
  readonly messageId: string;
  readonly groupId: string;
  readonly body: string;
}

/** What one group of a batch asks for: doorbells of one key, in order. */
export interface GroupWork {
  readonly groupId: string;
  readonly doorbells: readonly Doorbell[];
}

export interface FifoSteps {
  parse(body: string): Doorbell;
  run(work: GroupWork): Promise<void>;
  readonly log: Log;
}

/** Ids of the records that SQS must deliver again. */
export async function runFifoBatch(
  records: readonly FifoRecord[],
  steps: FifoSteps,
): Promise<readonly string[]> {
  const groups = Map.groupBy(records, (record) => record.groupId);
  const failures = await Promise.all([...groups.values()].map((group) => runGroup(group, steps)));
  return failures.flat();
}

async function runGroup(records: readonly FifoRecord[], steps: FifoSteps): Promise<readonly string[]> {
  const { doorbells, parsed } = parseUpToFirstBad(records, steps);
  const first = records[0];
  if (first === undefined) return [];
  try {
    if (doorbells.length > 0) await steps.run({ groupId: first.groupId, doorbells });
  } catch (error) {
    steps.log.error("pass failed", {
      group: first.groupId,
      error: error instanceof Error ? error.message : String(error),
    });
    return records.map((record) => record.messageId);
  }
  return records.slice(parsed).map((record) => record.messageId);
}

/** Everything before the first record that does not parse; that one and the rest go back. */
function parseUpToFirstBad(
  records: readonly FifoRecord[],
  { parse, log }: FifoSteps,
): { readonly doorbells: readonly Doorbell[]; readonly parsed: number } {
  const doorbells: Doorbell[] = [];
  for (const record of records) {
    try {
      doorbells.push(parse(record.body));
    } catch (error) {
      log.error("malformed doorbell", {
        messageId: record.messageId,
        group: record.groupId,
        error: error instanceof Error ? error.message : String(error),
      });
      break;
    }
  }
  return { doorbells, parsed: doorbells.length };
}
