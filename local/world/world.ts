// The virtual AWS in one piece: a kernel and the services modelled over it. `call` is the only way in,
// with AWS's own operation names and shapes; faces (in process, HTTP) translate nothing but bytes.

import type { Applications } from "./applications.ts";
import { createApplications } from "./applications.ts";
import type { Backends } from "./backends.ts";
import type { CloudMap } from "./cloud-map/cloud-map.ts";
import { createCloudMap } from "./cloud-map/cloud-map.ts";
import type { CloudWatch } from "./cloudwatch/cloudwatch.ts";
import { createCloudWatch } from "./cloudwatch/cloudwatch.ts";
import type { Ecs, EcsOptions } from "./ecs/ecs.ts";
import { createEcs } from "./ecs/ecs.ts";
import type { ElbOptions } from "./elb/context.ts";
import type { Elb } from "./elb/elb.ts";
import { createElb } from "./elb/elb.ts";
import type { EventBus } from "./events/bus.ts";
import { createEventBus } from "./events/bus.ts";
import type { DeliveryHooks } from "./events/delivery.ts";
import type { FunctionInvoker } from "./functions.ts";
import { NO_FUNCTIONS } from "./functions.ts";
import type { HostSource, WorldHost } from "./hosts.ts";
import { ec2Operations, ssmOperations } from "./hosts.ts";
import type { KernelOptions, Operations, Timeline } from "./kernel.ts";
import { AwsError, createKernel } from "./kernel.ts";
import type { Throttle } from "./throttle.ts";
import { createThrottle } from "./throttle.ts";
import { createTrail } from "./trail.ts";

export type WorldService =
  | "ecs"
  | "servicediscovery"
  | "ec2"
  | "ssm"
  | "cloudwatch"
  | "events"
  | "elasticloadbalancing";

export interface WorldOptions extends KernelOptions {
  /** Token buckets by AWS's published numbers; default on. Off, calls are still counted and peaks measured. */
  readonly throttling?: boolean;
  /** Where events go that rules match; without it they are matched and dropped. */
  readonly delivery?: DeliveryHooks;
  readonly ecs?: EcsOptions;
  readonly elb?: ElbOptions;
  /** What answers at targets' addresses; default: modelled applications in the tasks. */
  readonly backends?: Backends;
  /** What runs Lambda functions (lifecycle hooks); default: there are none. */
  readonly functions?: FunctionInvoker;
}

export interface World {
  readonly kernel: Timeline;
  readonly ecs: Ecs;
  readonly elb: Elb;
  /** The models behind addresses; of no effect where the world was given other backends. */
  readonly applications: Applications;
  readonly cloudMap: CloudMap;
  readonly cloudWatch: CloudWatch;
  readonly events: EventBus;
  /** Calls by `service.Operation`, and how full the token buckets were used. */
  readonly throttle: Throttle;
  /**
   * Throws AwsError. The input has AWS's shape, without members that are undefined. `caller` is the ARN that
   * CloudTrail names.
   */
  call(service: WorldService, operation: string, input: object, caller?: string): object;
  /** Whether the operation is modelled. */
  has(service: string, operation: string): boolean;
  readonly advanceTo: Timeline["advanceTo"];
  readonly nextAt: Timeline["nextAt"];
}

const noDelivery: DeliveryHooks = { deliver: () => "delivered" };

export function createWorld(options: WorldOptions): World {
  const kernel = createKernel(options);
  const events = createEventBus(kernel, options.delivery ?? noDelivery);
  const cloudWatch = createCloudWatch(kernel);
  // The two know each other: tasks register at groups, and groups ask who listens at a task's address.
  const applications = createApplications(kernel, {
    taskAt: (id, port) => ecs.taskAt(id, port),
    isSilent: (id) => ecs.isSilent(id),
  });
  const surroundings = {
    backends: options.backends ?? applications,
    publish: cloudWatch.publish,
    zoneOfSubnet: (id: string) => ecs.zoneOf(id),
  };
  const elb = createElb(kernel, surroundings, options.elb);
  const ecs = createEcs(kernel, options.ecs, {
    balancing: elb.balancing,
    functions: options.functions ?? NO_FUNCTIONS,
    alarmState: cloudWatch.alarmState,
  });
  const cloudMap = createCloudMap(kernel, { addressOf: (id) => ecs.host(id)?.privateIp });
  const throttle = createThrottle({ now: kernel.now, enforce: options.throttling ?? true });
  const source = hostSource(ecs);
  const trail = createTrail(kernel);
  const services: Readonly<Record<WorldService, Operations>> = {
    ecs: ecs.operations,
    elasticloadbalancing: elb.operations,
    servicediscovery: cloudMap.operations,
    ec2: ec2Operations(kernel, source),
    ssm: ssmOperations(source),
    cloudwatch: cloudWatch.operations,
    events: events.operations,
  };
  return {
    kernel,
    ecs,
    elb,
    applications,
    cloudMap,
    cloudWatch,
    events,
    throttle,
    call: (...[service, operation, input, caller]) => {
      const run = operationOf(services, service, operation);
      throttle.take(service, operation);
      const output = run(input as never);
      trail({ service, operation, input, caller });
      return output;
    },
    has: (service, operation) =>
      Object.hasOwn(services, service) && Object.hasOwn(services[service as WorldService], operation),
    advanceTo: kernel.advanceTo,
    nextAt: kernel.nextAt,
  };
}

function operationOf(
  services: Readonly<Record<WorldService, Operations>>,
  service: WorldService,
  operation: string,
): Operations[string] {
  const operations = services[service];
  const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (run !== undefined) return run;
  throw new AwsError(
    "UnknownOperationException",
    `${service} ${operation} is not modelled by the local AWS.`,
  );
}

/** EC2 and SSM look at the hosts that ECS's model owns. */
function hostSource(ecs: Ecs): HostSource {
  const toHost = (host: NonNullable<ReturnType<Ecs["host"]>>): WorldHost => ({
    hostId: host.ec2InstanceId,
    privateIp: host.privateIp,
    ipv6: host.ipv6,
    publicIp: host.publicIp,
    instanceType: host.instanceType,
    availabilityZone: host.availabilityZone,
  });
  return {
    hosts: () => [...ecs.hosts()].map(toHost),
    host: (id) => {
      const host = ecs.host(id);
      return host === undefined ? undefined : toHost(host);
    },
    networkInterface: (eniId) => ({ eniId, publicIp: ecs.publicIpOf(eniId) }),
  };
}
