// What the controls beside AWS's protocols share: they serve programs of this machine, and no web page.

import type { IncomingMessage, ServerResponse } from "node:http";

/** Browsers send Origin with every POST, and a name that somebody points at 127.0.0.1 as Host. */
export function refusalOf({ headers, method, socket }: IncomingMessage): string | undefined {
  const host = (headers.host ?? "").replace(/:\d+$/, "");
  if (host !== "127.0.0.1" && host !== "localhost") return `Host ${host} is not this machine`;
  if (socket.remoteAddress !== "127.0.0.1" && socket.remoteAddress !== "::ffff:127.0.0.1")
    return "only this machine may use it";
  if (headers.origin !== undefined) return "web pages may not use it";
  const isJson = headers["content-type"]?.startsWith("application/json") === true;
  return method === "GET" || isJson ? undefined : "the content type must be application/json";
}

export function answer(response: ServerResponse, status: number, content: object): void {
  const body = JSON.stringify(content);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
