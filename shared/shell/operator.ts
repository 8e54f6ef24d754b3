// The operator's word: one write to the table, then a doorbell so that it is heard at once. It never waits
// behind a queue: a pass reads it again before every outward act, and the sweep rings if the doorbell is lost.

import { AppError } from "../base/errors.ts";
import { fingerprint } from "../base/fingerprint.ts";
import type { Key } from "../base/keys.ts";
import type { WakeFact } from "../contracts/facts.ts";
import type { Command, ServicePolicy } from "../contracts/policy.ts";
import type { Clock } from "../ports/clock.ts";
import type { FleetStore } from "../ports/fleet-store.ts";
import type { WorkQueue } from "../ports/queues.ts";
import type { StateStore } from "../ports/state-store.ts";

export interface OperatorPorts {
  readonly fleet: FleetStore;
  readonly store: StateStore;
  readonly work: WorkQueue;
  readonly clock: Clock;
}

export type Policies = readonly (readonly [Key, ServicePolicy])[];

/** Stores every policy and rings its key. Keys that are not named keep theirs. */
export async function applyPolicies(policies: Policies, ports: OperatorPorts): Promise<void> {
  for (const [key, policy] of policies) await ports.fleet.putPolicy(key, policy);
  await ring(
    policies.map(([key]) => key),
    "policy",
    ports,
  );
}

export async function command(key: Key, word: Command, ports: OperatorPorts): Promise<void> {
  await ports.fleet.putCommand(key, word);
  await ring([key], "command", ports);
}

/** Takes back every pause of the key. Returns how many there were. */
export async function resume(key: Key, ports: OperatorPorts): Promise<number> {
  const { commands } = await ports.store.load(key);
  const pauses = commands.filter(({ type }) => type === "pause");
  await ports.fleet.dropCommands(key, pauses);
  if (pauses.length > 0) await ring([key], "command", ports);
  return pauses.length;
}

async function ring(keys: readonly Key[], cause: WakeFact["cause"], ports: OperatorPorts): Promise<void> {
  const sentAt = ports.clock.now();
  const unsent = await ports.work.ring(
    keys.map((key) => ({
      key,
      id: fingerprint(`${cause} ${sentAt} ${key}`),
      facts: [{ kind: "wake", cause, at: sentAt }],
      hops: 0,
      sentAt,
    })),
  );
  if (unsent.length === 0) return;
  const names = unsent.map(({ key }) => key).join(", ");
  throw new AppError("transient", `stored, but the work queue took no doorbell for ${names}: send it again`);
}
