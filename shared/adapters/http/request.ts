// One HTTP call to an address that a policy names: checked, without redirects, bounded in time and size. Over
// node:https, as the SDK does: the global fetch cannot check the address that a name resolves to, and loads
// undici for 36 ms.

import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { AppError } from "../../base/errors.ts";
import type { DurationMs } from "../../base/time.ts";
import type { AddressRules } from "./addresses.ts";
import { checkedLookup, checkedUrl } from "./addresses.ts";

export interface HttpCall {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: DurationMs;
  /** A longer answer is an error. */
  readonly maxBytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Answers whatever status came. Errors: `input` (the address), `transient` (connection, time, size). */
export type HttpClient = (call: HttpCall) => Promise<HttpAnswer>;

export const createHttpClient =
  (rules: AddressRules): HttpClient =>
  (call) => {
    const url = checkedUrl(call.url, rules);
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const fail = (error: unknown): void => reject(failureOf(error, url));
    const signal = AbortSignal.timeout(call.timeoutMs);
    const request = send(
      url,
      // No agent: a connection that outlives the invocation is frozen and broken in the next one.
      { method: call.method, headers: headersOf(call), signal, lookup: checkedLookup(rules), agent: false },
      (response) => {
        readAnswer(response, call.maxBytes).then(resolve, fail);
      },
    );
    request.on("error", fail);
    request.end(call.body);
    return promise;
  };

const headersOf = ({ headers, body }: HttpCall): OutgoingHttpHeaders => ({
  "user-agent": "fairlead",
  accept: "application/json",
  ...headers,
  ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
});

async function readAnswer(response: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    // Leaving the loop destroys the response and with it the connection.
    if (bytes > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") };
}

/** Only the host is named: a webhook's path is its password. */
function failureOf(error: unknown, { host }: URL): AppError {
  if (error instanceof AppError) return error;
  const name = error instanceof Error ? error.name : "Error";
  const message = error instanceof Error ? error.message : String(error);
  const said = name === "AbortError" || name === "TimeoutError" ? "no answer in time" : message;
  return new AppError("transient", `${host}: ${said}`, { cause: error, detail: { host } });
}

/** JSON of a 200; undefined for what is none. */
export function jsonOf({ body }: HttpAnswer): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
