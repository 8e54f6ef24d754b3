// Writes answers and errors in each protocol's own shape.

import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { AwsError } from "../../world/kernel.ts";

export type Dialect = "json-1.0" | "json-1.1" | "awsQuery" | "ec2Query";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, {
    "x-amzn-requestid": randomUUID(),
    ...answer.headers,
    "content-length": Buffer.byteLength(answer.body),
  });
  response.end(answer.body);
}

export const jsonAnswer = (dialect: Dialect, body: string): Answer => ({
  status: 200,
  headers: { "content-type": `application/x-amz-${dialect}` },
  body,
});

export interface XmlResult {
  readonly operation: string;
  readonly xmlNamespace: string;
  /** The result's children. */
  readonly content: string;
}

export function xmlAnswer(dialect: Dialect, result: XmlResult): Answer {
  const { operation, xmlNamespace, content } = result;
  const requestId = randomUUID();
  const body =
    dialect === "ec2Query"
      ? `<requestId>${requestId}</requestId>${content}`
      : `<${operation}Result>${content}</${operation}Result>` +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  const text = `<${operation}Response xmlns="${xmlNamespace}">${body}</${operation}Response>`;
  return { status: 200, headers: { "content-type": "text/xml" }, body: text };
}

/** Anything but an AwsError is our defect and answers 500, as AWS does for its own. */
export function errorAnswer(dialect: Dialect, error: unknown): Answer {
  const known =
    error instanceof AwsError
      ? error
      : new AwsError("InternalFailure", error instanceof Error ? error.message : String(error), {
          status: 500,
        });
  return dialect === "awsQuery" || dialect === "ec2Query"
    ? xmlError(dialect, known)
    : jsonError(dialect, known);
}

function jsonError(dialect: Dialect, error: AwsError): Answer {
  const fault = error.status >= 500 ? "Receiver" : "Sender";
  return {
    status: error.status,
    headers: {
      "content-type": `application/x-amz-${dialect}`,
      // CloudWatch is "query compatible": old error codes travel in this header, others ignore it.
      ...(dialect === "json-1.0" ? { "x-amzn-query-error": `${error.name};${fault}` } : {}),
    },
    body: JSON.stringify({ __type: error.name, message: error.message, ...error.fields }),
  };
}

function xmlError(dialect: Dialect, error: AwsError): Answer {
  const code = `<Code>${escapeXml(error.name)}</Code><Message>${escapeXml(error.message)}</Message>`;
  const type = `<Type>${error.status >= 500 ? "Receiver" : "Sender"}</Type>`;
  const requestId = randomUUID();
  const body =
    dialect === "ec2Query"
      ? `<Response><Errors><Error>${code}</Error></Errors><RequestID>${requestId}</RequestID></Response>`
      : `<ErrorResponse><Error>${type}${code}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
  return { status: error.status, headers: { "content-type": "text/xml" }, body };
}

const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
