// Attributes of an instance: Cloud Map's reserved ones, the ownership mark, and the user's own by
// template. The vocabulary is that of Prometheus' ecs_sd, so that its users find their labels:
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#ecs_sd_config

import { arnName, parseEcsArn, taskDefinitionParts } from "../../base/arn.ts";
import { fingerprint } from "../../base/fingerprint.ts";
import type { Reason } from "../../base/reasons.ts";
import { reason } from "../../base/reasons.ts";
import type { ContainerFact } from "../../contracts/facts.ts";
import type { RegistryPolicy } from "../../contracts/policy.ts";
import type { TemplateName } from "../../contracts/template-names.ts";
import type { Endpoint } from "./endpoint.ts";
import { containerOf } from "./endpoint.ts";
import type { TaskView } from "./observation.ts";

/** Names the installation and the key that wrote an instance; nobody else's are ever touched. */
export const OWNER_ATTRIBUTE = "fairlead.owner";

// https://docs.aws.amazon.com/cloud-map/latest/dg/cloud-map-limits.html and API_RegisterInstance
const MAX_CUSTOM_ATTRIBUTES = 30;
const MAX_VALUE_LENGTH = 1_024;
const MAX_TOTAL_LENGTH = 5_000;
/** Sent along on registration where the registry has custom health. */
const INIT_HEALTH_LENGTH = "AWS_INIT_HEALTH_STATUSUNHEALTHY".length;
const printable = /^[\x20-\x7e]*$/;

export interface InstanceSource {
  readonly view: TaskView;
  readonly policy: RegistryPolicy;
  readonly endpoint: Endpoint;
  readonly owner: string;
}

type Source = InstanceSource & { readonly container: ContainerFact | undefined };

const imageTag = (image: string | undefined): string | undefined => {
  const last = image?.slice(image.lastIndexOf("/") + 1);
  return last?.includes(":") && !last.includes("@") ? last.slice(last.indexOf(":") + 1) : undefined;
};

const networkMode = ({ fact, host }: TaskView): string => {
  if (fact.interfaces.length > 0) return "awsvpc";
  const bindings = fact.containers.flatMap((container) => container.bindings);
  if (host === undefined && bindings.length === 0) return "none";
  return bindings.every((binding) => binding.hostPort === binding.containerPort) ? "host" : "bridge";
};

const templates: Readonly<Record<TemplateName, (source: Source) => string | undefined>> = {
  cluster: ({ view }) => arnName(view.fact.clusterArn),
  cluster_arn: ({ view }) => view.fact.clusterArn,
  service: ({ view }) =>
    view.fact.group.startsWith("service:") ? view.fact.group.slice("service:".length) : undefined,
  task_group: ({ view }) => view.fact.group,
  task_arn: ({ view }) => view.fact.taskArn,
  task_id: ({ view }) => view.fact.taskId,
  task_definition: ({ view }) => arnName(view.fact.taskDefinitionArn),
  family: ({ view }) => taskDefinitionParts(view.fact.taskDefinitionArn).family,
  revision: ({ view }) => taskDefinitionParts(view.fact.taskDefinitionArn).revision,
  task_set_id: ({ view }) => view.fact.startedBy,
  ip_address: ({ endpoint }) => endpoint.ipv4 ?? endpoint.ipv6,
  public_ip: ({ view }) => view.publicIp ?? view.host?.publicIp,
  launch_type: ({ view }) => view.fact.launchType,
  capacity_provider: ({ view }) => view.fact.capacityProvider,
  desired_status: ({ view }) => view.fact.desiredStatus,
  last_status: ({ view }) => view.fact.lastStatus,
  health_status: ({ view }) => view.fact.health,
  platform_family: ({ view }) => view.fact.platformFamily,
  platform_version: ({ view }) => view.fact.platformVersion,
  subnet_id: ({ view }) => view.fact.interfaces[0]?.subnetId,
  availability_zone: ({ view }) => view.fact.availabilityZone ?? view.host?.availabilityZone,
  region: ({ view }) => parseEcsArn(view.fact.taskArn)?.region,
  account: ({ view }) => parseEcsArn(view.fact.taskArn)?.account,
  network_mode: ({ view }) => networkMode(view),
  container_instance_arn: ({ view }) => view.fact.containerInstanceArn,
  ec2_instance_id: ({ view }) => view.host?.ec2InstanceId,
  ec2_instance_type: ({ view }) => view.host?.instanceType,
  container_name: ({ container }) => container?.name,
  image: ({ container }) => container?.image,
  image_tag: ({ container }) => imageTag(container?.image),
  image_digest: ({ container }) => container?.digest,
  port: ({ endpoint }) => endpoint.port?.toString(),
  port_name: ({ policy }) => policy.portName,
  weight: ({ policy }) => policy.weight?.toString(),
};

