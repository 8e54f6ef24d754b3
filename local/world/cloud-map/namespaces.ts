// Namespaces: made and removed by asynchronous operations; shared ones belong to another account.

import type {
  CreateHttpNamespaceRequest,
  CreatePrivateDnsNamespaceRequest,
  CreatePublicDnsNamespaceRequest,
  DeleteNamespaceRequest,
  GetNamespaceRequest,
  GetNamespaceResponse,
  ListNamespacesRequest,
  ListNamespacesResponse,
  NamespaceFilter,
  NamespaceSummary,
  NamespaceType,
} from "@aws-sdk/client-servicediscovery";
import { AwsError } from "../kernel.ts";
import { MAX_NAMESPACES } from "./limits.ts";
import type { CloudMapState, NamespaceRecord } from "./model.ts";
import { invalidInput, namespaceOf, newId, resourceArn } from "./model.ts";
import type { Operator } from "./operations.ts";
import { pageOf } from "./page.ts";
import { setTags } from "./tags.ts";

type CreateRequest = CreateHttpNamespaceRequest & Partial<CreatePrivateDnsNamespaceRequest>;

export interface NamespaceDraft {
  readonly name: string;
  readonly type: NamespaceType;
  readonly owner?: string;
  readonly description?: string | undefined;
  readonly creatorRequestId?: string | undefined;
}

/** Adds a namespace at once: the effect of the operation, and the world's own way to set one up. */
export function addNamespace(state: CloudMapState, draft: NamespaceDraft, id?: string): NamespaceRecord {
  const { kernel } = state;
  const owner = draft.owner ?? kernel.account;
  const namespaceId = id ?? newId(kernel, "ns-");
  const namespace: NamespaceRecord = {
    id: namespaceId,
    arn: resourceArn(kernel, owner, `namespace/${namespaceId}`),
    owner,
    name: draft.name,
    type: draft.type,
    description: draft.description,
    creatorRequestId: draft.creatorRequestId,
    hostedZoneId: draft.type === "HTTP" ? undefined : newId(kernel, "Z", 13).toUpperCase(),
    createdAt: kernel.now(),
  };
  state.namespaces.set(namespaceId, namespace);
  return namespace;
}

export function namespaceOperations(state: CloudMapState, operator: Operator) {
  const creating = new Map<string, string>();
  const create = (type: NamespaceType) => (input: CreateRequest) =>
    createNamespace(state, operator, { type, input, creating });
  return {
    CreateHttpNamespace: create("HTTP") as (input: CreateHttpNamespaceRequest) => { OperationId: string },
    CreatePrivateDnsNamespace: create("DNS_PRIVATE") as (input: CreatePrivateDnsNamespaceRequest) => {
      OperationId: string;
    },
    CreatePublicDnsNamespace: create("DNS_PUBLIC") as (input: CreatePublicDnsNamespaceRequest) => {
      OperationId: string;
    },
    DeleteNamespace: (input: DeleteNamespaceRequest) => deleteNamespace(state, operator, input),
    GetNamespace: (input: GetNamespaceRequest): GetNamespaceResponse => {
      const namespace = namespaceOf(state, input.Id);
      return {
        Namespace: {
          ...summary(state, namespace),
          ...(namespace.creatorRequestId !== undefined && { CreatorRequestId: namespace.creatorRequestId }),
        },
      };
    },
    ListNamespaces: (input: ListNamespacesRequest) => listNamespaces(state, input),
  };
}

