// A function's URL on loopback: HTTP in, an event of payload format 2.0 to the function, its answer back.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { signer } from "../faces/wire/wire-call.ts";
import { AwsError } from "../world/kernel.ts";
import type { LambdaFunction } from "./lambda-function.ts";

/** Who signed, as `requestContext.authorizer.iam` has it. */
export interface Caller {
  readonly accessKey: string;
  readonly accountId: string;
  readonly callerId: string;
  readonly userArn: string;
  readonly userId: string;
}

export interface FunctionUrlOptions {
  readonly lambda: LambdaFunction;
  /** NONE lets everybody in, and tells the function of no caller. */
  readonly authType: "AWS_IAM" | "NONE";
  /** Who signs with the key; undefined when this caller may not. */
  readonly admit: (accessKeyId: string) => Promise<Caller | undefined>;
}

export interface FunctionUrl {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  stop(): Promise<void>;
}

/** Lambda's limit of a synchronous request. */
const BODY_BYTES_MAX = 6 * 1_024 * 1_024;
/** Media types whose bodies travel as text; all others are sent in base 64. */
const TEXT = /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded))/;

export async function startFunctionUrl(options: FunctionUrlOptions): Promise<FunctionUrl> {
  const server = createServer((request, response) => {
    answer(request, options).then(
      (given) => write(response, given),
      (error: unknown) => write(response, failure(error)),
    );
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const listen = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });

interface Given {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

const message = (status: number, Message: string, type?: string): Given => ({
  status,
  headers: { "content-type": "application/json", ...(type !== undefined && { "x-amzn-errortype": type }) },
  body: Buffer.from(JSON.stringify({ Message })),
});

/** A function that fails answers 502 to whoever called, and its error stays in the log. */
const failure = (error: unknown): Given =>
  error instanceof AwsError && error.name === "TooManyRequestsException"
    ? message(429, error.message, error.name)
    : message(502, "Internal Server Error", "InternalServerErrorException");

async function answer(request: IncomingMessage, options: FunctionUrlOptions): Promise<Given> {
  const caller = await callerOf(request, options);
  if (caller === "unknown") return message(403, "Forbidden", "AccessDeniedException");
  const body = await bodyOf(request);
  if (body === undefined) return message(413, "Request must be smaller than 6291456 bytes");
  const { result, error } = await options.lambda.invoke(eventOf(request, body, caller));
  return error === undefined ? responseOf(result) : failure(error);
}

async function callerOf(
  request: IncomingMessage,
  { authType, admit }: FunctionUrlOptions,
): Promise<Caller | "unknown" | undefined> {
  if (authType === "NONE") return undefined;
  const signed = signer(request);
  if (signed?.service !== "lambda") return "unknown";
  return (await admit(signed.accessKeyId)) ?? "unknown";
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function eventOf(request: IncomingMessage, body: Buffer, caller: Caller | undefined): object {
  const { pathname, search, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  const { cookie, ...headers } = flatHeaders(request);
  const isText = TEXT.test(headers["content-type"] ?? "application/json");
  const query = [...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name).join(",")]);
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: pathname,
    rawQueryString: search.slice(1),
    ...(cookie !== undefined && { cookies: cookie.split("; ") }),
    headers,
    ...(query.length > 0 && { queryStringParameters: Object.fromEntries(query) }),
    requestContext: contextOf(request, { pathname, caller }),
    ...(body.length > 0 && { body: body.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

function contextOf(
  request: IncomingMessage,
  { pathname, caller }: { readonly pathname: string; readonly caller: Caller | undefined },
): object {
  const now = new Date();
  const iam = { cognitoIdentity: null, principalOrgId: null, ...caller };
  return {
    accountId: caller?.accountId ?? "anonymous",
    apiId: "local",
    ...(caller !== undefined && { authorizer: { iam } }),
    domainName: request.headers.host ?? "127.0.0.1",
    domainPrefix: "local",
    http: {
      method: request.method ?? "GET",
      path: pathname,
      protocol: `HTTP/${request.httpVersion}`,
      sourceIp: request.socket.remoteAddress ?? "127.0.0.1",
      userAgent: request.headers["user-agent"] ?? "",
    },
    requestId: randomUUID(),
    routeKey: "$default",
    stage: "$default",
    time: now.toUTCString(),
    timeEpoch: now.getTime(),
  };
}

const flatHeaders = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ""].flat().join(",")]));

interface Structured {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly cookies?: readonly string[];
}

const isStructured = (result: unknown): result is Structured =>
  typeof result === "object" && result !== null && typeof (result as Structured).statusCode === "number";

/** What has no statusCode is the body of a JSON answer, as Lambda infers it. */
function responseOf(result: unknown): Given {
  if (!isStructured(result)) {
    const text = typeof result === "string" ? result : JSON.stringify(result ?? null);
    return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(text) };
  }
  const { statusCode, headers, body = "", isBase64Encoded = false, cookies = [] } = result;
  return {
    status: statusCode,
    headers: {
      "content-type": "application/json",
      ...headers,
      ...(cookies.length > 0 && { "set-cookie": cookies }),
    },
    body: Buffer.from(body, isBase64Encoded ? "base64" : "utf8"),
  };
}

function write(response: ServerResponse, { status, headers, body }: Given): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.writeHead(status, { "x-amzn-requestid": randomUUID(), "content-length": body.length });
  response.end(body);
}
