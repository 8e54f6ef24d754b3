// What Cloud Map refuses about an instance: ids, reserved attributes by the service's records, custom
// attributes by their limits. https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html

import { isIPv4, isIPv6 } from "node:net";
import type { RegisterInstanceRequest } from "@aws-sdk/client-servicediscovery";
import {
  MAX_ATTRIBUTE_KEY_LENGTH,
  MAX_ATTRIBUTE_VALUE_LENGTH,
  MAX_ATTRIBUTES_LENGTH,
  MAX_CUSTOM_ATTRIBUTES,
  MAX_INSTANCE_ID_LENGTH,
  MAX_REQUEST_ID_LENGTH,
} from "./limits.ts";
import type { ServiceRecord } from "./model.ts";
import { invalidInput } from "./model.ts";

type Attributes = Readonly<Record<string, string>>;

const instanceIdPattern = /^[0-9a-zA-Z_/:.@-]+$/;
// The model's own patterns (AttrKey, AttrValue).
const keyPattern = /^[a-zA-Z0-9!-~]+$/;
const valuePattern = /^([a-zA-Z0-9!-~][ \ta-zA-Z0-9!-~]*)?[a-zA-Z0-9!-~]?$/;
const reserved: ReadonlySet<string> = new Set([
  "AWS_ALIAS_DNS_NAME",
  "AWS_EC2_INSTANCE_ID",
  "AWS_INIT_HEALTH_STATUS",
  "AWS_INSTANCE_CNAME",
  "AWS_INSTANCE_IPV4",
  "AWS_INSTANCE_IPV6",
  "AWS_INSTANCE_PORT",
]);

const require = (condition: boolean, message: string): void => {
  if (!condition) throw invalidInput(message);
};

export function validateInstanceId(id: string | undefined): string {
  require(typeof id === "string" && id !== "", "InstanceId is required.");
  const text = id as string;
  require(text.length <=
    MAX_INSTANCE_ID_LENGTH, `InstanceId is longer than ${MAX_INSTANCE_ID_LENGTH} characters.`);
  require(instanceIdPattern.test(text), "InstanceId must match ^[0-9a-zA-Z_/:.@-]+$.");
  return text;
}

export function validateRegistration(service: ServiceRecord, input: RegisterInstanceRequest): Attributes {
  validateInstanceId(input.InstanceId);
  const requestId = input.CreatorRequestId ?? "";
  require(requestId.length <=
    MAX_REQUEST_ID_LENGTH, `CreatorRequestId is longer than ${MAX_REQUEST_ID_LENGTH} characters.`);
  const attributes = input.Attributes;
  require(attributes !== undefined && attributes !== null, "Attributes is required.");
  const given = attributes as Attributes;
  validateSizes(given);
  validateReserved(service, given);
  validateRecords(service, given);
  return { ...given };
}

function validateSizes(attributes: Attributes): void {
  let length = 0;
  let custom = 0;
  for (const [key, value] of Object.entries(attributes)) {
    require(key.length <=
      MAX_ATTRIBUTE_KEY_LENGTH, `Attribute key is longer than ${MAX_ATTRIBUTE_KEY_LENGTH}.`);
    require(keyPattern.test(key), `Attribute key "${key}" holds a character that is not allowed.`);
    require(typeof value === "string", `Attribute ${key} has no value.`);
    require(value.length <=
      MAX_ATTRIBUTE_VALUE_LENGTH, `Attribute ${key} is longer than ${MAX_ATTRIBUTE_VALUE_LENGTH}.`);
    require(valuePattern.test(value), `Attribute ${key} holds a character that is not allowed.`);
    length += key.length + value.length;
    if (!reserved.has(key)) custom += 1;
  }
  require(custom <= MAX_CUSTOM_ATTRIBUTES, `At most ${MAX_CUSTOM_ATTRIBUTES} custom attributes are allowed.`);
  require(length <= MAX_ATTRIBUTES_LENGTH, `Attributes are larger than ${MAX_ATTRIBUTES_LENGTH} characters.`);
}

