// The API of an installation, called as anything in AWS is: SigV4 for the service `lambda`, with the caller's own
// credentials. The same way against an account and against a running `fairlead local`.

import { userInfo } from "node:os";
import type { CredentialsSource } from "../shared/adapters/aws/sign.ts";
import { signed } from "../shared/adapters/aws/sign.ts";
import { AppError } from "../shared/base/errors.ts";
import { API_URL, ENVIRONMENT } from "../shared/contracts/environment.ts";
import { isDict } from "../shared/contracts/guards.ts";
import { Found, usageError } from "./failure.ts";
import type { PlaceOptions } from "./installation.ts";
import type { Io } from "./io.ts";
import { readLocalState } from "./local-state.ts";

export interface ApiOptions extends PlaceOptions {
  readonly apiUrl?: string;
}

export interface ApiPlace {
  /** Without a slash at its end. */
  readonly url: string;
  readonly region: string;
  readonly credentials: CredentialsSource;
}

/** `https://ID.lambda-url.REGION.on.aws/` */
const urlRegionPattern = /\.lambda-url\.([a-z0-9-]+)\.on\.aws$/;

/** Options win over the environment, both over a running `fairlead local`. */
export function apiPlaceOf(options: ApiOptions, io: Pick<Io, "environment">): ApiPlace {
  const { environment } = io;
  const given = options.apiUrl ?? environment[API_URL];
  const local = readLocalState(environment);
  if (given !== undefined && given !== local?.apiUrl && given !== "") return accountPlace(given, options, io);
  if (isAccountNamed(options, environment))
    throw usageError(`no API is named: use --api-url or ${API_URL} (the stack's output ApiAddress)`);
  if (local === undefined) {
    throw usageError(
      `no installation found: start \`fairlead local\`, or name its API with --api-url or ${API_URL} ` +
        "(the stack's output ApiAddress)",
    );
  }
  const accessKeyId = localUser(environment);
  return {
    url: trimmed(local.apiUrl),
    region: local.region,
    credentials: async () => ({ accessKeyId, secretAccessKey: "local" }),
  };
}

/** Table and queue of an account, and yet a local one runs: what was meant must not be guessed. */
const isAccountNamed = (options: ApiOptions, environment: Io["environment"]): boolean =>
  [
    options.table,
    options.workQueueUrl,
    environment[ENVIRONMENT.table],
    environment[ENVIRONMENT.workQueueUrl],
  ].some((name) => name !== undefined && name !== "");

function accountPlace(
  given: string,
  options: ApiOptions,
  { environment }: Pick<Io, "environment">,
): ApiPlace {
  const url = URL.parse(given);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw usageError(`--api-url: found "${given}", expected https://…`);
  const region =
    urlRegionPattern.exec(url.hostname)?.[1] ??
    options.region ??
    environment["AWS_REGION"] ??
    environment["AWS_DEFAULT_REGION"];
  if (region === undefined) throw usageError("no Region is named: use --region or AWS_REGION");
  return { url: trimmed(given), region, credentials: () => callersOwn(region) };
}

const trimmed = (url: string): string => url.replace(/\/+$/, "");

/** Whatever the AWS CLI would use: environment, files, SSO, roles. */
async function callersOwn(region: string): Promise<Awaited<ReturnType<CredentialsSource>>> {
  const { SQSClient } = await import("@aws-sdk/client-sqs");
  const client = new SQSClient({ region });
  try {
    return await client.config.credentials();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new AppError("denied", `no credentials: ${message}`, { cause });
  } finally {
    client.destroy();
  }
}

/** Ids of AWS's own keys; those of the local functions begin with `local-`. */
const REAL_OR_RESERVED = /^(A[KS]IA[A-Z0-9]{16}|local-.*)$/;
const USER_NAME = /^[\w+=,.@-]{1,64}$/;

/**
 * On the local AWS the access key id is the user's name, so that two people can be tried out:
 * `AWS_ACCESS_KEY_ID=ada fairlead rollout approve …`. A real key never goes there.
 */
export function localUser(environment: Io["environment"]): string {
  const named = environment["AWS_ACCESS_KEY_ID"] ?? "";
  if (USER_NAME.test(named) && !REAL_OR_RESERVED.test(named)) return named;
  try {
    const { username } = userInfo();
    return USER_NAME.test(username) ? username : "cli";
  } catch {
    return "cli";
  }
}

export interface ApiCall {
  readonly method: "GET" | "POST";
  /** With its query. */
  readonly path: string;
  readonly body?: object;
}

const TIMEOUT_MS = 30_000;

/** Throws what the API refused, with its remedy. */
export async function callApi<T>(place: ApiPlace, call: ApiCall): Promise<T> {
  const response = await send(place, call);
  const text = await response.text();
  const answer = parsed(text);
  if (response.ok && answer !== undefined) return answer as T;
  throw refusal(response.status, answer);
}

async function send({ url, region, credentials }: ApiPlace, call: ApiCall): Promise<Response> {
  const target = `${url}${call.path}`;
  const body = call.body === undefined ? "" : JSON.stringify(call.body);
  const plain = { "content-type": "application/json" };
  const order = { method: call.method, url: target, headers: plain, body, region, service: "lambda" };
  const { host: _set, ...headers } = await signed(order, credentials);
  try {
    return await fetch(target, {
      method: call.method,
      headers: { ...headers, connection: "close" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // A redirect would carry the signature somewhere else.
      redirect: "error",
      ...(call.method === "POST" && { body }),
    });
  } catch (cause) {
    throw new AppError("transient", `the API at ${url} does not answer`, { cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(status: number, answer: unknown): Error {
  const { error, message, remedy } = isDict(answer) ? answer : {};
  if (typeof error === "string" && typeof message === "string") {
    const text = typeof remedy === "string" ? `${message}\n${remedy}` : message;
    // What the caller wrote is wrong (2), or it is not the time for it (1).
    return status === 409 || status === 403 ? new Found(text) : usageError(text);
  }
  if (status === 401 || status === 403) {
    return new AppError(
      "denied",
      "the API refused the signature: it asks for lambda:InvokeFunctionUrl and lambda:InvokeFunction",
    );
  }
  if (status === 429) return new AppError("throttled", "the API has too many callers now: try again");
  return new AppError("transient", `the API answered ${status}: its log group says why`);
}
