// Answers that the load balancer gives by itself, as an Application Load Balancer writes them.

import type { ServerResponse } from "node:http";

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html */
const TITLES = {
  502: "502 Bad Gateway",
  503: "503 Service Temporarily Unavailable",
  504: "504 Gateway Time-out",
};

export interface OwnAnswer {
  readonly statusCode: number;
  readonly headers: readonly string[];
  readonly body: string;
}

const SERVER = ["Server", "awselb/2.0"] as const;

const withLength = (body: string, contentType: string): readonly string[] => [
  ...SERVER,
  "Content-Type",
  contentType,
  "Content-Length",
  String(Buffer.byteLength(body)),
];

export function errorAnswer(statusCode: keyof typeof TITLES): OwnAnswer {
  const title = TITLES[statusCode];
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  return { statusCode, headers: withLength(body, "text/html"), body };
}

export const fixedAnswer = (fixed: {
  readonly statusCode: number;
  readonly contentType: string;
  readonly body: string;
}): OwnAnswer => ({
  statusCode: fixed.statusCode,
  headers: withLength(fixed.body, fixed.contentType),
  body: fixed.body,
});

export const redirectAnswer = (statusCode: 301 | 302, location: string): OwnAnswer => ({
  statusCode,
  headers: [...withLength("", "text/html"), "Location", location],
  body: "",
});

export function send(response: ServerResponse, answer: OwnAnswer, isHead: boolean): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.statusCode, [...answer.headers]);
  response.end(isHead ? undefined : answer.body);
}
