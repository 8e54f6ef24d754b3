// RegistryReader and RegistryWriter over Cloud Map.

import type { ListInstancesCommandOutput, Operation, Service } from "@aws-sdk/client-servicediscovery";
import {
  DeregisterInstanceCommand,
  DiscoverInstancesRevisionCommand,
  GetNamespaceCommand,
  GetOperationCommand,
  GetServiceCommand,
  ListInstancesCommand,
  ListTagsForResourceCommand,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
  UpdateInstanceCustomHealthStatusCommand,
} from "@aws-sdk/client-servicediscovery";
import { AppError, isCode } from "../../base/errors.ts";
import { minutes } from "../../base/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  OperationStatus,
  RegistryInstance,
  RegistryReader,
  RegistrySettings,
  RegistryWriter,
} from "../../ports/registry.ts";
import { createCache } from "./cache.ts";
import type { AwsClient, Paced } from "./client.ts";
import { CONTROL_PLANE, clientOptions, send } from "./client.ts";

/** ListInstances' and ListTasks' page: 100 is the most. */
const PAGE_SIZE = 100;
/** Health check and record types cannot change without a new service; the ECS mark is set on creation. */
const SETTINGS_TTL_MS = minutes(5);
const MAX_CACHED_SETTINGS = 10_000;
/** Service Connect's mark: https://github.com/aws/containers-roadmap/issues/2560 */
const ECS_MANAGED_TAG = "AmazonECSManaged";

export const createCloudMapClient = (environment: Readonly<Record<string, string | undefined>>): AwsClient =>
  new ServiceDiscoveryClient(clientOptions(CONTROL_PLANE, environment));

export function createRegistryReader(to: Paced & { readonly clock: Clock }): RegistryReader {
  const cache = createCache<RegistrySettings>({
    clock: to.clock,
    ttlMs: SETTINGS_TTL_MS,
    max: MAX_CACHED_SETTINGS,
  });
  return {
    settings: async (service) => {
      const known = cache.get(service);
      if (known !== undefined) return known;
      const settings = await readSettings(to, service);
      cache.set(service, settings);
      return settings;
    },
    instances: (service) => listInstances(to, service),
    operation: async (operationId, service) => {
      const owner = ownerOf(service);
      const command = new GetOperationCommand({
        OperationId: operationId,
        ...(owner !== undefined && { OwnerAccount: owner }),
      });
      const output = await send(to, command);
      return statusOf(output.Operation ?? {});
    },
    revision: async (settings) => {
      const owner = ownerOf(settings.serviceId);
      const output = await send(
        to,
        new DiscoverInstancesRevisionCommand({
          NamespaceName: settings.namespaceName,
          ServiceName: settings.name,
          ...(owner !== undefined && { OwnerAccount: owner }),
        }),
      );
      return output.InstancesRevision ?? 0;
    },
  };
}

async function readSettings(to: Paced, id: string): Promise<RegistrySettings> {
  const { Service: service } = await send(to, new GetServiceCommand({ Id: id }));
  if (service === undefined) throw new AppError("missing", `GetService: ${id}: no service in the answer`);
  const namespaceName = await namespaceNameOf(to, service);
  return {
    serviceId: id,
    name: service.Name ?? "",
    customHealth: service.HealthCheckCustomConfig !== undefined,
    ecsManaged: await isEcsManaged(to, service, id),
    recordTypes: (service.DnsConfig?.DnsRecords ?? []).flatMap(({ Type }) => Type ?? []),
    ...(namespaceName !== undefined && { namespaceName }),
  };
}

async function namespaceNameOf(to: Paced, service: Service): Promise<string | undefined> {
  const id = service.NamespaceId;
  if (id === undefined) return undefined;
  return (await send(to, new GetNamespaceCommand({ Id: namespaceRef(id, service.Arn) }))).Namespace?.Name;
}

/** A namespace of another account is known by its ARN alone: it differs from its service's in the last part. */
const namespaceRef = (id: string, serviceArn: string | undefined): string =>
  serviceArn === undefined ? id : serviceArn.replace(/:service\/.*$/, `:namespace/${id}`);

async function isEcsManaged(to: Paced, service: Service, id: string): Promise<boolean> {
  if (service.Arn === undefined) return false;
  try {
    const output = await send(to, new ListTagsForResourceCommand({ ResourceARN: service.Arn }));
    return (output.Tags ?? []).some(({ Key, Value }) => Key === ECS_MANAGED_TAG && Value === "true");
  } catch (error) {
    // Only its owner may read the tags of a shared service; there the instances' ownership mark decides.
    if (isCode(error, "denied") && ownerOf(id) !== undefined) return false;
    throw error;
  }
}

/** Shared services are named by ARN; discovery then wants the account that owns them. */
const ownerOf = (service: string): string | undefined =>
  service.startsWith("arn:") ? service.split(":")[4] : undefined;

async function listInstances(to: Paced, service: string): Promise<readonly RegistryInstance[]> {
  const instances: RegistryInstance[] = [];
  let next: string | undefined;
  do {
    const page = {
      ServiceId: service,
      MaxResults: PAGE_SIZE,
      ...(next !== undefined && { NextToken: next }),
    };
    const output: ListInstancesCommandOutput = await send(to, new ListInstancesCommand(page));
    for (const { Id, Attributes = {} } of output.Instances ?? []) {
      if (Id !== undefined) instances.push({ instanceId: Id, attributes: Attributes });
    }
    next = output.NextToken;
  } while (next !== undefined);
  return instances;
}

function statusOf(operation: Operation): OperationStatus {
  if (operation.Status === "SUCCESS") return { status: "success" };
  if (operation.Status !== "FAIL") return { status: "pending" };
  return { status: "failed", code: operation.ErrorCode ?? "UNKNOWN", message: operation.ErrorMessage ?? "" };
}

export function createRegistryWriter(to: Paced): RegistryWriter {
  return {
    register: async (input) => {
      const command = new RegisterInstanceCommand({
        ServiceId: input.service,
        InstanceId: input.instanceId,
        CreatorRequestId: input.requestId,
        Attributes: { ...input.attributes },
      });
      return operationIdOf(await send(to, command));
    },
    deregister: async (service, instanceId) => {
      try {
        const command = new DeregisterInstanceCommand({ ServiceId: service, InstanceId: instanceId });
        return operationIdOf(await send(to, command));
      } catch (error) {
        // A missing service stays an error: the policy names something that is not there.
        if (isCode(error, "missing") && error.detail["name"] === "InstanceNotFound") return undefined;
        throw error;
      }
    },
    setHealth: async (service, instanceId, health) => {
      const command = new UpdateInstanceCustomHealthStatusCommand({
        ServiceId: service,
        InstanceId: instanceId,
        Status: health,
      });
      await send(to, command);
    },
  };
}

function operationIdOf(output: { readonly OperationId?: string | undefined }): string {
  if (output.OperationId === undefined)
    throw new AppError("transient", "Cloud Map answered without an OperationId");
  return output.OperationId;
}
