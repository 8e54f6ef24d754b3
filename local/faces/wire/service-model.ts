// The wire's view of each modelled service: the runtime schemas that its own SDK client carries, loaded on
// first use because the EC2 client alone holds 3,300 of them.

import { XmlCodec } from "@aws-sdk/core/protocols";
import { NormalizedSchema } from "@smithy/core/schema";
import { AwsError } from "../../world/kernel.ts";
import type { ModelledService } from "./world-api.ts";

export type SchemaRef = Parameters<typeof NormalizedSchema.of>[0];

export interface OperationSchema {
  readonly name: string;
  readonly input: NormalizedSchema;
  readonly output: NormalizedSchema;
}

export interface PayloadCodec {
  read(schema: NormalizedSchema, value: unknown): object;
  write(schema: NormalizedSchema, value: object): string;
}

export interface ServiceModel {
  readonly service: ModelledService;
  readonly xmlNamespace: string;
  readonly json: PayloadCodec;
  /** Throws AwsError `UnknownOperationException` when AWS has no such operation. */
  operation(name: string): OperationSchema;
  /** A struct as the children of its own element; the caller names that element. */
  xml(schema: NormalizedSchema, value: object): string;
}

interface Source {
  readonly load: () => Promise<object>;
  readonly client: string;
  readonly xmlNamespace: string;
}

const SOURCES: Readonly<Record<ModelledService, Source>> = {
  ecs: { load: () => import("@aws-sdk/client-ecs"), client: "ECSClient", xmlNamespace: "" },
  servicediscovery: {
    load: () => import("@aws-sdk/client-servicediscovery"),
    client: "ServiceDiscoveryClient",
    xmlNamespace: "",
  },
  ssm: { load: () => import("@aws-sdk/client-ssm"), client: "SSMClient", xmlNamespace: "" },
  events: {
    load: () => import("@aws-sdk/client-eventbridge"),
    client: "EventBridgeClient",
    xmlNamespace: "",
  },
  cloudwatch: {
    load: () => import("@aws-sdk/client-cloudwatch"),
    client: "CloudWatchClient",
    xmlNamespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
  },
  elasticloadbalancing: {
    load: () => import("@aws-sdk/client-elastic-load-balancing-v2"),
    client: "ElasticLoadBalancingV2Client",
    xmlNamespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
  },
  ec2: {
    load: () => import("@aws-sdk/client-ec2"),
    client: "EC2Client",
    xmlNamespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
  },
};

const loaded = new Map<ModelledService, Promise<ServiceModel>>();

export function serviceModel(service: ModelledService): Promise<ServiceModel> {
  let model = loaded.get(service);
  if (model === undefined) {
    model = SOURCES[service].load().then((module) => modelOf(service, module as ClientModule));
    loaded.set(service, model);
  }
  return model;
}

type ClientModule = Readonly<Record<string, unknown>>;
/** `[9, namespace, name, traits, input, output]`. */
type StaticOperation = readonly [9, string, string, unknown, SchemaRef, SchemaRef];

const isOperation = (schema: unknown): schema is StaticOperation => Array.isArray(schema) && schema[0] === 9;

function modelOf(service: ModelledService, module: ClientModule): ServiceModel {
  const { xmlNamespace } = SOURCES[service];
  return {
    service,
    xmlNamespace,
    json: jsonCodec(service, module),
    operation: (name) => {
      const schema = module[`${name}$`];
      if (!isOperation(schema)) throw new AwsError("UnknownOperationException", `unknown operation ${name}`);
      return { name, input: NormalizedSchema.of(schema[4]), output: NormalizedSchema.of(schema[5]) };
    },
    xml: (schema, value) => xmlBody(schema, { value, xmlNamespace }),
  };
}

interface JsonProtocol {
  getPayloadCodec(): {
    createSerializer(): { write(schema: SchemaRef, value: unknown): void; flush(): string | Uint8Array };
    createDeserializer(): { readObject(schema: SchemaRef, value: unknown): unknown };
  };
}

type ClientConstructor = new (config: object) => { readonly config: { readonly protocol: JsonProtocol } };

/** The client's own codec, so that a change of its settings cannot part us from it. */
function jsonCodec(service: ModelledService, module: ClientModule): PayloadCodec {
  const Client = module[SOURCES[service].client] as ClientConstructor;
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const { protocol } = new Client({ region: "us-east-1", credentials }).config;
  return {
    read: (schema, value) =>
      protocol.getPayloadCodec().createDeserializer().readObject(schema, value) as object,
    write: (schema, value) => {
      if (schema.isUnitSchema()) return "{}";
      const serializer = protocol.getPayloadCodec().createSerializer();
      serializer.write(schema, value);
      return textOf(serializer.flush());
    },
  };
}

const textOf = (flushed: string | Uint8Array): string =>
  typeof flushed === "string" ? flushed : new TextDecoder().decode(flushed);

function xmlBody(schema: NormalizedSchema, given: { value: object; xmlNamespace: string }): string {
  if (schema.isUnitSchema()) return "";
  const { xmlNamespace } = given;
  const settings = { timestampFormat: { useTrait: true, default: 5 as const } };
  const codec = new XmlCodec({ ...settings, httpBindings: false, xmlNamespace, serviceNamespace: "" });
  const serializer = codec.createSerializer();
  serializer.write(schema, given.value);
  const text = textOf(serializer.flush());
  const open = text.indexOf(">");
  if (text.at(open - 1) === "/") return "";
  return text.slice(open + 1, text.lastIndexOf("</"));
}
