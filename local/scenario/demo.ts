// One running demo: the local AWS with Fairlead deployed on it, the registries of the demo fleet, and the
// meter that watches from outside.

import { constants } from "node:os";
import { AppError } from "../../shared/base/errors.ts";
import { ENVIRONMENT } from "../../shared/contracts/environment.ts";
import type { Policies } from "../../shared/shell/operator.ts";
import type { LocalAws, LocalAwsOptions } from "../deploy/local-aws.ts";
import { startLocalAws } from "../deploy/local-aws.ts";
import type { LocalImages } from "../images/images.ts";
import { LOCAL_IMAGES } from "../images/images.ts";
import type { World } from "../world/world.ts";
import { freshAssembly } from "./assembly.ts";
import type { Clients, DemoService } from "./fleet.ts";
import {
  addHosts,
  createRegistries,
  createServices,
  DEMO_ECS,
  DEMO_ELB,
  demoClients,
  demoPolicies,
} from "./fleet.ts";
import { requireFreePort } from "./free-port.ts";
import type { Doorstep } from "./front-door.ts";
import { createFrontDoor, NAME, nameFrontDoor } from "./front-door.ts";
import type { Meter } from "./measure.ts";
import { startMeter } from "./measure.ts";
import { addForeignInstance } from "./truth.ts";

export interface DemoOptions {
  readonly seed: number;
  readonly port?: number;
  readonly onProgress: (text: string) => void;
  /** What no function reported: a queue that cannot be reached, a poller that was throttled. */
  readonly onError: (error: unknown) => void;
  /** Tasks as processes, a load balancer that forwards HTTP, DNS; else all of them are modelled. */
  readonly isReal: boolean;
  /** Programs for images besides the sample's own. */
  readonly images?: LocalImages;
  /** What is not real on this system, in one line. */
  readonly onNotice: (text: string) => void;
  /** What somebody broke or mended. */
  readonly onChaos?: LocalAwsOptions["onChaos"];
}

/** Where the installation is: what the other commands need to find it. */
export interface Place {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly table: string;
  readonly workQueueUrl: string;
  /** Of the API's function. */
  readonly apiUrl: string;
}

export interface Demo {
  readonly place: Place;
  readonly world: World;
  readonly clients: Clients;
  readonly services: readonly DemoService[];
  /** To be applied before the services start. */
  readonly policies: Policies;
  readonly meter: Meter;
  /** Container instances that the scenario drained. */
  readonly drained: Set<string>;
  readonly deployment: LocalAws["deployment"];
  /** undefined: nobody can come in, all is modelled. */
  readonly doorstep: Doorstep | undefined;
  readonly balancer: NonNullable<LocalAws["real"]>["balancer"] | undefined;
  startServices(): Promise<void>;
  stop(): Promise<void>;
}

/** The demo installs itself under the default name of infra/settings.ts. */
const INSTALLATION = "fairlead";

export async function startDemo(options: DemoOptions): Promise<Demo> {
  if (options.port !== undefined) await requireFreePort(options.port);
  const cdkOut = await freshAssembly(options);
  options.onProgress("starting the local AWS and deploying the stacks on it");
  // Calls and log lines of the first moments, before there is anything to measure, are not missed: the
  // meter starts before the first event.
  const early: { meter?: Meter } = {};
  const aws = await startLocalAws({
    source: { cdkOut },
    seed: options.seed,
    ecs: DEMO_ECS,
    elb: DEMO_ELB,
    // A dozen programs that start at once take nothing away from the functions and from the world's clock.
    ...(options.isReal && { real: realOptions(options) }),
    onNotice: options.onNotice,
    ...(options.port !== undefined && { port: options.port }),
    onCall: (call) => {
      if (call.accessKeyId?.startsWith(`local-${INSTALLATION}-`)) early.meter?.countCall(call);
    },
    onLog: ({ line }) => early.meter?.readLog(line),
    onError: options.onError,
    // The scenario fails on them; here they are seen when they happen.
    onDenial: ({ message }) => options.onError(new AppError("denied", message)),
    ...(options.onChaos !== undefined && { onChaos: options.onChaos }),
  });
  try {
    const demo = await furnish(aws);
    early.meter = demo.meter;
    return demo;
  } catch (error) {
    await aws.stop();
    throw error;
  }
}

const realOptions = ({ images }: DemoOptions) => ({
  niceness: constants.priority.PRIORITY_LOW,
  images: new Map([...LOCAL_IMAGES, ...(images ?? [])]),
});

async function furnish({ world, wire, deployment, real, stop }: LocalAws): Promise<Demo> {
  const clients = demoClients(wire.endpoint, wire.region);
  const services = await createRegistries(clients);
  const [first] = services;
  if (first !== undefined) addForeignInstance(world, first);
  addHosts(world);
  const { endpoint, region, account } = wire;
  const policies = await demoPolicies(services, { account, region });
  const frontDoor = await createFrontDoor(clients);
  nameFrontDoor(world, frontDoor);
  const meter = startMeter(world, services, INSTALLATION);
  return {
    place: { endpoint, region, account, ...namesOf(deployment) },
    world,
    clients,
    services,
    policies,
    meter,
    drained: new Set(),
    deployment,
    doorstep: await doorstepOf(real),
    balancer: real?.balancer,
    startServices: () => createServices(clients, frontDoor),
    stop: async () => {
      meter.stop();
      clients.ecs.destroy();
      clients.elb.destroy();
      clients.cloudMap.destroy();
      await stop();
    },
  };
}

async function doorstepOf(real: LocalAws["real"]): Promise<Doorstep | undefined> {
  await real?.balancer.ready();
  const [endpoint] = real?.balancer.endpoints() ?? [];
  if (real === undefined || endpoint === undefined) return undefined;
  return { url: endpoint.url, name: NAME, dns: real.dns };
}

/** The names that the template gave to the functions. */
function namesOf({
  functions,
  urls,
}: LocalAws["deployment"]): Pick<Place, "table" | "workQueueUrl" | "apiUrl"> {
  const variables = functions.map(({ lambda }) => lambda.settings.variables);
  const nameOf = (variable: string): string => {
    const value = variables.find((candidate) => candidate[variable] !== undefined)?.[variable];
    if (value === undefined) throw new AppError("defect", `no function of the template has ${variable}`);
    return value;
  };
  const apiUrl = urls.find(({ name }) => name === `${INSTALLATION}-api`)?.url;
  if (apiUrl === undefined) throw new AppError("defect", "the template gives the API no URL");
  return { table: nameOf(ENVIRONMENT.table), workQueueUrl: nameOf(ENVIRONMENT.workQueueUrl), apiUrl };
}
