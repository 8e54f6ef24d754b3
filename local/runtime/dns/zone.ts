// What Route 53 answers for Cloud Map's DNS namespaces. Pure: questions and zones in, records out.
// https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsConfig.html

import type { Answer } from "dns-packet";
import type { DnsServiceView, DnsZoneView } from "../../world/cloud-map/cloud-map.ts";

export interface Question {
  readonly name: string;
  readonly type: string;
}

export interface Reply {
  readonly rcode: "NOERROR" | "NXDOMAIN" | "REFUSED";
  readonly answers: readonly Answer[];
  readonly additionals: readonly Answer[];
  /** The zone's SOA where there is nothing to answer. */
  readonly authorities: readonly Answer[];
}

export interface Resolving {
  readonly zones: readonly DnsZoneView[];
  /** The IPv4 address of a load balancer by its DNS name. */
  readonly addressOfName: (dnsName: string) => string | undefined;
  /** In [0, 1). */
  readonly chance: () => number;
}

/** MULTIVALUE answers with up to eight records (same page). */
const MAX_VALUES = 8;
/** Of an alias to a load balancer: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html */
const ALIAS_TTL_S = 60;
/** The SOA of a namespace; its negative TTL is an assumption. */
const SOA_TTL_S = 900;
const NEGATIVE_TTL_S = 60;

type Instance = DnsServiceView["instances"][number];
type AddressType = "A" | "AAAA";

const NOTHING = { answers: [], additionals: [], authorities: [] } as const;

export function replyTo(question: Question, resolving: Resolving): Reply {
  const name = question.name.toLowerCase().replace(/\.$/, "");
  const balancer = resolving.addressOfName(name);
  if (balancer !== undefined) {
    const answers = question.type === "A" ? [{ ...head(question, "A", ALIAS_TTL_S), data: balancer }] : [];
    return { ...NOTHING, rcode: "NOERROR", answers };
  }
  const zone = zoneOf(resolving.zones, name);
  // No resolver stands behind it: names of others are refused, not guessed.
  if (zone === undefined) return { ...NOTHING, rcode: "REFUSED" };
  const found = recordsOf(zone, { ...question, name }, resolving);
  if (found === undefined) return { ...NOTHING, rcode: "NXDOMAIN", authorities: [soaOf(zone)] };
  if (found.answers.length === 0) return { ...NOTHING, rcode: "NOERROR", authorities: [soaOf(zone)] };
  return { rcode: "NOERROR", authorities: [], ...found };
}

/** The longest that matches: a namespace may lie below another. */
function zoneOf(zones: readonly DnsZoneView[], name: string): DnsZoneView | undefined {
  let best: DnsZoneView | undefined;
  for (const zone of zones) {
    const own = zone.name.toLowerCase();
    if (name !== own && !name.endsWith(`.${own}`)) continue;
    if (best === undefined || own.length > best.name.length) best = zone;
  }
  return best;
}

type Records = Pick<Reply, "answers" | "additionals">;

/** undefined: there is no such name. */
function recordsOf(zone: DnsZoneView, question: Question, resolving: Resolving): Records | undefined {
  const zoneName = zone.name.toLowerCase();
  if (question.name === zoneName) {
    return { answers: question.type === "SOA" ? [soaOf(zone)] : [], additionals: [] };
  }
  for (const service of zone.services) {
    const serviceName = `${service.name.toLowerCase()}.${zoneName}`;
    if (question.name === serviceName && service.instances.length > 0)
      return serviceRecords(service, { ...question, name: `${service.name}.${zone.name}` }, resolving);
    const instance = service.instances.find(
      ({ instanceId }) => question.name === `${instanceId.toLowerCase()}.${serviceName}`,
    );
    if (instance !== undefined && ttlOf(service, "SRV") !== undefined)
      return { answers: addressRecords(service, instance, question), additionals: [] };
  }
  return undefined;
}

const ttlOf = ({ dns }: DnsServiceView, type: string): number | undefined =>
  dns.DnsRecords?.find((record) => record.Type === type)?.TTL;

function serviceRecords(service: DnsServiceView, question: Question, resolving: Resolving): Records {
  const answers: Answer[] = [];
  const additionals: Answer[] = [];
  for (const instance of chosen(service, question, resolving.chance)) {
    const alias = instance.attributes["AWS_ALIAS_DNS_NAME"];
    if (alias !== undefined) answers.push(...aliasRecords(question, alias, resolving));
    else if (question.type === "SRV") {
      const { record, address } = srvRecords(service, instance, question);
      answers.push(...record);
      additionals.push(...address);
    } else answers.push(...valueRecords(service, instance, question));
  }
  return { answers, additionals };
}

