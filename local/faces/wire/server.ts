// The wire face: one loopback port that speaks the real AWS protocols, so that any AWS client works with an
// endpoint URL (AWS_ENDPOINT_URL). Any credentials and any Host header are accepted.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import dynalite from "dynalite";
import { AwsError } from "../../world/kernel.ts";
import type { Answer, Dialect } from "./answers.ts";
import { errorAnswer, jsonAnswer, send, xmlAnswer } from "./answers.ts";
import { checkInput } from "./input-check.ts";
import { decodeForm } from "./query-form.ts";
import type { QueueServer, RawRequest } from "./queue-server.ts";
import { createQueueServer } from "./queue-server.ts";
import { serviceModel } from "./service-model.ts";
import type { CallListener } from "./wire-call.ts";
import { parseTarget, signer } from "./wire-call.ts";
import type { ModelledService, WorldApi } from "./world-api.ts";

export interface WireOptions {
  readonly world: WorldApi;
  readonly account: string;
  readonly region: string;
  /** Any free port when not given. */
  readonly port?: number;
  readonly onCall?: CallListener;
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
}

export async function startWireFace(options: WireOptions): Promise<WireFace> {
  const queues = await createQueueServer(options);
  const tables = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  const backends = { world: options.world, queues, tables, onCall: options.onCall ?? (() => undefined) };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    route(request, response, backends).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else send(response, errorAnswer("json-1.1", error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
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

async function route(request: IncomingMessage, response: ServerResponse, backends: Backends): Promise<void> {
  const target = request.headers["x-amz-target"];
  if (typeof target === "string") return routeJson(target, { request, response, backends });
  const isForm = (request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  const query = request.url?.split("?")[1] ?? "";
  if (!isForm && !query.includes("Action=")) {
    note(request, backends, { service: "s3", operation: request.method ?? "GET" });
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
      note(request, backends, { service: "dynamodb", operation: parsed.operation });
      backends.tables.emit("request", await readRequest(request), response);
      return;
    }
    const service = parsed.kind === "queue" ? "sqs" : parsed.service;
    note(request, backends, { service, operation: parsed.operation });
    const body = (await bodyOf(request)).toString();
    const answer =
      parsed.kind === "queue"
        ? await backends.queues.sqs(parsed.operation, rawRequest(request, body))
        : jsonAnswer(dialect, await answerJson(parsed, body, backends.world));
    send(response, answer);
  } catch (error) {
    send(response, errorAnswer(dialect, error));
  }
}

interface Addressed {
  readonly service: ModelledService;
  readonly operation: string;
}

async function answerJson(to: Addressed, body: string, world: WorldApi): Promise<string> {
  const model = await serviceModel(to.service);
  const operation = model.operation(to.operation);
  const raw = parseJson(body === "" ? "{}" : body);
  checkInput(to.service, operation.input, raw);
  const input = operation.input.isUnitSchema() ? {} : model.json.read(operation.input, raw);
  return model.json.write(operation.output, world.call(to.service, to.operation, input));
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new AwsError("SerializationException", "the request body is not JSON");
  }
}

/** API versions name the service of a query request: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ */
const QUERY_VERSIONS: Readonly<Record<string, ModelledService>> = {
  "2016-11-15": "ec2",
  "2010-08-01": "cloudwatch",
};

async function answerForm(request: IncomingMessage, text: string, backends: Backends): Promise<Answer> {
  const form = new URLSearchParams(text);
  const service = QUERY_VERSIONS[form.get("Version") ?? ""];
  const operation = form.get("Action") ?? "";
  const dialect = service === "ec2" ? "ec2Query" : "awsQuery";
  try {
    note(request, backends, { service: service ?? signer(request.headers)?.service ?? "sns", operation });
    if (service === undefined) return await backends.queues.query(rawRequest(request, text));
    const model = await serviceModel(service);
    const schema = queryOperation(model, operation);
    const input = decodeForm(form, schema.input, dialect);
    checkInput(service, schema.input, input);
    const content = model.xml(schema.output, backends.world.call(service, operation, input));
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
  call: { service: string; operation: string },
): void {
  const service = call.service === "monitoring" ? "cloudwatch" : call.service;
  backends.onCall({ ...call, service, accessKeyId: signer(request.headers)?.accessKeyId });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The whole request at once: dynalite throws out of its event handler when a client leaves half-way. */
async function readRequest(request: IncomingMessage): Promise<Readable> {
  const { headers, method, url } = request;
  return Object.assign(Readable.from([await bodyOf(request)]), { headers, method, url });
}

function rawRequest(request: IncomingMessage, body: string): RawRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === "string") headers[name] = value;
  return { headers, body };
}
