// Hosts that discovery keeps out because they drain or were to be reclaimed: when the word that they are
// back was lost, the sweep asks ECS. Younger marks are left alone: a Spot notice runs for two minutes
// while ECS still says ACTIVE.

import type { EpochMs } from "../base/time.ts";
import { elapsedMs, minutes } from "../base/time.ts";
import type { Aggregate } from "../contracts/aggregate.ts";
import type { HostLeavingFact } from "../contracts/facts.ts";
import { discoveryStateOf } from "./drift.ts";
import type { ReadPorts } from "./ports.ts";

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html and one more minute. */
const DOUBT_AFTER_MS = minutes(3);

interface Asked {
  readonly aggregates: readonly Aggregate[];
  readonly read: Pick<ReadPorts, "tasks">;
  readonly now: EpochMs;
}

/** Marked hosts of these keys that ECS calls ACTIVE: one read for a cluster, none where no host is marked. */
export async function hostsBack(
  clusterArn: string,
  { aggregates, read, now }: Asked,
): Promise<ReadonlySet<string>> {
  const doubted = new Set(aggregates.flatMap((aggregate) => doubtedHosts(aggregate, now)));
  if (doubted.size === 0) return new Set();
  const statuses = await read.tasks.instanceStatuses(clusterArn, [...doubted]);
  return new Set([...doubted].filter((arn) => statuses[arn] === "ACTIVE"));
}

function doubtedHosts({ state }: Aggregate, now: EpochMs): readonly string[] {
  const marked = Object.entries(discoveryStateOf(state).leavingHosts);
  return marked.flatMap(([arn, since]) => (elapsedMs(since, now) > DOUBT_AFTER_MS ? [arn] : []));
}

export const backFacts = (
  { state }: Aggregate,
  back: ReadonlySet<string>,
  now: EpochMs,
): readonly HostLeavingFact[] =>
  Object.keys(discoveryStateOf(state).leavingHosts)
    .filter((arn) => back.has(arn))
    .map((arn) => ({
      kind: "host-leaving",
      containerInstanceArn: arn,
      leaving: false,
      cause: "ACTIVE",
      at: now,
    }));
