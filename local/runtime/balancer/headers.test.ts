// Headers through a load balancer, as AWS documents them.

import { describe, expect, it } from "vitest";
import { toClient, toTarget, traceIdOf } from "./headers.ts";

const arrival = {
  clientIp: "10.1.2.3",
  scheme: "http",
  port: 80,
  traceId: "1-00000001-aaaaaaaaaaaaaaaaaaaaaaaa",
} as const;

const asMap = (raw: readonly string[]) =>
  new Map(
    raw.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1]] as const] : [])),
  );

describe("a request's headers", () => {
  it("keep order, case and repetition, and lose what belongs to the connection", () => {
    const raw = [
      "Host",
      "a",
      "X-Two",
      "1",
      "x-two",
      "2",
      "Connection",
      "close, X-Mine",
      "X-Mine",
      "3",
      "TE",
      "trailers",
    ];
    expect(toTarget(raw, arrival)).toEqual([
      "Host",
      "a",
      "X-Two",
      "1",
      "x-two",
      "2",
      "X-Forwarded-For",
      "10.1.2.3",
      "X-Forwarded-Proto",
      "http",
      "X-Forwarded-Port",
      "80",
      "X-Amzn-Trace-Id",
      `Root=${arrival.traceId}`,
    ]);
  });

  it("append the client to X-Forwarded-For and replace what the client claims of the rest", () => {
    const raw = [
      "X-Forwarded-For",
      "1.1.1.1, 2.2.2.2",
      "X-Forwarded-Proto",
      "https",
      "x-forwarded-port",
      "1",
    ];
    const headers = asMap(toTarget(raw, arrival));
    expect(headers.get("x-forwarded-for")).toBe("1.1.1.1, 2.2.2.2, 10.1.2.3");
    expect(headers.get("x-forwarded-proto")).toBe("http");
    expect(headers.get("x-forwarded-port")).toBe("80");
  });

  it.each([
    ["Root=1-2-3", `Self=${arrival.traceId};Root=1-2-3`],
    ["Self=1-9-9;Root=1-2-3;CalledFrom=app", `Self=${arrival.traceId};Root=1-2-3;CalledFrom=app`],
    ["CalledFrom=app", `Root=${arrival.traceId};CalledFrom=app`],
  ])("update the trace %s", (before, after) => {
    expect(asMap(toTarget(["X-Amzn-Trace-Id", before], arrival)).get("x-amzn-trace-id")).toBe(after);
  });

  it("say again that a body is chunked", () => {
    expect(asMap(toTarget(["Transfer-Encoding", "chunked"], arrival)).get("transfer-encoding")).toBe(
      "chunked",
    );
  });
});

it("an answer keeps its cookies, gets ours, and loses what belongs to the connection", () => {
  const raw = [
    "Set-Cookie",
    "a=1",
    "Set-Cookie",
    "b=2",
    "Keep-Alive",
    "timeout=5",
    "Connection",
    "keep-alive",
  ];
  expect(toClient(raw, ["AWSALB=x"])).toEqual([
    "Set-Cookie",
    "a=1",
    "Set-Cookie",
    "b=2",
    "Set-Cookie",
    "AWSALB=x",
  ]);
});

it("a trace id holds the time, and another one follows for another request", () => {
  expect(traceIdOf(Date.UTC(2026, 0, 1), "a")).toMatch(/^1-6955b900-[0-9a-f]{24}$/);
  expect(traceIdOf(0, "a")).not.toBe(traceIdOf(0, "b"));
});
