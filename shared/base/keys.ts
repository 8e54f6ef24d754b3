// The key of a unit of work. At most one pass runs for a key; its DynamoDB partition and its FIFO
// group carry its name. Keys come from ARNs, so many accounts and Regions need no migration.

import { AppError } from "./errors.ts";
import { fingerprint } from "./fingerprint.ts";

declare const keyBrand: unique symbol;
/** `account/region/cluster/service`, or `kind:…` for what is not a service. */
export type Key = string & { readonly [keyBrand]: true };

export interface Scope {
  readonly account: string;
  readonly region: string;
}

export type KeyParts =
  | ({ readonly kind: "service"; readonly cluster: string; readonly name: string } & Scope)
  /** Standalone tasks (RunTask, Scheduler) share the key of their ECS `group`, e.g. `family:report`. */
  | ({ readonly kind: "group"; readonly cluster: string; readonly name: string } & Scope)
  | ({ readonly kind: "instance"; readonly cluster: string; readonly id: string } & Scope)
  | ({ readonly kind: "daemon"; readonly cluster: string; readonly name: string } & Scope)
  | ({ readonly kind: "task"; readonly cluster: string; readonly id: string } & Scope)
  | ({ readonly kind: "cluster"; readonly name: string } & Scope)
  | ({ readonly kind: "host"; readonly id: string } & Scope)
  | ({ readonly kind: "alarm"; readonly name: string } & Scope)
  | ({ readonly kind: "source"; readonly name: string } & Scope)
  /** What many keys share: `metrics` reads for all rollouts, `traffic/…` knows who watches a load balancer. */
  | ({ readonly kind: "feed"; readonly name: string } & Scope);

/** Group names of standalone tasks contain a colon (`family:x`); service names cannot. */
export function keyOf(parts: KeyParts): Key {
  const scope = `${parts.account}/${parts.region}`;
  switch (parts.kind) {
    case "service":
      return `${scope}/${parts.cluster}/${parts.name}` as Key;
    case "group":
      return `${scope}/${parts.cluster}/group:${parts.name}` as Key;
    case "instance":
    case "task":
      return `${parts.kind}:${scope}/${parts.cluster}/${parts.id}` as Key;
    case "daemon":
      return `daemon:${scope}/${parts.cluster}/${parts.name}` as Key;
    case "host":
      return `host:${scope}/${parts.id}` as Key;
    case "cluster":
    case "alarm":
    case "source":
    case "feed":
      return `${parts.kind}:${scope}/${parts.name}` as Key;
  }
}

const keyPattern = /^(?:(instance|task|daemon|host|cluster|alarm|source|feed):)?([^/:]+)\/([^/]+)\/(.+)$/s;

/** Takes a key apart. Throws an `input` error that shows the expected form. */
export function parseKey(key: string): KeyParts {
  const match = keyPattern.exec(key);
  if (match === null) {
    throw new AppError("input", `"${key}" is not a key: expected account/region/cluster/service`);
  }
  const [, kind, account = "", region = "", rest = ""] = match;
  const scope = { account, region };
  if (kind === "host") return { kind, id: rest, ...scope };
  if (kind === "cluster" || kind === "alarm" || kind === "source" || kind === "feed") {
    return { kind, name: rest, ...scope };
  }
  return clusterKey(kind, rest, scope);
}

function clusterKey(kind: string | undefined, rest: string, scope: Scope): KeyParts {
  const slash = rest.indexOf("/");
  if (slash <= 0 || slash === rest.length - 1) {
    throw new AppError("input", `"${rest}" lacks a part: expected cluster/name`);
  }
  const cluster = rest.slice(0, slash);
  const name = rest.slice(slash + 1);
  if (kind === "instance" || kind === "task") return { kind, cluster, id: name, ...scope };
  if (kind === "daemon") return { kind, cluster, name, ...scope };
  if (name.startsWith("group:")) return { kind: "group", cluster, name: name.slice(6), ...scope };
  return { kind: "service", cluster, name, ...scope };
}

/** The one feed of metrics of an account and Region. */
export const feedKeyOf = ({ account, region }: Scope): Key =>
  keyOf({ kind: "feed", name: "metrics", account, region });

/** Where news of one load balancer's rules is handed on: its ARN ends in `app/name/id`, as do its rules'. */
export const trafficFeedKeyOf = (elbArn: string): Key | undefined => {
  const [, region = "", account = "", balancer = ""] = elbArnPattern.exec(elbArn) ?? [];
  return balancer === "" ? undefined : keyOf({ kind: "feed", name: `traffic/${balancer}`, account, region });
};

/** `…:loadbalancer/app/n/id`, `…:listener/app/n/id/…`, `…:listener-rule/app/n/id/…/…`; also `net` and `gwy`. */
const elbArnPattern =
  /^arn:[^:]*:elasticloadbalancing:([^:]+):([^:]+):(?:loadbalancer|listener|listener-rule)\/([a-z]+\/[^/\s]+\/[^/\s]+)/;

/** SQS allows 128 characters in a MessageGroupId; cluster and service names may have 255 each. */
const MAX_GROUP_ID_LENGTH = 128;
const groupIdPattern = /^[a-zA-Z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]+$/;

/** The FIFO group of a key: the key itself where SQS takes it, else its fingerprint. */
export const groupIdOf = (key: Key): string =>
  key.length <= MAX_GROUP_ID_LENGTH && groupIdPattern.test(key) ? key : fingerprint(key);
