// The pipeline in virtual time: the real rules, ingest, reconcile and sweep, over the real adapters on the
// local world and queues. Only Lambda's and SQS's clockwork is modelled here.

import type { MemoryQueue } from "../../local/faces/ports/memory-queues.ts";
import { createMemoryQueue } from "../../local/faces/ports/memory-queues.ts";
import type { MemoryStores } from "../../local/faces/ports/memory-store.ts";
import { createQueueClient } from "../../local/faces/ports/queue-client.ts";
import { createWorldClient } from "../../local/faces/ports/world-client.ts";
import type { Timeline } from "../../local/world/kernel.ts";
import { AwsError } from "../../local/world/kernel.ts";
import type { World, WorldService } from "../../local/world/world.ts";
import type { AwsClient } from "../../shared/adapters/aws/client.ts";
import { createRegistryReader, createRegistryWriter } from "../../shared/adapters/aws/cloud-map.ts";
import { createCloudWatchReader } from "../../shared/adapters/aws/cloudwatch-metrics.ts";
import { createDeadLetters } from "../../shared/adapters/aws/dead-letters.ts";
import { createDeploymentReader, createDeploymentWriter } from "../../shared/adapters/aws/deployments.ts";
import { createTaskReader, createTaskStopper } from "../../shared/adapters/aws/ecs-tasks.ts";
import { translateError } from "../../shared/adapters/aws/errors.ts";
import { createHostReader } from "../../shared/adapters/aws/hosts.ts";
import { unpaced } from "../../shared/adapters/aws/pace.ts";
import { createDelayQueue, createWorkQueue } from "../../shared/adapters/aws/sqs.ts";
import { createTaskSetWriter } from "../../shared/adapters/aws/task-sets.ts";
import { createTrafficReader, createTrafficWriter } from "../../shared/adapters/aws/traffic.ts";
import { seconds } from "../../shared/base/time.ts";
import type { Mode } from "../../shared/contracts/policy.ts";
import type { Log } from "../../shared/ports/log.ts";
import type { PassPorts } from "../../shared/shell/ports.ts";
import type { SweepPorts } from "../../shared/shell/sweep-ports.ts";
import { sleep } from "./engine.ts";
import type { Process } from "./process.ts";

export const INSTALLATION = "sim";

export interface Queues {
  readonly urgent: MemoryQueue;
  readonly ingress: MemoryQueue;
  readonly work: MemoryQueue;
  readonly delay: MemoryQueue;
  readonly dead: readonly MemoryQueue[];
}

/** Visibility and receive counts as infra/ sets them. */
export function createQueues(kernel: Timeline): Queues {
  const make = (name: string, fifo: boolean) => {
    const to = createMemoryQueue(kernel, { name: `${name}-dead`, fifo, visibilityMs: seconds(60) });
    const redrive = { maxReceiveCount: 5, to };
    return { to, queue: createMemoryQueue(kernel, { name, fifo, visibilityMs: seconds(180), redrive }) };
  };
  const urgent = make("urgent", false);
  const ingress = make("ingress", false);
  const work = make("work.fifo", true);
  const delay = make("delay", false);
  return {
    urgent: urgent.queue,
    ingress: ingress.queue,
    work: work.queue,
    delay: delay.queue,
    dead: [urgent.to, ingress.to, work.to, delay.to],
  };
}

export interface Plant {
  readonly world: World;
  readonly stores: MemoryStores;
  readonly queues: Queues;
  readonly mode: Mode;
  readonly log: Log;
  /** Planted bugs: the checkers are tested with them. */
  readonly mutate?: (ports: AllPorts) => AllPorts;
  /** Sees every call that reached AWS, with its answer: the checkers' eye. */
  readonly witness: (call: { service: WorldService; operation: string; input: object }) => void;
}

/** Of the functions, reconcile alone writes what CloudTrail tells of. */
const OUR_SESSION = `arn:aws:sts::111122223333:assumed-role/reconcile/${INSTALLATION}-reconcile`;

const reads = /^(Describe|List|Get|Discover|Receive)/;

