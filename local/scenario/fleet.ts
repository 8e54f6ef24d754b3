// The demo fleet: three services, one for each way a task gets its address. Everything that AWS has an API
// for is created through that API; only hosts are put into the world directly.

import { readFile } from "node:fs/promises";
import {
  CreateServiceCommand as CreateEcsServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  CreateHttpNamespaceCommand,
  CreateServiceCommand,
  GetOperationCommand,
  ServiceDiscoveryClient,
} from "@aws-sdk/client-servicediscovery";
import { AppError } from "../../shared/base/errors.ts";
import type { Scope } from "../../shared/base/keys.ts";
import { seconds } from "../../shared/base/time.ts";
import { parseManifest } from "../../shared/contracts/manifest.ts";
import type { Policies } from "../../shared/shell/operator.ts";
import type { EcsOptions } from "../world/ecs/ecs.ts";
import type { ElbOptions } from "../world/elb/context.ts";
import type { World } from "../world/world.ts";
import type { FrontDoor } from "./front-door.ts";
import { pause } from "./wall-time.ts";

export const CLUSTER = "demo";
const NAMESPACE = "demo";
const MANIFEST = new URL("./fleet.yaml", import.meta.url);

/**
 * Only the start and the final clean-up of Fargate tasks are shorter than in the world's defaults (24 s to
 * RUNNING), so that a demo takes a minute. Nothing between an event and the registry is changed.
 */
export const DEMO_ECS: EcsOptions = {
  clusters: [CLUSTER],
  // Four shifts in each rollout, of 30 s each in the model: ECS's own waiting, not Fairlead's.
  shiftMs: seconds(3),
  fargateDwell: {
    provisioning: { minMs: 700, maxMs: 1_500 },
    pending: { minMs: 400, maxMs: 1_200 },
    activating: { minMs: 400, maxMs: 1_200 },
    deprovisioning: { minMs: 1_000, maxMs: 3_000 },
  },
};

/**
 * Load balancers are ready at once, not after minutes, and follow a rule within half a second, not 15 s: AWS's own
 * delay is neither documented nor Fairlead's. Targets keep the model's own delays.
 */
export const DEMO_ELB: ElbOptions = {
  provisioning: { minMs: 0, maxMs: 0 },
  propagation: { minMs: 200, maxMs: 500 },
};

export interface DemoService {
  readonly name: "web" | "api" | "edge";
  readonly kind: string;
  readonly containerPort: number;
  /** The Cloud Map service that its tasks belong into. */
  readonly registryId: string;
}

interface Blueprint extends Omit<DemoService, "registryId"> {
  readonly launchType: "FARGATE" | "EC2" | "EXTERNAL";
  readonly desiredCount: number;
}

const BLUEPRINTS: readonly Blueprint[] = [
  { name: "web", kind: "Fargate awsvpc", launchType: "FARGATE", containerPort: 8080, desiredCount: 3 },
  { name: "api", kind: "EC2 bridge", launchType: "EC2", containerPort: 9000, desiredCount: 4 },
  { name: "edge", kind: "ECS Anywhere", launchType: "EXTERNAL", containerPort: 7000, desiredCount: 2 },
];

/** ECS's shortest. */
const HEALTH_CHECK_SECONDS = 5;

/** EC2 hosts of `api`, one in each zone; hosts outside of AWS for `edge`. */
const EC2_HOSTS = 3;
const EXTERNAL_HOSTS = 2;

export interface Clients {
  readonly ecs: ECSClient;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly cloudMap: ServiceDiscoveryClient;
}

export function demoClients(endpoint: string, region: string): Clients {
  const credentials = { accessKeyId: "scenario", secretAccessKey: "scenario" };
  const options = { endpoint, region, credentials, disableHostPrefix: true };
  return {
    ecs: new ECSClient(options),
    elb: new ElasticLoadBalancingV2Client(options),
    cloudMap: new ServiceDiscoveryClient(options),
  };
}

