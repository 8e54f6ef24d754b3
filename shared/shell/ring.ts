// How the sweep rings: doorbells of its own, with ids that no other stimulus shares.

import { fingerprint } from "../base/fingerprint.ts";
import type { Key } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import type { Doorbell } from "../contracts/doorbells.ts";
import type { Fact, WakeFact } from "../contracts/facts.ts";
import type { SweepPorts } from "./sweep-ports.ts";

/** Rings of one key at one instant differ by what they tell; a swallowed drift would never be looked for. */
const nameOf = (fact: Fact): string => (fact.kind === "wake" ? fact.cause : fact.kind);

/** The id names the sweep's instant: the next sweep's ring is another stimulus. */
export const wakeDoorbell = (key: Key, cause: WakeFact["cause"], now: EpochMs): Doorbell =>
  doorbellOf(key, [{ kind: "wake", cause, at: now }], now);

export const doorbellOf = (key: Key, facts: readonly Fact[], now: EpochMs): Doorbell => ({
  key,
  id: fingerprint(`sweep ${now} ${key} ${facts.map(nameOf).join()}`),
  facts,
  hops: 0,
  sentAt: now,
});

/** What is not taken now is found again by the next sweep. */
export async function ringAll(
  doorbells: readonly Doorbell[],
  { work, log }: Pick<SweepPorts, "work" | "log">,
): Promise<void> {
  if (doorbells.length === 0) return;
  const unsent = await work.ring(doorbells);
  if (unsent.length > 0) log.warn("doorbells not taken", { unsent: unsent.length });
}
