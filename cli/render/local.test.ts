// What `fairlead local` shows: the live lines, the figures, the result for programs.

import { describe, expect, it } from "vitest";
import { plain } from "../io.ts";
import { outcomeJson, renderMeasured, renderServices } from "./local.ts";
import { createScreen } from "./screen.ts";

describe("local", () => {
  const measured = {
    events: { in: 9, dropped: 1 },
    registerMs: { p50: 900, p99: 1_700 },
    deregisterMs: { p50: 300, p99: 1_200 },
    registrations: 5,
    deregistrations: 4,
    aheadOfTheirEvent: 2,
    repaired: 3,
    awsCalls: { "sqs.SendMessageBatch": 4, "dynamodb.Query": 12 },
  };

  it("judges the goals and lists calls, the most frequent first", () => {
    const lines = renderMeasured(measured, plain);
    expect(lines[0]).toContain("p99 1700 ms over 5 (goal p99 2000 ms: met)");
    expect(lines[1]).toContain("p99 1200 ms over 4 (goal p99 1000 ms: missed)");
    expect(lines.slice(-2)).toEqual(["  dynamodb.Query        12", "  sqs.SendMessageBatch   4"]);
  });

  it("prints one JSON object of the promised shape", () => {
    const text = outcomeJson({ failures: ["x"], registered: 2, expected: 3, measured });
    expect(text).not.toContain("\n");
    expect(JSON.parse(text)).toEqual({
      ok: false,
      events: { in: 9, dropped: 1 },
      discovery: {
        registered: 2,
        expected: 3,
        registerMs: { p50: 900, p99: 1_700 },
        deregisterMs: { p50: 300, p99: 1_200 },
      },
      awsCalls: { "sqs.SendMessageBatch": 4, "dynamodb.Query": 12 },
    });
  });

  it("has one line for each service", () => {
    const line = {
      name: "web",
      kind: "Fargate",
      running: 3,
      registered: 2,
      expected: 3,
      isRight: false,
      reason: "why",
    };
    expect(renderServices([line], plain)).toEqual(["  web  Fargate  3 running  2 of 3 registered  why"]);
  });
});

describe("screen", () => {
  const written = (isTTY: boolean) => {
    const texts: string[] = [];
    return { texts, screen: createScreen({ write: (text) => texts.push(text), isTTY, columns: 12 }) };
  };

  it("prints in a pipe what changed, without control characters", () => {
    const { texts, screen } = written(false);
    screen.setLive(["a 1", "b 1"]);
    screen.log("step");
    screen.setLive(["a 1", "b 2"]);
    expect(texts).toEqual(["a 1\n", "b 1\n", "step\n", "b 2\n"]);
  });

  it("redraws the live lines below the log on a terminal, cut to its width", () => {
    const { texts, screen } = written(true);
    screen.setLive(["a line that is long", "b"]);
    screen.log("step");
    expect(texts).toEqual(["\r\u001b[Ja line tha…\nb\n", "\u001b[2A\r\u001b[Jstep\na line tha…\nb\n"]);
  });
});