/** Clients of one process: every call of theirs passes through its faults. */
function clientsOf(plant: Plant, process: Process) {
  const client = (service: WorldService): AwsClient =>
    createWorldClient<WorldService>(
      {
        call: (_service, operation, input) =>
          process.call({
            name: `${service}.${operation}`,
            isRead: reads.test(operation),
            question: `${service}.${operation} ${JSON.stringify(input)}`,
            run: () => {
              plant.witness({ service, operation, input });
              return plant.world.call(service, operation, input, OUR_SESSION);
            },
          }) as Promise<object>,
      },
      service,
    );
  const { queues } = plant;
  const inner = createQueueClient([queues.urgent, queues.ingress, queues.work, queues.delay, ...queues.dead]);
  const sqs: AwsClient = {
    send: (command: never) => {
      const { name } = (command as { constructor: { name: string } }).constructor;
      return through(process, `sqs.${name}`, () => inner.send(command) as Promise<object>);
    },
  };
  return { client, sqs };
}

/** Queue and table calls fail like the SDK's: as exceptions that the adapters translate. */
async function through(
  process: Process,
  name: string,
  run: () => Promise<object | undefined>,
): Promise<object | undefined> {
  try {
    return await process.call({ name, isRead: false, question: name, run });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw Object.assign(new Error(error.message), {
      name: error.name,
      $fault: error.status < 500 ? "client" : "server",
      $metadata: { httpStatusCode: error.status },
    });
  }
}

export type AllPorts = PassPorts & Pick<SweepPorts, "fleet" | "timers" | "memory" | "deadLetters">;

export function portsOf(plant: Plant, process: Process): AllPorts {
  const ports = soundPorts(plant, process);
  return plant.mutate === undefined ? ports : plant.mutate(ports);
}

function soundPorts(plant: Plant, process: Process): AllPorts {
  const { world, queues } = plant;
  const { client, sqs } = clientsOf(plant, process);
  const paced = (service: WorldService) => ({ client: client(service), pace: unpaced });
  const clock = { now: world.kernel.now };
  const cloudMap = paced("servicediscovery");
  const ecs = paced("ecs");
  const elb = paced("elasticloadbalancing");
  return {
    ...storePorts(plant.stores, process),
    work: createWorkQueue({ client: sqs, url: queues.work.url }),
    delay: createDelayQueue({ client: sqs, url: queues.delay.url }),
    deadLetters: createDeadLetters({ client: sqs, sources: sourcesOf(queues) }),
    read: {
      tasks: createTaskReader({ ...ecs, clock }),
      hosts: createHostReader({ ecs, ec2: paced("ec2"), ssm: paced("ssm"), clock }),
      registry: createRegistryReader({ ...cloudMap, clock }),
      deployments: createDeploymentReader(ecs),
      traffic: createTrafficReader(elb),
      metrics: createCloudWatchReader(paced("cloudwatch")),
    },
    act: {
      registry: createRegistryWriter(cloudMap),
      stopper: createTaskStopper(ecs),
      deployments: createDeploymentWriter(ecs),
      taskSets: createTaskSetWriter(ecs),
      traffic: createTrafficWriter(elb),
      leases: faulty(plant.stores.leases, "leases", process),
      ...NOBODY_OUTSIDE,
    },
    clock,
    wait: (ms) => sleep(world.kernel, ms),
    log: plant.log,
    settings: { installation: INSTALLATION, mode: plant.mode },
  };
}

/** Messages end here; a run that has people and webhooks brings its own. */
const NOBODY_OUTSIDE: Pick<AllPorts["act"], "notifier" | "webhooks"> = {
  notifier: { notify: async () => undefined },
  webhooks: { call: async () => undefined },
};

const sourcesOf = (queues: Queues): ReadonlyMap<string, string> =>
  new Map(queues.dead.map((dead) => [dead.url, dead.url.replace("-dead", "")]));

const storePorts = (stores: MemoryStores, process: Process) => ({
  store: faulty(stores.state, "store", process),
  history: faulty(stores.history, "history", process),
  fleet: faulty(stores.fleet, "fleet", process),
  timers: faulty(stores.timers, "timers", process),
  memory: faulty(stores.sweep, "sweep", process),
});

/** A port whose every method passes through the process's faults; errors come out as the adapter's would. */
function faulty<T extends object>(port: T, name: string, process: Process): T {
  return new Proxy(port, {
    get: (target, property) => {
      const method = Reflect.get(target, property) as (...args: unknown[]) => Promise<object | undefined>;
      return (...args: unknown[]) =>
        translated(() =>
          process.call({
            name: `${name}.${String(property)}`,
            // Strongly consistent: the table never answers stale.
            isRead: false,
            question: "",
            run: () => method.apply(target, args),
          }),
        );
    },
  });
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw translateError(error, "store");
  }
}
