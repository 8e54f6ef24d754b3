// From a Function URL's event (payload format 2.0) to a request that the routes understand, or to what is
// wrong with it. Pure. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads

import { AppError, isCode } from "../base/errors.ts";
import type { Key } from "../base/keys.ts";
import { keyOf } from "../base/keys.ts";
import type { Dict } from "../contracts/guards.ts";
import { isDict, maybeTextAt, maybeWholeAt } from "../contracts/guards.ts";
import type { RolloutVerb } from "../contracts/policy.ts";
import { ROLLOUT_VERBS } from "../contracts/policy.ts";
import type { ApiProblem, OrderRequest } from "../contracts/rollout-api.ts";

export type ApiRequest =
  | { readonly kind: "list"; readonly after?: string; readonly limit: number }
  | { readonly kind: "get"; readonly key: Key }
  | { readonly kind: "history"; readonly key: Key; readonly limit: number }
  | {
      readonly kind: "order";
      readonly key: Key;
      readonly verb: RolloutVerb;
      readonly request: OrderRequest;
      readonly by: string;
    };

export interface Rejected {
  readonly kind: "rejected";
  readonly status: 400 | 401 | 404 | 405 | 413 | 415;
  readonly problem: ApiProblem;
  /** Of 405. */
  readonly allow?: string;
}

/** The largest order is two ARNs and an id. */
const MAX_BODY_BYTES = 4_096;
const DEFAULT_LIST = 100;
const MAX_LIST = 500;
const DEFAULT_HISTORY = 20;
const MAX_HISTORY = 200;

export function requestOf(event: unknown): ApiRequest | Rejected {
  if (!isDict(event)) return rejected(400, "no-request", "This is no request of a Function URL.");
  const context = dictOf(event["requestContext"]);
  const by = callerOf(context);
  // The URL asks for IAM; a function that is called some other way must not act in nobody's name.
  if (by === undefined)
    return rejected(401, "unsigned", "The request is not signed: use SigV4 for `lambda`.");
  const method = String(dictOf(context["http"])["method"] ?? "");
  const place = placeOf(String(event["rawPath"] ?? ""));
  if (place === undefined) return rejected(404, "no-such-route", `There is no such path. ${ROUTES}`);
  if (method !== place.method) {
    const message = `${method || "This method"} is not for this path. ${ROUTES}`;
    return { ...rejected(405, "method", message), allow: place.method };
  }
  try {
    return place.read(event, by);
  } catch (error) {
    if (!isCode(error, "input")) throw error;
    return rejected(400, "input", error.message);
  }
}

const ROUTES =
  "GET /rollouts, GET /rollouts/ACCOUNT/REGION/CLUSTER/SERVICE, GET …/history, " +
  `POST …/VERB with one of ${ROLLOUT_VERBS.join(", ")}.`;

const rejected = (status: Rejected["status"], error: string, message: string): Rejected => ({
  kind: "rejected",
  status,
  problem: { error, message },
});

const dictOf = (value: unknown): Dict => (isDict(value) ? value : {});

/**
 * Who signed, as IAM says: a user's ARN, or that of an assumed role's session. Whoever may choose the session's
 * name of a shared role can be two people; `sts:RoleSessionName` in its trust policy prevents that.
 */
function callerOf(context: Dict): string | undefined {
  const { userArn } = dictOf(dictOf(context["authorizer"])["iam"]);
  return typeof userArn === "string" && userArn !== "" ? userArn : undefined;
}

// --- paths --------------------------------------------------------------------------------------------------

interface PlaceInApi {
  readonly method: "GET" | "POST";
  readonly read: (event: Dict, by: string) => ApiRequest | Rejected;
}

