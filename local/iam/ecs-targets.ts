// The ARNs that the input of an ECS call names, by resource type.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html

import type { Call, Place, TargetNamer } from "./target-names.ts";

const arnOf = ({ account, region }: Place, resource: string): string =>
  `arn:aws:ecs:${region}:${account}:${resource}`;

const lastPart = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

const namesIn = ({ input }: Call, ...members: readonly string[]): readonly string[] =>
  members.flatMap((member) => [input[member]].flat()).filter((value) => typeof value === "string");

/** Named, or taken from a longer ARN, or `default`. */
export function clusterNameOf(call: Call): string {
  const [given] = namesIn(call, "cluster", "clusterArn");
  if (given !== undefined) return lastPart(given);
  const [arn] = namesIn(
    call,
    "serviceDeploymentArns",
    "serviceDeploymentArn",
    "serviceRevisionArns",
    "serviceArn",
  );
  return arn?.split("/")[1] ?? "default";
}

const clusters: TargetNamer = (call, place) => {
  const named = namesIn(call, "clusters", "cluster", "clusterName");
  const names = named.length === 0 ? ["default"] : named;
  return names.map((name) => arnOf(place, `cluster/${lastPart(name)}`));
};

/** Things of a cluster, by id or by ARN. */
const within =
  (type: string, ...members: readonly string[]): TargetNamer =>
  (call, place) =>
    namesIn(call, ...members).map((name) =>
      name.startsWith("arn:") ? name : arnOf(place, `${type}/${clusterNameOf(call)}/${lastPart(name)}`),
    );

/** The service that a deployment or revision belongs to stands in its ARN. */
const services: TargetNamer = (call, place) => {
  const named = within("service", "service", "services", "serviceName", "serviceArn")(call, place);
  const parts = namesIn(call, "serviceDeploymentArn", "serviceDeploymentArns", "serviceRevisionArns");
  const owners = parts.map((arn) => arnOf(place, `service/${arn.split("/").slice(1, 3).join("/")}`));
  return named.length > 0 ? named : [...new Set(owners)];
};

/** ListTasks without an instance asks for all instances of the cluster, also on Fargate. */
const instances: TargetNamer = (call, place) => {
  const named = within("container-instance", "containerInstance", "containerInstances")(call, place);
  return named.length === 0 && call.operation === "ListTasks"
    ? [arnOf(place, `container-instance/${clusterNameOf(call)}/*`)]
    : named;
};

/** As given: a family without a revision is authorised on the family alone. */
const definitions: TargetNamer = (call, place) =>
  namesIn(call, "taskDefinition", "taskDefinitions").map((name) =>
    name.startsWith("arn:") ? name : arnOf(place, `task-definition/${name}`),
  );

/** A family gets its revision when it is registered. */
const registered: TargetNamer = (call, place) => [
  ...definitions(call, place),
  ...namesIn(call, "family").map((family) => arnOf(place, `task-definition/${family}:*`)),
];

/** A set that is to be created, and a listing without ids, are authorised on all sets of the service. */
const taskSets: TargetNamer = (call, place) => {
  const [service = "*"] = namesIn(call, "service").map(lastPart);
  const prefix = `task-set/${clusterNameOf(call)}/${service}`;
  const named = namesIn(call, "taskSet", "taskSets");
  return (named.length === 0 ? ["*"] : named).map((name) =>
    name.startsWith("arn:") ? name : arnOf(place, `${prefix}/${lastPart(name)}`),
  );
};

const providers: TargetNamer = (call, place) =>
  namesIn(call, "capacityProvider", "capacityProviders", "name").map((name) =>
    name.startsWith("arn:") ? name : arnOf(place, `capacity-provider/${name}`),
  );

export const ecsTargets: Readonly<Record<string, TargetNamer>> = {
  cluster: clusters,
  service: services,
  task: within("task", "task", "tasks"),
  "container-instance": instances,
  "task-definition": registered,
  "task-set": taskSets,
  "service-deployment": (call) => namesIn(call, "serviceDeploymentArn", "serviceDeploymentArns"),
  "service-revision": (call) => namesIn(call, "serviceRevisionArn", "serviceRevisionArns"),
  "capacity-provider": providers,
};
