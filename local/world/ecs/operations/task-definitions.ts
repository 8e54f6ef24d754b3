// RegisterTaskDefinition, DescribeTaskDefinition, DeregisterTaskDefinition.

import type {
  ContainerDefinition,
  DeregisterTaskDefinitionRequest,
  DeregisterTaskDefinitionResponse,
  DescribeTaskDefinitionRequest,
  DescribeTaskDefinitionResponse,
  RegisterTaskDefinitionRequest,
  RegisterTaskDefinitionResponse,
  TaskDefinition,
} from "@aws-sdk/client-ecs";
import { AwsError } from "../../kernel.ts";
import type { EcsContext } from "../context.ts";
import { findDefinition, invalid } from "../lookup.ts";
import type { ContainerTemplate, TaskDefinitionRecord } from "../model.ts";
import { imageDigest } from "../tasks.ts";

const clientError = (message: string): AwsError => new AwsError("ClientException", message);

/** `256`, `.25 vCPU`, `512`, `1 GB`: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size */
function size(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^\s*([\d.]+)\s*(vcpu|gb)?\s*$/i.exec(text);
  if (match === null) throw clientError(`Invalid 'cpu' or 'memory' setting for task: ${text}`);
  return match[2] === undefined ? Number(match[1]) : Math.round(Number(match[1]) * 1_024);
}

function templateOf(definition: ContainerDefinition): ContainerTemplate {
  const { name, image } = definition;
  if (name === undefined || image === undefined) {
    throw clientError("Container.name and Container.image should not be null or empty.");
  }
  return {
    definition,
    name,
    image,
    digest: imageDigest(image),
    essential: definition.essential ?? true,
    cpu: String(definition.cpu ?? 0),
    ...(definition.memory !== undefined && { memory: String(definition.memory) }),
    ...(definition.memoryReservation !== undefined && {
      memoryReservation: String(definition.memoryReservation),
    }),
  };
}

function check(
  input: RegisterTaskDefinitionRequest,
): asserts input is RegisterTaskDefinitionRequest & { family: string } {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(input.family ?? ""))
    throw clientError("Family contains invalid characters.");
  if ((input.containerDefinitions ?? []).length === 0) throw clientError("Container list cannot be empty.");
  const fargate = input.requiresCompatibilities?.includes("FARGATE") === true;
  if (!fargate) return;
  if (input.networkMode !== "awsvpc") throw clientError("Fargate only supports network mode ‘awsvpc’.");
  if (input.cpu === undefined || input.memory === undefined) {
    throw clientError("Fargate requires that 'cpu' and 'memory' be defined at the task level.");
  }
}

/** Windows' default network is named `default` here and left out of the API's answers: API_RegisterTaskDefinition. */
function networkModeOf(input: RegisterTaskDefinitionRequest): TaskDefinitionRecord["networkMode"] {
  if (input.networkMode !== undefined) return input.networkMode;
  const windows = input.runtimePlatform?.operatingSystemFamily?.startsWith("WINDOWS") === true;
  return windows ? "default" : "bridge";
}

function register(context: EcsContext, input: RegisterTaskDefinitionRequest): TaskDefinitionRecord {
  check(input);
  const revisions = context.definitions.get(input.family) ?? [];
  const revision = revisions.length + 1;
  const containers = (input.containerDefinitions ?? []).map(templateOf);
  const sum = (pick: (one: ContainerDefinition) => number | undefined): number =>
    containers.reduce((total, { definition }) => total + (pick(definition) ?? 0), 0);
  const record: TaskDefinitionRecord = {
    arn: context.kernel.arn("ecs", `task-definition/${input.family}:${revision}`),
    family: input.family,
    revision,
    networkMode: networkModeOf(input),
    request: input,
    containers,
    cpu: size(input.cpu) ?? sum(({ cpu }) => cpu),
    memory: size(input.memory) ?? sum(({ memory, memoryReservation }) => memoryReservation ?? memory),
    checksHealth: containers.some(
      ({ essential, definition }) => essential && definition.healthCheck !== undefined,
    ),
    registeredAt: context.kernel.now(),
    status: "ACTIVE",
  };
  context.definitions.set(input.family, [...revisions, record]);
  if (input.tags !== undefined) context.tagsByArn.set(record.arn, input.tags);
  return record;
}

/**
 * With what AWS fills in: ports are TCP, a port of a network that is not the host's own is free (0) or the
 * container's: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
 */
function containerView(record: TaskDefinitionRecord, { definition, essential }: ContainerTemplate) {
  const isOwnPort = record.networkMode === "awsvpc" || record.networkMode === "host";
  const portMappings = (definition.portMappings ?? []).map((port) => ({
    ...port,
    ...(port.containerPort !== undefined && {
      hostPort: port.hostPort ?? (isOwnPort ? port.containerPort : 0),
    }),
    protocol: port.protocol ?? ("tcp" as const),
  }));
  return { ...definition, essential, portMappings };
}

function describe(record: TaskDefinitionRecord): TaskDefinition {
  const { tags: _tags, ...request } = record.request;
  return {
    ...request,
    containerDefinitions: record.containers.map((container) => containerView(record, container)),
    taskDefinitionArn: record.arn,
    revision: record.revision,
    status: record.status,
    ...(record.networkMode !== "default" && { networkMode: record.networkMode }),
    compatibilities: record.networkMode === "awsvpc" ? ["EC2", "FARGATE"] : ["EXTERNAL", "EC2"],
    registeredAt: new Date(record.registeredAt),
    ...(record.deregisteredAt !== undefined && { deregisteredAt: new Date(record.deregisteredAt) }),
    volumes: request.volumes ?? [],
    placementConstraints: request.placementConstraints ?? [],
  };
}

export const taskDefinitionOperations = (context: EcsContext) => ({
  RegisterTaskDefinition(input: RegisterTaskDefinitionRequest): RegisterTaskDefinitionResponse {
    return { taskDefinition: describe(register(context, input)), tags: input.tags ?? [] };
  },

  DescribeTaskDefinition(input: DescribeTaskDefinitionRequest): DescribeTaskDefinitionResponse {
    const record = findDefinition(context, input.taskDefinition ?? "");
    if (record === undefined) throw clientError("Unable to describe task definition.");
    const tags =
      input.include?.includes("TAGS") === true ? [...(context.tagsByArn.get(record.arn) ?? [])] : [];
    return { taskDefinition: describe(record), tags };
  },

  DeregisterTaskDefinition(input: DeregisterTaskDefinitionRequest): DeregisterTaskDefinitionResponse {
    if (!/:\d+$/.test(input.taskDefinition ?? "")) throw invalid("Invalid revision number.");
    const record = findDefinition(context, input.taskDefinition ?? "");
    if (record === undefined) throw clientError("The specified task definition does not exist.");
    record.status = "INACTIVE";
    record.deregisteredAt = context.kernel.now();
    return { taskDefinition: describe(record) };
  },
});
