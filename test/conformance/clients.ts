// The real SDK clients, called by service and operation name: a scenario is data and names its calls as text.

import * as cloudwatch from "@aws-sdk/client-cloudwatch";
import * as dynamodb from "@aws-sdk/client-dynamodb";
import * as ec2 from "@aws-sdk/client-ec2";
import * as ecs from "@aws-sdk/client-ecs";
import * as elbv2 from "@aws-sdk/client-elastic-load-balancing-v2";
import * as events from "@aws-sdk/client-eventbridge";
import * as servicediscovery from "@aws-sdk/client-servicediscovery";
import * as sqs from "@aws-sdk/client-sqs";
import type { ServiceName, ValueMap } from "./scenario.ts";

export const REGION = "us-east-1";
/** moto's own; the others are told. */
export const ACCOUNT = "123456789012";

interface AnyClient {
  send(command: object): Promise<object>;
  destroy(): void;
}

type Constructor<Argument, Made> = new (argument: Argument) => Made;

interface Source {
  readonly module: object;
  readonly client: string;
}

const SOURCES: Readonly<Record<ServiceName, Source>> = {
  ecs: { module: ecs, client: "ECSClient" },
  servicediscovery: { module: servicediscovery, client: "ServiceDiscoveryClient" },
  elbv2: { module: elbv2, client: "ElasticLoadBalancingV2Client" },
  cloudwatch: { module: cloudwatch, client: "CloudWatchClient" },
  events: { module: events, client: "EventBridgeClient" },
  sqs: { module: sqs, client: "SQSClient" },
  dynamodb: { module: dynamodb, client: "DynamoDBClient" },
  ec2: { module: ec2, client: "EC2Client" },
};

export interface Clients {
  call(call: string, input: ValueMap): Promise<object>;
  stop(): void;
}

const CALL_TIMEOUT_MS = 20_000;

export function clientsAt(endpoint: string): Clients {
  const clients = new Map<ServiceName, AnyClient>();
  const clientOf = (service: ServiceName): AnyClient => {
    const known = clients.get(service);
    if (known !== undefined) return known;
    const made = new (exported<object, AnyClient>(service, SOURCES[service].client))({
      endpoint,
      region: REGION,
      credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
      maxAttempts: 1,
      // DiscoverInstances would call `data-127.0.0.1`, SQS the host that a queue URL names.
      disableHostPrefix: true,
      useQueueUrlAsEndpoint: false,
      requestHandler: { requestTimeout: CALL_TIMEOUT_MS, throwOnRequestTimeout: true },
    });
    clients.set(service, made);
    return made;
  };
  return {
    call: async (call, input) => {
      const [service = "", operation = ""] = call.split(".");
      if (!isService(service)) throw new TypeError(`${call}: no such service`);
      const Command = exported<ValueMap, object>(service, `${operation}Command`);
      return clientOf(service).send(new Command(input));
    },
    stop: () => {
      for (const client of clients.values()) client.destroy();
    },
  };
}

const isService = (name: string): name is ServiceName => Object.hasOwn(SOURCES, name);

function exported<Argument, Made>(service: ServiceName, name: string): Constructor<Argument, Made> {
  const found = (SOURCES[service].module as Readonly<Record<string, unknown>>)[name];
  if (typeof found !== "function") throw new TypeError(`the ${service} client has no ${name}`);
  return found as Constructor<Argument, Made>;
}