function validateReserved(service: ServiceRecord, attributes: Attributes): void {
  const names = Object.keys(attributes);
  for (const name of names) {
    require(!name.startsWith("AWS_") || reserved.has(name), `Attribute ${name} is reserved and not known.`);
  }
  const health = attributes["AWS_INIT_HEALTH_STATUS"];
  if (health !== undefined) {
    require(service.customHealth, "AWS_INIT_HEALTH_STATUS needs a HealthCheckCustomConfig.");
    require(health === "HEALTHY" ||
      health === "UNHEALTHY", "AWS_INIT_HEALTH_STATUS must be HEALTHY or UNHEALTHY.");
  }
  if (attributes["AWS_EC2_INSTANCE_ID"] !== undefined) {
    require(service.namespace.type === "HTTP", "AWS_EC2_INSTANCE_ID is for HTTP namespaces only.");
    const others = names.filter(
      (name) => name !== "AWS_EC2_INSTANCE_ID" && name !== "AWS_INIT_HEALTH_STATUS",
    );
    require(others.length ===
      0, `With AWS_EC2_INSTANCE_ID no other attribute is allowed, found ${others.join(", ")}.`);
  }
  validateAddresses(attributes);
}

function validateAddresses(attributes: Attributes): void {
  const ipv4 = attributes["AWS_INSTANCE_IPV4"];
  const ipv6 = attributes["AWS_INSTANCE_IPV6"];
  const port = attributes["AWS_INSTANCE_PORT"];
  require(ipv4 === undefined || isIPv4(ipv4), `AWS_INSTANCE_IPV4 ${ipv4} is not an IPv4 address.`);
  require(ipv6 === undefined || isIPv6(ipv6), `AWS_INSTANCE_IPV6 ${ipv6} is not an IPv6 address.`);
  const number = Number(port);
  const isPort = port === undefined || (/^\d{1,5}$/.test(port) && number >= 1 && number <= 65_535);
  require(isPort, `AWS_INSTANCE_PORT ${port} is not a port.`);
}

function validateRecords(service: ServiceRecord, attributes: Attributes): void {
  const types = new Set((service.dns?.DnsRecords ?? []).map((record) => record.Type));
  const has = (name: string): boolean => attributes[name] !== undefined;
  if (has("AWS_ALIAS_DNS_NAME")) {
    require(service.dns?.RoutingPolicy ===
      "WEIGHTED", "AWS_ALIAS_DNS_NAME needs the WEIGHTED routing policy.");
    require(types.has("A") || types.has("AAAA"), "AWS_ALIAS_DNS_NAME needs an A or AAAA record.");
    const clash = Object.keys(attributes).find((name) => name.startsWith("AWS_INSTANCE_"));
    require(clash === undefined, `AWS_ALIAS_DNS_NAME excludes ${clash}.`);
    return;
  }
  require(!types.has("A") || has("AWS_INSTANCE_IPV4"), "AWS_INSTANCE_IPV4 is required by the A record.");
  require(!types.has("AAAA") ||
    has("AWS_INSTANCE_IPV6"), "AWS_INSTANCE_IPV6 is required by the AAAA record.");
  require(!types.has("CNAME") ||
    has("AWS_INSTANCE_CNAME"), "AWS_INSTANCE_CNAME is required by the CNAME record.");
  if (types.has("SRV")) {
    require(has("AWS_INSTANCE_PORT"), "AWS_INSTANCE_PORT is required by the SRV record.");
    const address = has("AWS_INSTANCE_IPV4") || has("AWS_INSTANCE_IPV6");
    require(address, "An SRV record needs AWS_INSTANCE_IPV4, AWS_INSTANCE_IPV6 or both.");
  }
  if (service.healthCheck !== undefined) {
    require(has("AWS_INSTANCE_PORT"), "AWS_INSTANCE_PORT is required by the health check.");
  }
}
