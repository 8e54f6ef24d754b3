// Which addresses may be called. Policies name URLs, and whoever may write a policy must not thereby reach
// what only we can reach: the runtime's own endpoint, instance metadata, the inside of a network.
// https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html

import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { BlockList, isIP, isIPv6 } from "node:net";
import { AppError } from "../../base/errors.ts";

export interface AddressRules {
  /** Plain http, and only for this machine: local runs and tests. */
  readonly loopback: boolean;
}

/** https://www.iana.org/assignments/iana-ipv4-special-registry and its sister for IPv6. */
const inside4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];
const inside6: readonly (readonly [string, number])[] = [
  ["::", 128],
  ["::1", 128],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
];

function blockList(): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of inside4) list.addSubnet(net, prefix, "ipv4");
  for (const [net, prefix] of inside6) list.addSubnet(net, prefix, "ipv6");
  return list;
}
const inside = blockList();
const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** IPv4-mapped addresses (`::ffff:10.0.0.1`) are checked as the IPv4 address by BlockList itself. */
const familyOf = (address: string): "ipv4" | "ipv6" => (isIPv6(address) ? "ipv6" : "ipv4");

function isAllowed(address: string, rules: AddressRules): boolean {
  const family = familyOf(address);
  if (loopback.check(address, family)) return rules.loopback;
  return !inside.check(address, family);
}

const refused = (host: string): AppError =>
  new AppError("input", `${host} is not called: its address is not of the public internet`, {
    detail: { host },
  });

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

/** Throws `input` for what is no https address of a public host; names are checked again when resolved. */
export function checkedUrl(text: string, rules: AddressRules): URL {
  const url = URL.parse(text);
  if (url === null) throw new AppError("input", `"${text}" is no address`);
  const host = hostOf(url);
  const isLocal =
    rules.loopback && (host === "localhost" || (isIP(host) !== 0 && loopback.check(host, familyOf(host))));
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLocal)) {
    throw new AppError("input", `${url.protocol}//${url.host} is not called: only https is`, {
      detail: { host },
    });
  }
  if (url.username !== "" || url.password !== "") {
    throw new AppError("input", `${host} is not called: an address must hold no password`, {
      detail: { host },
    });
  }
  if (isIP(host) !== 0 && !isAllowed(host, rules)) throw refused(host);
  return url;
}

/** Checks the addresses that the connection will really use: a name may point to the inside, or change. */
export const checkedLookup =
  (rules: AddressRules): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "");
      const allowed = addresses.filter(({ address }) => isAllowed(address, rules));
      const first = allowed[0];
      if (first === undefined || allowed.length < addresses.length) return callback(refused(hostname), "");
      return options.all === true
        ? (callback as unknown as (error: null, all: LookupAddress[]) => void)(null, allowed) // -- reason: Node's type knows the single answer only
        : callback(null, first.address, first.family);
    });
  };
