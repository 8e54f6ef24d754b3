// The local AWS in one call: the virtual world following the wall clock, its wire face, and a deployment.

import { AppError } from "../../shared/base/errors.ts";
import { epochMs } from "../../shared/base/time.ts";
import type { Chaos, ChaosOptions } from "../chaos/chaos.ts";
import { createChaos } from "../chaos/chaos.ts";
import { createChaosFace } from "../faces/wire/chaos-face.ts";
import { createLogsFace } from "../faces/wire/logs-face.ts";
import type { WireFace } from "../faces/wire/server.ts";
import { startWireFace } from "../faces/wire/server.ts";
import type { CallListener } from "../faces/wire/wire-call.ts";
import type { AuthorityOptions } from "../iam/authority.ts";
import { createAuthority } from "../iam/authority.ts";
import { isCheckingOn } from "../models/answer-check.ts";
import { watchEvents } from "../models/event-check.ts";
import type { OpenSurroundings, Surroundings, SurroundingsOptions } from "../runtime/surroundings.ts";
import { createSurroundings } from "../runtime/surroundings.ts";
import { followWallClock } from "../runtime/wall-clock.ts";
import type { Operations } from "../world/kernel.ts";
import { AwsError } from "../world/kernel.ts";
import type { World, WorldOptions } from "../world/world.ts";
import { createWorld } from "../world/world.ts";
import { createBusDelivery } from "./delivery.ts";
import type { DeployOptions, LocalDeployment } from "./deploy.ts";
import { deployLocal } from "./deploy.ts";
import { createFunctionCalls } from "./function-calls.ts";

export interface LocalAwsOptions
  extends Pick<DeployOptions, "source" | "onLog" | "onError" | "asynchronous"> {
  readonly seed: number;
  readonly port?: number;
  readonly throttling?: boolean;
  readonly ecs?: WorldOptions["ecs"];
  readonly elb?: WorldOptions["elb"];
  /** Tasks as processes, load balancers that forward HTTP, DNS; without it all of them are modelled. */
  readonly real?: Omit<SurroundingsOptions, "onError">;
  /** What people should know, in one line: what is not real on this system. */
  readonly onNotice?: (text: string) => void;
  readonly onCall?: CallListener;
  /** Hears of every denial; without a listener `stop` rejects when there was one. */
  readonly onDenial?: NonNullable<AuthorityOptions["onDenial"]>;
  /** Hears of what is broken and mended on command. */
  readonly onChaos?: ChaosOptions["onChange"];
}

export interface LocalAws {
  readonly world: World;
  readonly chaos: Chaos;
  readonly wire: WireFace;
  readonly deployment: LocalDeployment;
  readonly real: OpenSurroundings | undefined;
  stop(): Promise<void>;
}

export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const parts: Part[] = [];
  try {
    const aws = await assemble(options, parts);
    const stop = async () => {
      await stopParts(parts);
      if (options.onDenial === undefined) requireNoDenials(aws.deployment);
    };
    return { ...aws, stop };
  } catch (error) {
    // A port that is taken must not leave a clock, queues or processes behind.
    await stopParts(parts);
    throw error;
  }
}

interface Part {
  stop(): Promise<void> | void;
}

/** The last one first. */
async function stopParts(parts: Part[]): Promise<void> {
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) await part.stop();
}

async function assemble(options: LocalAwsOptions, parts: Part[]): Promise<Omit<LocalAws, "stop">> {
  const { seed, port, throttling, ecs, elb, onCall, onChaos, onDenial } = options;
  const surroundings = await surroundingsFor(options, parts);
  const delivery = createBusDelivery();
  const calls = createFunctionCalls();
  const world = createWorld({
    functions: calls.invoker,
    seed,
    startAt: epochMs(Date.now()),
    delivery: delivery.hooks,
    ...(throttling === undefined ? {} : { throttling }),
    ...surroundings?.worldOptions,
    ecs: { ...ecs, ...surroundings?.worldOptions.ecs },
    elb: { ...elb },
  });
  if (isCheckingOn()) watchEvents(world.kernel);
  const clock = followWallClock(world);
  parts.push(clock);
  const { account, region } = world.kernel;
  const inStep = clock.inStep(world);
  const chaos = createChaos(world, onChaos === undefined ? {} : { onChange: onChaos });
  const authority = createAuthority({
    account,
    region,
    lookup: lookupIn(world),
    ...(onDenial === undefined ? {} : { onDenial }),
  });
  const wire = await startWireFace({
    authorize: authority.authorize,
    world: inStep,
    account,
    region,
    ...(port === undefined ? {} : { port }),
    chaos: createChaosFace(chaos, (run) => {
      clock.catchUp();
      return run();
    }),
    logs: createLogsFace(surroundings?.processes),
    onCall: (call) => {
      onCall?.(call);
      chaos.api.check(call);
    },
  });
  parts.push(wire);
  const real = await surroundings?.open(world, clock);
  const deployment = await deployLocal({ ...options, world: inStep, wire, delivery, authority });
  parts.push(deployment);
  calls.connect(deployment.functions, clock.enter);
  parts.push(calls);
  return { world, chaos, wire, deployment, real };
}

async function surroundingsFor(
  { real, onNotice, onError }: LocalAwsOptions,
  parts: Part[],
): Promise<Surroundings | undefined> {
  if (real === undefined) return undefined;
  const surroundings = await createSurroundings({ ...real, ...(onError !== undefined && { onError }) });
  if (typeof surroundings === "string") {
    onNotice?.(surroundings);
    return undefined;
  }
  parts.push(surroundings);
  return surroundings;
}

/** Reads of IAM's own: neither counted nor throttled. */
function lookupIn({ ecs, cloudMap, cloudWatch, events, elb }: World): AuthorityOptions["lookup"] {
  const services: Readonly<Record<string, Operations>> = {
    ecs: ecs.operations,
    servicediscovery: cloudMap.operations,
    cloudwatch: cloudWatch.operations,
    events: events.operations,
    elasticloadbalancing: elb.operations,
  };
  return (service, operation, input) => {
    try {
      return services[service]?.[operation]?.(input as never) as
        | Readonly<Record<string, unknown>>
        | undefined;
    } catch (error) {
      if (error instanceof AwsError) return undefined;
      throw error;
    }
  };
}

/** A run with a denial is a failed run, also where the code coped with it. */
function requireNoDenials({ denials }: LocalDeployment): void {
  const messages = new Set(denials.map(({ message }) => message));
  if (messages.size > 0) throw new AppError("denied", [...messages].join("\n"));
}
