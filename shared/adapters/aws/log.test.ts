// What log lines and counters look like in CloudWatch.

import { expect, it } from "vitest";
import type { EpochMs } from "../../base/time.ts";
import { createLog } from "./log.ts";

function setUp() {
  const lines: string[] = [];
  const log = createLog({
    name: "ingest",
    clock: { now: () => 1_700_000_000_000 as EpochMs },
    write: (line) => lines.push(line),
  });
  return { log, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, never>) };
}

it("writes one JSON line for each message, without fields that have no value", () => {
  const { log, parsed } = setUp();
  log.warn("dropped", { reason: "unknown type", count: 2, path: undefined });
  expect(parsed()).toEqual([
    {
      level: "warn",
      function: "ingest",
      message: "dropped",
      time: "2023-11-14T22:13:20.000Z",
      reason: "unknown type",
      count: 2,
    },
  ]);
});

it("does not let a field pass for the line's own", () => {
  const { log, parsed } = setUp();
  log.info("hello", { level: "error", message: "other" });
  expect(parsed()).toMatchObject([{ level: "info", message: "hello" }]);
});

it("writes counters in CloudWatch's embedded metric format", () => {
  const { log, parsed } = setUp();
  log.count({ events: 7, dropped: 1 });
  expect(parsed()).toEqual([
    {
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: "Fairlead",
            Dimensions: [["function"]],
            Metrics: [
              { Name: "events", Unit: "Count" },
              { Name: "dropped", Unit: "Count" },
            ],
          },
        ],
      },
      function: "ingest",
      events: 7,
      dropped: 1,
    },
  ]);
});

it("splits counters that are more than one line may hold, and writes nothing for none", () => {
  const { log, parsed } = setUp();
  log.count({});
  log.count(Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`m${index}`, index])));
  expect(parsed().map((line) => Object.keys(line).length)).toEqual([102, 52]);
});