function createNamespace(
  state: CloudMapState,
  operator: Operator,
  request: {
    readonly type: NamespaceType;
    readonly input: CreateRequest;
    readonly creating: Map<string, string>;
  },
): { OperationId: string } {
  const { type, input, creating } = request;
  const { kernel } = state;
  const name = input.Name ?? "";
  if (name === "" || name.length > 1_024) throw invalidInput("Name is required, at most 1024 characters.");
  if (type === "DNS_PRIVATE" && !input.Vpc) throw invalidInput("Vpc is required.");
  const running = creating.get(name);
  if (running !== undefined) {
    throw new AwsError("DuplicateRequest", `Another operation is in progress: ${running}`, {
      fields: { DuplicateOperationId: running },
    });
  }
  const own = [...state.namespaces.values()].filter((namespace) => namespace.owner === kernel.account);
  const same = own.find((namespace) => namespace.name === name);
  if (same !== undefined) {
    throw new AwsError("NamespaceAlreadyExists", `Namespace ${name} already exists.`, {
      fields: { NamespaceId: same.id, CreatorRequestId: same.creatorRequestId ?? "" },
    });
  }
  if (own.length + creating.size >= MAX_NAMESPACES) {
    throw new AwsError("ResourceLimitExceeded", `At most ${MAX_NAMESPACES} namespaces are allowed.`);
  }
  const id = newId(kernel, "ns-");
  const draft = { name, type, description: input.Description, creatorRequestId: input.CreatorRequestId };
  const operation = operator.submit({
    type: "CREATE_NAMESPACE",
    owner: kernel.account,
    targets: { NAMESPACE: id },
    namespaceId: id,
    dns: type !== "HTTP",
    effect: () => setTags(state, addNamespace(state, draft, id).arn, input.Tags ?? []),
    settled: () => creating.delete(name),
  });
  creating.set(name, operation.id);
  return { OperationId: operation.id };
}

function deleteNamespace(state: CloudMapState, operator: Operator, input: DeleteNamespaceRequest): object {
  const namespace = namespaceOf(state, input.Id);
  if (serviceCount(state, namespace) > 0) {
    throw new AwsError("ResourceInUse", `Namespace ${namespace.id} still has services.`);
  }
  const operation = operator.submit({
    type: "DELETE_NAMESPACE",
    owner: namespace.owner,
    targets: { NAMESPACE: namespace.id },
    namespaceId: namespace.id,
    dns: namespace.type !== "HTTP",
    effect: () => state.namespaces.delete(namespace.id),
  });
  return { OperationId: operation.id };
}

const serviceCount = (state: CloudMapState, namespace: NamespaceRecord): number => {
  let count = 0;
  for (const service of state.services.values()) if (service.namespace.id === namespace.id) count += 1;
  return count;
};

function summary(state: CloudMapState, namespace: NamespaceRecord): NamespaceSummary {
  return {
    Id: namespace.id,
    Arn: namespace.arn,
    ResourceOwner: namespace.owner,
    Name: namespace.name,
    Type: namespace.type,
    ServiceCount: serviceCount(state, namespace),
    CreateDate: new Date(namespace.createdAt),
    ...(namespace.description !== undefined && { Description: namespace.description }),
    Properties: {
      HttpProperties: { HttpName: namespace.name },
      ...(namespace.hostedZoneId !== undefined && {
        DnsProperties: { HostedZoneId: namespace.hostedZoneId, SOA: { TTL: 15 } },
      }),
    },
  };
}

function listNamespaces(state: CloudMapState, input: ListNamespacesRequest): ListNamespacesResponse {
  const matching = [...state.namespaces.values()].filter((namespace) =>
    (input.Filters ?? []).every((filter) => matches(namespace, filter, state.kernel.account)),
  );
  const page = pageOf(matching, input, (namespace) => namespace.id);
  return { Namespaces: page.items.map((namespace) => summary(state, namespace)), ...page.next };
}

function matches(namespace: NamespaceRecord, filter: NamespaceFilter, account: string): boolean {
  const values = filter.Values ?? [];
  const test = (value: string): boolean =>
    filter.Condition === "BEGINS_WITH"
      ? values.some((prefix) => value.startsWith(prefix))
      : values.includes(value);
  switch (filter.Name) {
    case "NAME":
    case "HTTP_NAME":
      return test(namespace.name);
    case "TYPE":
      return test(namespace.type);
    case "RESOURCE_OWNER":
      return test(namespace.owner === account ? "SELF" : "OTHER_ACCOUNTS");
    default:
      throw invalidInput(`Filter name ${filter.Name} is not valid.`);
  }
}
