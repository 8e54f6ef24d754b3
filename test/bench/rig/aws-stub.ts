// AWS as far as a benchmark needs it: one HTTPS endpoint for every service, a constant answer for each
// operation after DynamoDB's usual 4 ms. What is measured is the client's side.

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { certificate } from "./certificate.ts";

export interface StubAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** `target` is e.g. `AmazonSQS.SendMessageBatch`. */
export type Answers = (target: string, input: never) => StubAnswer | undefined;

export interface AwsStub {
  readonly endpoint: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Calls by target since the last reset. */
  readonly calls: Map<string, number>;
  /** Replaces what answers; `undefined` from it means the empty success. */
  answerWith(answers: Answers): void;
  stop(): void;
}

const REPLY_MS = 4;

export async function startAwsStub(): Promise<AwsStub> {
  const calls = new Map<string, number>();
  let answers: Answers = () => undefined;
  const server = createServer(await certificate(), (request, response) => {
    void handle(request, response, (target, body) => {
      calls.set(target, (calls.get(target) ?? 0) + 1);
      return answers(target, (body === "" ? {} : JSON.parse(body)) as never) ?? { status: 200, body: {} };
    });
  });
  server.keepAliveTimeout = 120_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    environment: environmentOf(endpoint),
    calls,
    answerWith: (next) => {
      answers = next;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const environmentOf = (endpoint: string): Record<string, string> => ({
  AWS_ENDPOINT_URL: endpoint,
  // The certificate is our own; the warning about that costs a millisecond that AWS's would not.
  NODE_TLS_REJECT_UNAUTHORIZED: "0",
  NODE_NO_WARNINGS: "1",
});

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (target: string, body: string) => StubAnswer,
): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const { status, body } = answer(
    String(request.headers["x-amz-target"] ?? request.url),
    Buffer.concat(parts).toString(),
  );
  setTimeout(() => {
    const bytes = Buffer.from(JSON.stringify(body));
    response.writeHead(status, {
      "content-type": String(request.headers["content-type"] ?? "application/x-amz-json-1.0"),
      "content-length": bytes.length,
      "x-amzn-requestid": "00000000-0000-4000-8000-000000000000",
    });
    response.end(bytes);
  }, REPLY_MS);
}