const isTemplateName = (name: string): name is TemplateName => Object.hasOwn(templates, name);

function placeholderText(name: string, source: Source): string | undefined {
  if (name.startsWith("tag_")) return source.view.fact.tags?.[name.slice("tag_".length)];
  return isTemplateName(name) ? templates[name](source) : undefined;
}

const placeholder = /\{\{\s*([^}\s]+)\s*\}\}/g;

/** Whether a template needs the task's tags, which events do not carry. */
export const needsTags = (policy: RegistryPolicy): boolean =>
  Object.values(policy.attributes).some((template) => /\{\{\s*tag_/.test(template));

/** Whether a template needs facts of the container instance's host. */
export const needsHost = (policy: RegistryPolicy): boolean =>
  Object.values(policy.attributes).some((template) => /\{\{\s*ec2_/.test(template));

/** An unknown value renders as nothing; a value that becomes empty is left out. */
function render(template: string, source: Source): string {
  return template.replace(placeholder, (_whole, name: string) => placeholderText(name, source) ?? "");
}

function reserved({ endpoint }: InstanceSource): Record<string, string> {
  return {
    ...(endpoint.ipv4 === undefined ? {} : { AWS_INSTANCE_IPV4: endpoint.ipv4 }),
    ...(endpoint.ipv6 === undefined ? {} : { AWS_INSTANCE_IPV6: endpoint.ipv6 }),
    ...(endpoint.port === undefined ? {} : { AWS_INSTANCE_PORT: endpoint.port.toString() }),
  };
}

export interface Rendered {
  readonly attributes: Readonly<Record<string, string>>;
  /** Equal for equal attributes: a different one means that the instance must be registered again. */
  readonly hash: string;
  /** One for each custom attribute that had to be left out. */
  readonly problems: readonly Reason[];
}

/** Every attribute of one instance, within Cloud Map's limits. What does not fit is left out and named. */
export function renderAttributes(source: InstanceSource): Rendered {
  const container = containerOf(source.view, source.policy);
  const attributes: Record<string, string> = { ...reserved(source), [OWNER_ATTRIBUTE]: source.owner };
  const problems: Reason[] = [];
  const wanted = { ...source.policy.attributes };
  if (source.policy.weight !== undefined) wanted["weight"] ??= source.policy.weight.toString();
  let custom = 1;
  let total = INIT_HEALTH_LENGTH + lengthOf(attributes);
  for (const name of Object.keys(wanted).sort()) {
    const value = render(wanted[name] ?? "", { ...source, container });
    if (value === "") continue;
    const problem = unfit(name, value, { custom, total });
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    total += name.length + value.length;
    custom += 1;
    attributes[name] = value;
  }
  return { attributes, hash: hashOf(attributes), problems };
}

const lengthOf = (attributes: Readonly<Record<string, string>>): number =>
  Object.entries(attributes).reduce((sum, [name, value]) => sum + name.length + value.length, 0);

function unfit(name: string, value: string, used: { custom: number; total: number }): Reason | undefined {
  const say = (why: string) =>
    reason("attribute-left-out", `Attribute ${name} was left out: ${why}.`, { name });
  if (/^(AWS_|fairlead\.)/.test(name)) return say("names that begin with AWS_ or fairlead. are not free");
  if (value.length > MAX_VALUE_LENGTH)
    return say(`its value has ${value.length} characters, ${MAX_VALUE_LENGTH} are allowed`);
  if (!printable.test(value)) return say("its value has characters outside printable ASCII");
  if (used.custom >= MAX_CUSTOM_ATTRIBUTES) return say(`an instance has at most ${MAX_CUSTOM_ATTRIBUTES}`);
  if (used.total + name.length + value.length > MAX_TOTAL_LENGTH) {
    return say(`all names and values together have at most ${MAX_TOTAL_LENGTH} characters`);
  }
  return undefined;
}

/** Cloud Map consumes AWS_INIT_HEALTH_STATUS at registration, so it never takes part in the comparison. */
const NOT_COMPARED: ReadonlySet<string> = new Set(["AWS_INIT_HEALTH_STATUS"]);

/** Of attributes as sent or as listed: independent of their order. */
export function hashOf(attributes: Readonly<Record<string, string>>): string {
  const names = Object.keys(attributes).filter((name) => !NOT_COMPARED.has(name));
  return fingerprint(
    names
      .sort()
      .map((name) => `${name}=${attributes[name]}`)
      .join("\n"),
  ).slice(0, 16);
}