/** The key's slashes may be written as they are or as %2F: no name in it has a slash of its own. */
function placeOf(path: string): PlaceInApi | undefined {
  const segments = decoded(path)?.split("/").slice(1);
  if (segments?.[0] !== "rollouts") return undefined;
  const rest = segments.slice(1);
  if (rest.length === 0 || (rest.length === 1 && rest[0] === "")) return { method: "GET", read: listOf };
  const key = serviceKey(rest.slice(0, KEY_PARTS));
  if (key === undefined || rest.length > KEY_PARTS + 1) return undefined;
  const word = rest[KEY_PARTS];
  if (word === undefined) return { method: "GET", read: () => ({ kind: "get", key }) };
  if (word === "history") return { method: "GET", read: (event) => historyOf(event, key) };
  const verb = ROLLOUT_VERBS.find((name) => name === word);
  if (verb === undefined) return undefined;
  return { method: "POST", read: (event, by) => orderOf(event, { key, verb, by }) };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

const KEY_PARTS = 4;

function serviceKey(parts: readonly string[]): Key | undefined {
  const [account = "", region = "", cluster = "", name = ""] = parts;
  const isKey = /^\d{12}$/.test(account) && /^[a-z0-9-]{1,32}$/.test(region);
  // ECS: up to 255 letters, digits, hyphens and underscores.
  const areNames = [cluster, name].every((part) => /^[\w-]{1,255}$/.test(part));
  return isKey && areNames ? keyOf({ kind: "service", account, region, cluster, name }) : undefined;
}

// --- queries and bodies -------------------------------------------------------------------------------------

function listOf(event: Dict): ApiRequest {
  const query = dictOf(event["queryStringParameters"]);
  const after = maybeTextAt(query, "after", "query");
  const limit = bounded(maybeWholeAt(query, "limit", "query"), DEFAULT_LIST, MAX_LIST);
  return { kind: "list", limit, ...(after !== undefined && { after }) };
}

function historyOf(event: Dict, key: Key): ApiRequest {
  const query = dictOf(event["queryStringParameters"]);
  const limit = bounded(maybeWholeAt(query, "limit", "query"), DEFAULT_HISTORY, MAX_HISTORY);
  return { kind: "history", key, limit };
}

const bounded = (wanted: number | undefined, otherwise: number, max: number): number =>
  Math.min(max, Math.max(1, wanted ?? otherwise));

interface Order {
  readonly key: Key;
  readonly verb: RolloutVerb;
  readonly by: string;
}

function orderOf(event: Dict, order: Order): ApiRequest | Rejected {
  const type = String(dictOf(event["headers"])["content-type"] ?? "");
  if (!/^application\/json(\s*;|$)/i.test(type))
    return rejected(415, "content-type", "Only application/json is taken.");
  const written = String(event["body"] ?? "");
  // Base 64 is a third longer: a bound on the text is enough to decode it safely.
  if (written.length > 2 * MAX_BODY_BYTES) return tooLarge;
  const text = event["isBase64Encoded"] === true ? Buffer.from(written, "base64").toString("utf8") : written;
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) return tooLarge;
  const body = jsonOf(text);
  if (!isDict(body)) return rejected(400, "input", "The body is no JSON object.");
  return { kind: "order", ...order, request: orderRequestOf(body) };
}

const tooLarge = rejected(413, "too-large", `An order has at most ${MAX_BODY_BYTES} bytes.`);

function jsonOf(text: string): unknown {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ORDER_NAMES = ["rollout", "step", "revision", "taskDefinition"];
const MAX_TEXT = 512;
/** `family:revision`, or the ARN of one. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html */
const taskDefinitionPattern =
  /^(arn:[a-z-]+:ecs:[a-z0-9-]+:\d{12}:task-definition\/)?[A-Za-z0-9_-]{1,255}:[1-9]\d{0,9}$/;

/** Throws `input` with what is allowed. A name that is not known may be a forged identity: it is refused. */
function orderRequestOf(body: Dict): OrderRequest {
  const unknown = Object.keys(body).find((name) => !ORDER_NAMES.includes(name));
  if (unknown !== undefined) throw bad(`${unknown.slice(0, 60)} is not known: ${ORDER_NAMES.join(", ")}`);
  const rollout = textOf(body, "rollout");
  const revision = textOf(body, "revision");
  const taskDefinition = textOf(body, "taskDefinition");
  const step = maybeWholeAt(body, "step", "");
  if (taskDefinition !== undefined && !taskDefinitionPattern.test(taskDefinition))
    throw bad("taskDefinition: expected family:revision or its ARN");
  return {
    ...(rollout !== undefined && { rollout }),
    ...(revision !== undefined && { revision }),
    ...(taskDefinition !== undefined && { taskDefinition }),
    ...(step !== undefined && { step }),
  };
}

function textOf(body: Dict, name: string): string | undefined {
  const text = maybeTextAt(body, name, "");
  if (text !== undefined && text.length > MAX_TEXT) throw bad(`${name}: at most ${MAX_TEXT} characters`);
  return text;
}

const bad = (message: string): AppError => new AppError("input", message);
