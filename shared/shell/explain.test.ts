// What `events explain` says of a file of events.

import { describe, expect, it } from "vitest";
import { epochMs } from "../base/time.ts";
import { explainEvents } from "./explain.ts";

const options = { receivedAt: epochMs(1_800_000_000_000) };
const spot = {
  id: "e1",
  source: "aws.ec2",
  "detail-type": "EC2 Spot Instance Interruption Warning",
  account: "123123123123",
  region: "eu-west-3",
  detail: { "instance-id": "i-0123456789abcdef0", "instance-action": "stop" },
};
const broken = { ...spot, detail: {} };

describe("explainEvents", () => {
  it("reads one event, a list, or JSON lines", () => {
    const one = explainEvents(JSON.stringify(spot, null, 2), options);
    expect(one).toHaveLength(1);
    expect(explainEvents(JSON.stringify([spot, spot]), options)).toHaveLength(2);
    expect(explainEvents(`${JSON.stringify(spot)}\n\n${JSON.stringify(broken)}\r\n`, options)).toHaveLength(
      2,
    );
    expect(one[0]).toMatchObject({
      index: 0,
      detailType: spot["detail-type"],
      outcome: { kind: "facts", routed: [{ key: "host:123123123123/eu-west-3/i-0123456789abcdef0" }] },
    });
    expect(one[0]).not.toHaveProperty("rules");
  });

  it("names the rules, and says when none takes an event that would be understood", () => {
    const [taken] = explainEvents(JSON.stringify(spot), { ...options, rulesFor: () => ["spot"] });
    expect(taken).toMatchObject({ rules: ["spot"], outcome: { kind: "facts" } });
    const [left] = explainEvents(JSON.stringify(spot), { ...options, rulesFor: () => [] });
    expect(left).toMatchObject({ rules: [], outcome: { kind: "dropped", reason: { code: "no-rule" } } });
  });

  it("shows where a malformed event is wrong, and goes on with the others", () => {
    const lines = [JSON.stringify(spot), "{ oops", JSON.stringify(broken), JSON.stringify(spot)];
    const outcomes = explainEvents(lines.join("\n"), options).map(({ outcome }) =>
      outcome.kind === "malformed" ? outcome.path : outcome.kind,
    );
    expect(outcomes).toEqual(["facts", "(body)", "detail.instance-id", "facts"]);
  });

  it.each(["", "  \n", "{\n  oops\n}", "not json"])("refuses %j as a whole", (text) => {
    expect(() => explainEvents(text, options)).toThrow(expect.objectContaining({ code: "input" }));
  });
});