/** Healthy ones; all of them when none is: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-multivalue.html */
function chosen(service: DnsServiceView, question: Question, chance: () => number): readonly Instance[] {
  const fitting = service.instances.filter(({ attributes }) => fits(attributes, question.type));
  const healthy = fitting.filter(({ health }) => !service.hasHealthCheck || health === "HEALTHY");
  const pool = shuffled(healthy.length > 0 ? healthy : fitting, chance);
  return pool.slice(0, service.dns.RoutingPolicy === "WEIGHTED" ? 1 : MAX_VALUES);
}

const ATTRIBUTE_OF: Readonly<Record<string, string>> = {
  A: "AWS_INSTANCE_IPV4",
  AAAA: "AWS_INSTANCE_IPV6",
  CNAME: "AWS_INSTANCE_CNAME",
  SRV: "AWS_INSTANCE_PORT",
};

const fits = (attributes: Instance["attributes"], type: string): boolean =>
  attributes["AWS_ALIAS_DNS_NAME"] !== undefined ||
  attributes[ATTRIBUTE_OF[type] ?? ""] !== undefined ||
  // A name that is an alias of another is that for every type.
  attributes["AWS_INSTANCE_CNAME"] !== undefined;

function shuffled<T>(values: readonly T[], chance: () => number): readonly T[] {
  return values
    .map((value) => ({ value, rank: chance() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}

const head = <T extends string>({ name }: Question, type: T, ttl: number) => ({
  name,
  type,
  ttl,
  class: "IN" as const,
});

function valueRecords(service: DnsServiceView, { attributes }: Instance, question: Question): Answer[] {
  const cname = ttlOf(service, "CNAME");
  if (cname !== undefined && attributes["AWS_INSTANCE_CNAME"] !== undefined)
    return [{ ...head(question, "CNAME", cname), data: attributes["AWS_INSTANCE_CNAME"] }];
  const type = question.type;
  const ttl = ttlOf(service, type);
  const data = attributes[ATTRIBUTE_OF[type] ?? ""];
  if ((type !== "A" && type !== "AAAA") || ttl === undefined || data === undefined) return [];
  return [{ ...head(question, type, ttl), data }];
}

/** A and AAAA of one instance, whose name an SRV record gives. */
function addressRecords(service: DnsServiceView, instance: Instance, question: Question): Answer[] {
  const ttl = ttlOf(service, "SRV") ?? 0;
  const types: readonly AddressType[] = ["A", "AAAA"];
  return types.flatMap((type) => {
    const data = instance.attributes[ATTRIBUTE_OF[type] ?? ""];
    return data === undefined || (question.type !== type && question.type !== "SRV")
      ? []
      : [{ ...head(question, type, ttl), data }];
  });
}

/** Priority and weight are 1; the target is the instance's own name (API_DnsRecord). */
function srvRecords(
  service: DnsServiceView,
  instance: Instance,
  question: Question,
): { readonly record: Answer[]; readonly address: Answer[] } {
  const ttl = ttlOf(service, "SRV");
  const port = Number(instance.attributes["AWS_INSTANCE_PORT"]);
  if (ttl === undefined || !Number.isInteger(port)) return { record: [], address: [] };
  const target = `${instance.instanceId}.${question.name}`;
  return {
    record: [{ ...head(question, "SRV", ttl), data: { priority: 1, weight: 1, port, target } }],
    address: addressRecords(service, instance, { ...question, name: target }),
  };
}

function aliasRecords(question: Question, alias: string, { addressOfName }: Resolving): Answer[] {
  const address = addressOfName(alias.replace(/\.$/, ""));
  if (question.type !== "A" || address === undefined) return [];
  return [{ ...head(question, "A", ALIAS_TTL_S), data: address }];
}

/** Route 53's own: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/SOA-NSrecords.html */
const soaOf = ({ name }: DnsZoneView): Answer => ({
  name,
  type: "SOA",
  ttl: NEGATIVE_TTL_S,
  class: "IN",
  data: {
    mname: `ns.${name}`,
    rname: "awsdns-hostmaster.amazon.com",
    serial: 1,
    refresh: 7_200,
    retry: SOA_TTL_S,
    expire: 1_209_600,
    minimum: NEGATIVE_TTL_S,
  },
});
