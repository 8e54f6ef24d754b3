// The local AWS in one call: the virtual world following the wall clock, its wire face, and a deployment.

import { epochMs } from "../../shared/base/time.ts";
import type { WireFace } from "../faces/wire/server.ts";
import { startWireFace } from "../faces/wire/server.ts";
import type { CallListener } from "../faces/wire/wire-call.ts";
import { followWallClock } from "../runtime/wall-clock.ts";
import type { World, WorldOptions } from "../world/world.ts";
import { createWorld } from "../world/world.ts";
import { createBusDelivery } from "./delivery.ts";
import type { DeployOptions, LocalDeployment } from "./deploy.ts";
import { deployLocal } from "./deploy.ts";

export interface LocalAwsOptions
  extends Pick<DeployOptions, "source" | "onLog" | "onError" | "asynchronous"> {
  readonly seed: number;
  readonly port?: number;
  readonly throttling?: boolean;
  readonly ecs?: WorldOptions["ecs"];
  readonly onCall?: CallListener;
}

export interface LocalAws {
  readonly world: World;
  readonly wire: WireFace;
  readonly deployment: LocalDeployment;
  stop(): Promise<void>;
}

export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const { seed, port, throttling, ecs, onCall } = options;
  const delivery = createBusDelivery();
  const world = createWorld({
    seed,
    startAt: epochMs(Date.now()),
    delivery: delivery.hooks,
    ...(throttling === undefined ? {} : { throttling }),
    ...(ecs === undefined ? {} : { ecs }),
  });
  const clock = followWallClock(world);
  const { account, region } = world.kernel;
  const inStep = clock.inStep(world);
  const wire = await startWireFace({
    world: inStep,
    account,
    region,
    ...(port === undefined ? {} : { port }),
    ...(onCall === undefined ? {} : { onCall }),
  });
  const stopBase = async () => {
    clock.stop();
    await wire.stop();
  };
  try {
    const deployment = await deployLocal({ ...options, world: inStep, wire, delivery });
    const stop = async () => {
      await deployment.stop();
      await stopBase();
    };
    return { world, wire, deployment, stop };
  } catch (error) {
    await stopBase();
    throw error;
  }
}
