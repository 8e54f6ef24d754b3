// An operator at the keyboard: commands as the API writes them, and their doorbells.

import { createQueueClient } from "../../../local/faces/ports/queue-client.ts";
import { createWorkQueue } from "../../../shared/adapters/aws/sqs.ts";
import type { Key } from "../../../shared/base/keys.ts";
import type { RolloutCommand, RolloutVerb } from "../../../shared/contracts/policy.ts";
import { command } from "../../../shared/shell/operator.ts";
import type { Stage } from "./stage.ts";

export interface Order {
  readonly verb: RolloutVerb;
  /** Default: ann, who starts rollouts; bob approves them. */
  readonly by?: string;
  readonly taskDefinition?: string;
  readonly rollout?: string;
  readonly step?: number;
  readonly revision?: string;
}

/** Answers the decision id. */
export async function give(stage: Stage, key: Key, order: Order): Promise<string> {
  const { world, stores, queues } = stage;
  const at = world.kernel.now();
  const id = `d-${world.kernel.hex(12)}`;
  const word: RolloutCommand = { type: "rollout", id, by: "ann", at, ...order };
  const work = createWorkQueue({ client: createQueueClient([queues.work]), url: queues.work.url });
  await command(key, word, {
    fleet: stores.fleet,
    store: stores.state,
    work,
    clock: { now: world.kernel.now },
  });
  return id;
}
