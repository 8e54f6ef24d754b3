// The local AWS as a party: the virtual world on its wire face, with time running faster than the wall clock.

import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { startWireFace } from "../../local/faces/wire/server.ts";
import { followWallClock } from "../../local/runtime/wall-clock.ts";
import type { Delivery, DeliveryHooks, Target } from "../../local/world/events/delivery.ts";
import type { World } from "../../local/world/world.ts";
import { createWorld } from "../../local/world/world.ts";
import { epochMs } from "../../shared/base/time.ts";
import { ACCOUNT, REGION } from "./clients.ts";

export interface LocalParty {
  readonly endpoint: string;
  readonly world: World;
  stop(): Promise<void>;
}

const SEED = 20_261_122;

export async function startOurs(options: { readonly speed: number }): Promise<LocalParty> {
  const queues = queueDelivery();
  const startAt = Date.now();
  const world = createWorld({
    seed: SEED,
    startAt: epochMs(startAt),
    account: ACCOUNT,
    region: REGION,
    delivery: queues.hooks,
    // No witness throttles, and the clock that refills the buckets is not the caller's.
    throttling: false,
  });
  const clock = followWallClock(world, () => startAt + (Date.now() - startAt) * options.speed);
  const inStep = clock.inStep(world);
  const wire = await startWireFace({ world: inStep, account: ACCOUNT, region: REGION });
  queues.connect(wire.endpoint);
  return {
    endpoint: wire.endpoint,
    world,
    stop: async () => {
      clock.stop();
      queues.stop();
      await wire.stop();
    },
  };
}

/** The event bus reaches queues that a scenario made, without anything deployed. */
function queueDelivery() {
  let sqs: SQSClient | undefined;
  let base = "";
  const deliver = async (target: Target, { body }: Delivery) => {
    const group = target.SqsParameters?.MessageGroupId;
    await sqs?.send(
      new SendMessageCommand({
        QueueUrl: `${base}/${ACCOUNT}/${target.Arn.split(":").at(-1) ?? ""}`,
        MessageBody: body,
        ...(group !== undefined && { MessageGroupId: group }),
      }),
    );
    return "delivered" as const;
  };
  const hooks: DeliveryHooks = { deliver };
  return {
    hooks,
    connect: (endpoint: string) => {
      base = endpoint;
      const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
      sqs = new SQSClient({ endpoint, region: REGION, credentials });
    },
    stop: () => sqs?.destroy(),
  };
}
