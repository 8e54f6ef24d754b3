// A Cloud Map with one namespace and one service, for the tests of this folder.

import { epochMs } from "../../../shared/base/time.ts";
import { checkedOperations } from "../../models/answer-check.ts";
import type { AwsError, Timeline } from "../kernel.ts";
import { createKernel } from "../kernel.ts";
import type { CloudMap } from "./cloud-map.ts";
import { createCloudMap } from "./cloud-map.ts";

export interface Found {
  readonly Instances: readonly { readonly InstanceId: string }[];
}

export interface Fixture {
  readonly kernel: Timeline;
  readonly cloudMap: CloudMap;
  readonly serviceId: string;
  call<T = Record<string, unknown>>(operation: string, input: object): T;
  pass(ms: number): void;
  refusal(operation: string, input: object): AwsError;
  register(instanceId: string, attributes?: Record<string, string>, requestId?: string): string;
  status(operationId: string): string;
}

export function fixture(service: Partial<Parameters<CloudMap["addService"]>[0]> = {}): Fixture {
  const kernel = createKernel({ seed: 1, startAt: epochMs(Date.UTC(2026, 10, 22)) });
  const cloudMap = createCloudMap(kernel, { addressOf: (id) => (id === "i-1" ? "10.0.0.9" : undefined) });
  const namespace = cloudMap.addNamespace({ name: "shop", type: service.dns ? "DNS_PRIVATE" : "HTTP" });
  const { id: serviceId } = cloudMap.addService({ namespaceId: namespace.id, name: "web", ...service });
  const operations = checkedOperations("servicediscovery", cloudMap.operations);
  const call: Fixture["call"] = (operation, input) => operations[operation]?.(input as never) as never;
  const refusal: Fixture["refusal"] = (operation, input) => {
    try {
      call(operation, input);
    } catch (error) {
      return error as AwsError;
    }
    throw new Error(`${operation} was not refused`);
  };
  return {
    kernel,
    cloudMap,
    serviceId,
    call,
    refusal,
    pass: (ms) => kernel.advanceTo(epochMs(kernel.now() + ms)),
    register: (InstanceId, attributes, CreatorRequestId) =>
      call<{ OperationId: string }>("RegisterInstance", {
        ServiceId: serviceId,
        InstanceId,
        Attributes: attributes ?? { AWS_INSTANCE_IPV4: "10.0.0.1" },
        CreatorRequestId,
      }).OperationId,
    status: (OperationId) =>
      call<{ Operation: { Status: string } }>("GetOperation", { OperationId }).Operation.Status,
  };
}

export const names = { NamespaceName: "shop", ServiceName: "web" };
