// The ARNs that the input of a Cloud Map call names: ids become ARNs, names and operations are looked up.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudmap.html

import type { Call, Input, Place, TargetNamer } from "./target-names.ts";

const arnOf = ({ account, region }: Place, type: string, id: string): string =>
  id.startsWith("arn:") ? id : `arn:aws:servicediscovery:${region}:${account}:${type}/${id}`;

const textOf = (input: Input, ...members: readonly string[]): string | undefined =>
  members.map((member) => input[member]).find((value) => typeof value === "string");

const listOf = (output: Input | undefined, member: string): readonly Input[] => {
  const list = output?.[member];
  return Array.isArray(list) ? (list as readonly Input[]) : [];
};

interface Found {
  readonly service: string | undefined;
  readonly namespace: string | undefined;
}

/** Discover* names both by their names. */
function discovered({ input }: Call, place: Place): Found {
  const names = JSON.stringify([input["NamespaceName"], input["ServiceName"]]);
  const known = remembered.get(place) ?? new Map<string, Found>();
  remembered.set(place, known);
  const before = known.get(names);
  if (before?.service !== undefined && isThere(before.service, place)) return before;
  const now = lookUpNames(input, place);
  known.set(names, now);
  return now;
}

/** Finding a service by its name costs a listing. */
const remembered = new WeakMap<Place, Map<string, Found>>();

const isThere = (service: string, { lookup }: Place): boolean =>
  lookup("servicediscovery", "GetService", { Id: service.slice(service.lastIndexOf("/") + 1) }) !== undefined;

function lookUpNames(input: Input, { lookup }: Place): Found {
  const equals = (Name: string, value: unknown) => ({
    Filters: [{ Name, Values: [value], Condition: "EQ" }],
  });
  const [namespace] = listOf(
    lookup("servicediscovery", "ListNamespaces", equals("NAME", input["NamespaceName"])),
    "Namespaces",
  );
  if (namespace === undefined) return { service: undefined, namespace: undefined };
  const filter = equals("NAMESPACE_ID", namespace["Id"]);
  let service: Input | undefined;
  let NextToken: string | undefined;
  do {
    const page = lookup("servicediscovery", "ListServices", { ...filter, ...(NextToken && { NextToken }) });
    service = listOf(page, "Services").find(({ Name }) => Name === input["ServiceName"]);
    NextToken = textOf(page ?? {}, "NextToken");
  } while (service === undefined && NextToken !== undefined);
  return { service: textOf(service ?? {}, "Arn"), namespace: textOf(namespace, "Arn") };
}

/** What an operation was about. */
function operated({ input }: Call, { lookup }: Place): Found {
  const operation = lookup("servicediscovery", "GetOperation", input)?.["Operation"] as Input | undefined;
  const targets = (operation?.["Targets"] ?? {}) as Input;
  const service = textOf(targets, "SERVICE");
  const record =
    service === undefined ? undefined : lookup("servicediscovery", "GetService", { Id: service });
  const owner = textOf((record?.["Service"] ?? {}) as Input, "NamespaceId");
  return { service, namespace: textOf(targets, "NAMESPACE") ?? owner };
}

function found(call: Call, place: Place): Found {
  if (call.operation.startsWith("Discover")) return discovered(call, place);
  if (call.operation === "GetOperation") return operated(call, place);
  const id = textOf(call.input, "Id");
  const isNamespace = call.operation.includes("Namespace");
  return {
    service: textOf(call.input, "ServiceId") ?? (isNamespace ? undefined : id),
    namespace: textOf(call.input, "NamespaceId") ?? (isNamespace ? id : undefined),
  };
}

/** What cannot be found, and what is only to be created, is authorised on all. */
const ALL = "*";

const services: TargetNamer = (call, place) => [arnOf(place, "service", found(call, place).service ?? ALL)];

const namespaces: TargetNamer = (call, place) => [
  arnOf(place, "namespace", found(call, place).namespace ?? ALL),
];

/** An operation on a namespace has no service. */
const optionalServices: TargetNamer = (call, place) =>
  call.operation === "GetOperation" && found(call, place).service === undefined ? [] : services(call, place);

export const cloudMapTargets: Readonly<Record<string, TargetNamer>> = {
  service: optionalServices,
  namespace: namespaces,
};