/** The registries: Fairlead does not create them, they are the user's. */
export async function createRegistries({ cloudMap }: Clients): Promise<readonly DemoService[]> {
  const { OperationId } = await cloudMap.send(new CreateHttpNamespaceCommand({ Name: NAMESPACE }));
  const NamespaceId = await namespaceOf(cloudMap, OperationId);
  const created: DemoService[] = [];
  for (const { name, kind, containerPort } of BLUEPRINTS) {
    const { Service } = await cloudMap.send(new CreateServiceCommand({ Name: name, NamespaceId }));
    created.push({ name, kind, containerPort, registryId: Service?.Id ?? "" });
  }
  return created;
}

const POLL_MS = 100;
const MAX_POLLS = 100;

async function namespaceOf(
  cloudMap: ServiceDiscoveryClient,
  OperationId: string | undefined,
): Promise<string> {
  for (let poll = 0; poll < MAX_POLLS; poll += 1) {
    const { Operation } = await cloudMap.send(new GetOperationCommand({ OperationId }));
    const id = Operation?.Targets?.["NAMESPACE"];
    if (Operation?.Status === "SUCCESS" && id !== undefined) return id;
    await pause(POLL_MS);
  }
  throw new AppError("transient", `Cloud Map did not create the namespace ${NAMESPACE} in time`);
}

/** The shipped manifest with the ids of the registries that were just created. */
export async function demoPolicies(services: readonly DemoService[], scope: Scope): Promise<Policies> {
  let text = await readFile(MANIFEST, "utf8");
  for (const { name, registryId } of services) text = text.replaceAll(`srv-${name}`, registryId);
  return parseManifest(text, "fleet.yaml", scope).policies;
}

export function addHosts(world: World): void {
  for (let host = 0; host < EC2_HOSTS; host += 1) world.ecs.registerContainerInstance({ cluster: CLUSTER });
  for (let host = 0; host < EXTERNAL_HOSTS; host += 1) {
    world.ecs.registerContainerInstance({ cluster: CLUSTER, kind: "EXTERNAL", instanceType: "on-premises" });
  }
}

/** `web` gets its requests through the load balancer. */
export async function createServices({ ecs }: Clients, { targetGroupArn }: FrontDoor): Promise<void> {
  for (const blueprint of BLUEPRINTS) {
    await ecs.send(new RegisterTaskDefinitionCommand(definitionOf(blueprint)));
    await ecs.send(
      new CreateEcsServiceCommand({ ...serviceOf(blueprint), ...balanced(blueprint, targetGroupArn) }),
    );
  }
}

function definitionOf({ name, launchType, containerPort }: Blueprint) {
  const isFargate = launchType === "FARGATE";
  return {
    family: name,
    networkMode: isFargate ? ("awsvpc" as const) : ("bridge" as const),
    requiresCompatibilities: [launchType],
    ...(isFargate && { cpu: "256", memory: "512" }),
    containerDefinitions: [
      {
        name: "app",
        image: `example/${name}:1`,
        cpu: 256,
        memory: 512,
        essential: true,
        portMappings: [{ containerPort, protocol: "tcp" as const }],
        // Without one a task counts as healthy 40 s after it runs, and a draining host is emptied that slowly.
        healthCheck: {
          // Where the task really listens: see local/images/images.ts.
          command: [
            "CMD-SHELL",
            "wget -q -O- http://$HOST:$PORT/health || curl -fs http://$HOST:$PORT/health",
          ],
          interval: HEALTH_CHECK_SECONDS,
        },
      },
    ],
  };
}

const balanced = ({ name, containerPort }: Blueprint, targetGroupArn: string) =>
  name === "web" && {
    healthCheckGracePeriodSeconds: 30,
    loadBalancers: [{ targetGroupArn, containerName: "app", containerPort }],
  };

const serviceOf = ({ name, launchType, desiredCount }: Blueprint) => ({
  cluster: CLUSTER,
  serviceName: name,
  taskDefinition: name,
  desiredCount,
  launchType,
  ...(launchType === "FARGATE" && {
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1", "subnet-2", "subnet-3"] } },
  }),
});
