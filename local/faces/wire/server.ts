// The wire face: one loopback port that speaks the real AWS protocols, so that any AWS client works with an
// endpoint URL (AWS_ENDPOINT_URL). Any credentials and any Host header are accepted.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import dynalite from "dynalite";
import { checkedOnDemand } from "../../models/answer-check.ts";
import { AwsError } from "../../world/kernel.ts";
import type { Answer, Dialect } from "./answers.ts";
import { errorAnswer, jsonAnswer, send, xmlAnswer } from "./answers.ts";
import type { ChaosFace } from "./chaos-face.ts";
import { isChaosRequest } from "./chaos-face.ts";
import { checkInput } from "./input-check.ts";
import type { LogsFace } from "./logs-face.ts";
import { isLogsRequest } from "./logs-face.ts";
import { decodeForm } from "./query-form.ts";
import type { QueueServer, RawRequest } from "./queue-server.ts";
import { createQueueServer } from "./queue-server.ts";
import { serviceModel } from "./service-model.ts";
import type { Authorizer, CallListener, WireCall } from "./wire-call.ts";
import { parseTarget, signer } from "./wire-call.ts";
import type { ModelledService, WorldApi } from "./world-api.ts";

export interface WireOptions {
  readonly world: WorldApi;
  readonly account: string;
  readonly region: string;
  /** Any free port when not given. */
  readonly port?: number;
  readonly onCall?: CallListener;
  /** Default: everybody may do everything. */
  readonly authorize?: Authorizer;
  /** Default: nothing can be broken through this face. */
  readonly chaos?: ChaosFace;
  readonly logs?: LogsFace;
}

export interface WireFace {
  /** `http://127.0.0.1:<port>`: the value for AWS_ENDPOINT_URL. */
  readonly endpoint: string;
  readonly account: string;
  readonly region: string;
  stop(): Promise<void>;
}

/** Longer than any client keeps an idle connection: Node's own 5 s would reset one in the middle of a call. */
const KEEP_ALIVE_MS = 600_000;

interface Backends {
  readonly world: WorldApi;
  readonly queues: QueueServer;
  readonly tables: Server;
  readonly onCall: CallListener;
  readonly authorize: Authorizer;
  readonly chaos: ChaosFace | undefined;
  readonly logs: LogsFace | undefined;
  readonly account: string;
}

