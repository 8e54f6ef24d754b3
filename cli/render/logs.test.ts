// What programs wrote is shown behind the task that wrote it, and cannot steer the terminal.

import { expect, it } from "vitest";
import { plain } from "../io.ts";
import { renderOutputs, renderWriters } from "./logs.ts";

const output = {
  taskId: "0123456789abcdef0123456789abcdef",
  cluster: "demo",
  service: "web",
  container: "app",
  image: "example/web:1",
  hasEnded: true,
  lines: ["up", "\u001b[31mred\u001b[0m\u001b[2J\u0007 end\ttab"],
};

it("puts task and container before each line, and says that it ended", () => {
  expect(renderOutputs([output], plain)).toEqual([
    "demo/web 01234567 app | up",
    "demo/web 01234567 app | \u001b[31mred\u001b[0m[2J end\ttab",
    "demo/web 01234567 app | (ended)",
  ]);
});

it("says that a program has written nothing", () => {
  expect(renderOutputs([{ ...output, hasEnded: false, lines: [] }], plain)).toEqual([
    "demo/web 01234567 app | (nothing was written yet)",
  ]);
});

it("lists who wrote", () => {
  expect(renderWriters([{ ...output, service: undefined, hasEnded: false }], plain)).toEqual([
    "SERVICE  TASK                              CONTAINER  IMAGE          STATE  LINES",
    "demo     0123456789abcdef0123456789abcdef  app        example/web:1  runs       2",
  ]);
  expect(renderWriters([], plain)).toEqual(["No program has run yet."]);
});
