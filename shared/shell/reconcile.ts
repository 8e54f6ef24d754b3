// The reconcile function's work: a batch of doorbells, one pass for each key in it. A key that keeps
// failing is put into quarantine: its doorbells are answered, and only the sweep tries it again.

import { isCode } from "../base/errors.ts";
import type { Key } from "../base/keys.ts";
import { parseKey } from "../base/keys.ts";
import { parseDoorbell } from "../contracts/parse-doorbell.ts";
import { feedPass } from "./feed.ts";
import type { FifoRecord, GroupWork } from "./fifo.ts";
import { runFifoBatch } from "./fifo.ts";
import type { ForwardInput } from "./forward.ts";
import { forward } from "./forward.ts";
import { pass, QUARANTINE_AFTER } from "./pass.ts";
import type { PassPorts } from "./ports.ts";

export async function reconcileBatch(
  records: readonly FifoRecord[],
  ports: PassPorts,
): Promise<{ readonly failedMessageIds: readonly string[] }> {
  const tally = new Map<string, number>();
  const failedMessageIds = await runFifoBatch(records, {
    parse: parseDoorbell,
    run: (work) => runKey(work, ports, tally),
    log: ports.log,
  });
  const counts = Object.fromEntries([...tally].map(([result, count]) => [`Pass-${result}`, count]));
  ports.log.info("batch reconciled", { records: records.length, failed: failedMessageIds.length, ...counts });
  ports.log.count({ ...counts, DoorbellsFailed: failedMessageIds.length });
  return { failedMessageIds };
}

async function runKey({ doorbells }: GroupWork, ports: PassPorts, tally: Map<string, number>): Promise<void> {
  const first = doorbells[0];
  if (first === undefined) return;
  const { key } = first;
  const facts = doorbells.flatMap((doorbell) => doorbell.facts);
  // News from outside starts a new chain of hops, whatever wake-up travels with it.
  const hops = Math.min(...doorbells.map((doorbell) => doorbell.hops));
  const cause = doorbells.map((doorbell) => doorbell.id).join("+");
  try {
    const result = await runPass({ key, facts, hops, cause }, ports);
    tally.set(result, (tally.get(result) ?? 0) + 1);
  } catch (error) {
    if (!(await isQuarantined(key, error, ports))) throw error;
    tally.set("quarantined", (tally.get("quarantined") ?? 0) + 1);
  }
}

function runPass(input: ForwardInput, ports: PassPorts): Promise<string> {
  const { kind } = parseKey(input.key);
  if (kind === "service" || kind === "group") return pass(input, ports);
  return kind === "feed" ? feedPass(input, ports) : forward(input, ports);
}

/** A lost race or a throttle says nothing about the key; everything else counts against it. */
async function isQuarantined(key: Key, error: unknown, ports: PassPorts): Promise<boolean> {
  if (isCode(error, "conflict") || isCode(error, "throttled")) return false;
  const failures = await ports.store.countFailure(key);
  if (failures < QUARANTINE_AFTER) return false;
  const said = error instanceof Error ? error.message : String(error);
  ports.log.error("quarantined: only the sweep tries this key again", { key, failures, error: said });
  return true;
}