export async function startWireFace(options: WireOptions): Promise<WireFace> {
  const queues = await createQueueServer(options);
  const tables = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const { account, chaos, logs, onCall = () => undefined, authorize = everybody } = options;
  const world = checkedOnDemand(options.world);
  const backends = { world, queues, tables, onCall, authorize, chaos, logs, account };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    route(request, response, backends).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else send(response, errorAnswer("json-1.1", error));
    });
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
  } catch (error) {
    await queues.stop();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    account: options.account,
    region: options.region,
    stop: async () => {
      await queues.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const everybody: Authorizer = () => Promise.resolve();

async function route(request: IncomingMessage, response: ServerResponse, backends: Backends): Promise<void> {
  if (backends.chaos !== undefined && isChaosRequest(request)) return backends.chaos(request, response);
  if (backends.logs !== undefined && isLogsRequest(request)) return backends.logs(request, response);
  const target = request.headers["x-amz-target"];
  if (typeof target === "string") return routeJson(target, { request, response, backends });
  const isForm = (request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  const query = request.url?.split("?")[1] ?? "";
  if (!isForm && !query.includes("Action=")) {
    const call = note(request, backends, { service: "s3", operation: request.method ?? "GET" });
    await backends.authorize({ ...call, input: () => ({}) });
    return backends.queues.s3(request, response);
  }
  const text = isForm ? (await bodyOf(request)).toString() : query;
  send(response, await answerForm(request, text, backends));
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly backends: Backends;
}

async function routeJson(target: string, exchange: Exchange): Promise<void> {
  const { request, response, backends } = exchange;
  const isOld = (request.headers["content-type"] ?? "").includes("json-1.0");
  const dialect: Dialect = isOld ? "json-1.0" : "json-1.1";
  try {
    const parsed = parseTarget(target);
    if (parsed === undefined) throw new AwsError("UnknownOperationException", `this AWS has no ${target}`);
    if (parsed.kind === "table") {
      await answerTable(parsed.operation, exchange);
      return;
    }
    const service = parsed.kind === "queue" ? "sqs" : parsed.service;
    const call = note(request, backends, { service, operation: parsed.operation });
    const body = (await bodyOf(request)).toString();
    if (parsed.kind === "queue") {
      await backends.authorize({ ...call, input: () => parseJson(body) });
      send(response, await backends.queues.sqs(parsed.operation, rawRequest(request, body)));
    } else {
      const json = await answerJson({ ...parsed, call, backends }, body);
      send(response, jsonAnswer(dialect, json));
    }
  } catch (error) {
    send(response, errorAnswer(dialect, error));
  }
}

async function answerTable(operation: string, { request, response, backends }: Exchange): Promise<void> {
  const call = note(request, backends, { service: "dynamodb", operation });
  const body = await bodyOf(request);
  await backends.authorize({ ...call, input: () => parseJson(body.toString()) });
  backends.tables.emit("request", wholeRequest(request, body), response);
}

interface Addressed {
  readonly service: ModelledService;
  readonly operation: string;
  readonly call: WireCall;
  readonly backends: Backends;
}

async function answerJson(to: Addressed, body: string): Promise<string> {
  const model = await serviceModel(to.service);
  const operation = model.operation(to.operation);
  const raw = parseJson(body === "" ? "{}" : body);
  checkInput(to.service, to.operation, raw);
  const input = operation.input.isUnitSchema() ? {} : model.json.read(operation.input, raw);
  await to.backends.authorize({ ...to.call, input: () => input });
  const output = to.backends.world.call(to.service, to.operation, input, callerOf(to.call, to.backends));
  return model.json.write(operation.output, output);
}

function parseJson(body: string): object {
  try {
    return JSON.parse(body) as object;
  } catch {
    throw new AwsError("SerializationException", "the request body is not JSON");
  }
}

/** API versions name the service of a query request: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ */
const QUERY_VERSIONS: Readonly<Record<string, ModelledService>> = {
  "2016-11-15": "ec2",
  "2010-08-01": "cloudwatch",
  "2015-12-01": "elasticloadbalancing",
};

async function answerForm(request: IncomingMessage, text: string, backends: Backends): Promise<Answer> {
  const form = new URLSearchParams(text);
  const service = QUERY_VERSIONS[form.get("Version") ?? ""];
  const operation = form.get("Action") ?? "";
  const dialect = service === "ec2" ? "ec2Query" : "awsQuery";
  try {
    const named = service ?? signer(request)?.service ?? "sns";
    const call = note(request, backends, { service: named, operation });
    if (service === undefined) {
      await backends.authorize({ ...call, input: () => Object.fromEntries(form) });
      return await backends.queues.query(rawRequest(request, text));
    }
    const model = await serviceModel(service);
    const schema = queryOperation(model, operation);
    const input = decodeForm(form, schema.input, dialect);
    checkInput(service, operation, input);
    await backends.authorize({ ...call, input: () => input });
    const output = backends.world.call(service, operation, input, callerOf(call, backends));
    const content = model.xml(schema.output, output);
    return xmlAnswer(dialect, { operation, xmlNamespace: model.xmlNamespace, content });
  } catch (error) {
    return errorAnswer(dialect, error);
  }
}

function queryOperation(model: Awaited<ReturnType<typeof serviceModel>>, operation: string) {
  try {
    return model.operation(operation);
  } catch {
    throw new AwsError("InvalidAction", `The action ${operation} is not valid for this web service.`);
  }
}

function note(
  request: IncomingMessage,
  backends: Backends,
  { service, operation }: { service: string; operation: string },
): WireCall {
  const call = {
    service: service === "monitoring" ? "cloudwatch" : service,
    operation,
    accessKeyId: signer(request)?.accessKeyId,
  };
  backends.onCall(call);
  return call;
}

/** Functions sign with `local-` and their name, which names their session too; everybody else is a person. */
const functionKeyPattern = /^local-(.+)$/;

/** As CloudTrail names the caller, but for the name of a function's role. */
function callerOf({ accessKeyId = "unsigned" }: WireCall, { account }: Backends): string {
  const session = functionKeyPattern.exec(accessKeyId)?.[1];
  return session === undefined
    ? `arn:aws:iam::${account}:user/${accessKeyId}`
    : `arn:aws:sts::${account}:assumed-role/${session}/${session}`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The whole request at once: dynalite throws out of its event handler when a client leaves half-way. */
function wholeRequest({ headers, method, url }: IncomingMessage, body: Buffer): Readable {
  return Object.assign(Readable.from([body]), { headers, method, url });
}

function rawRequest(request: IncomingMessage, body: string): RawRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === "string") headers[name] = value;
  return { headers, body };
}
