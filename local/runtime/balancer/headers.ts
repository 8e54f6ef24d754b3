// What an Application Load Balancer changes in the headers of a request and of an answer. Pure.

import { createHash } from "node:crypto";

/** Of one connection only: https://datatracker.ietf.org/doc/html/rfc9110#section-7.6.1 */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Name, value, name, value: as Node reads and writes them, with case, order and repetitions. */
export type RawHeaders = readonly string[];

export interface Arrival {
  readonly clientIp: string;
  readonly scheme: "http" | "https";
  readonly port: number;
  /** Of the request: names its trace. */
  readonly traceId: string;
}

/** Replaced by the load balancer, which writes its own. */
const OURS = new Set(["x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "x-amzn-trace-id"]);

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html, mode `append`. */
export function toTarget(raw: RawHeaders, arrival: Arrival): string[] {
  const named = connectionOptions(raw);
  const headers: string[] = [];
  const before = new Map<string, string>();
  let isChunked = false;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const value = raw[index + 1] as string;
    const lower = name.toLowerCase();
    if (OURS.has(lower)) before.set(lower, value);
    else if (lower === "transfer-encoding") isChunked = true;
    else if (!HOP_BY_HOP.has(lower) && !named.has(lower)) headers.push(name, value);
  }
  const forwarded = before.get("x-forwarded-for");
  headers.push(
    "X-Forwarded-For",
    forwarded === undefined ? arrival.clientIp : `${forwarded}, ${arrival.clientIp}`,
  );
  headers.push("X-Forwarded-Proto", arrival.scheme, "X-Forwarded-Port", String(arrival.port));
  headers.push("X-Amzn-Trace-Id", traced(before.get("x-amzn-trace-id"), arrival.traceId));
  if (isChunked) headers.push("Transfer-Encoding", "chunked");
  return headers;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html */
function traced(before: string | undefined, id: string): string {
  if (before === undefined || before === "") return `Root=${id}`;
  const fields = before.split(";").filter((field) => !field.trim().startsWith("Self="));
  const hasRoot = fields.some((field) => field.trim().startsWith("Root="));
  return hasRoot ? `Self=${id};${fields.join(";")}` : `Root=${id};${fields.join(";")}`;
}

/** `1-<epoch seconds>-<24 hexadecimal digits>`. */
export function traceIdOf(epochMs: number, unique: string): string {
  const time = Math.floor(epochMs / 1_000)
    .toString(16)
    .padStart(8, "0");
  return `1-${time}-${createHash("sha1").update(unique).digest("hex").slice(0, 24)}`;
}

/** The answer's headers for the client, with the load balancer's cookies. */
export function toClient(raw: RawHeaders, cookies: readonly string[]): string[] {
  const named = connectionOptions(raw);
  const headers: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !named.has(lower)) headers.push(name, raw[index + 1] as string);
  }
  for (const cookie of cookies) headers.push("Set-Cookie", cookie);
  return headers;
}

/** `Connection: close, X-Own` makes X-Own a matter of that connection. */
function connectionOptions(raw: RawHeaders): ReadonlySet<string> {
  let options: Set<string> | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    if ((raw[index] as string).toLowerCase() !== "connection") continue;
    options ??= new Set();
    for (const option of (raw[index + 1] as string).split(",")) options.add(option.trim().toLowerCase());
  }
  return options ?? NO_OPTIONS;
}

const NO_OPTIONS: ReadonlySet<string> = new Set();
