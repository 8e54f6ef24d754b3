// Which calls EventBridge hears of through CloudTrail, when, and in whose name.

import { describe, expect, it } from "vitest";
import { addMs, epochMs, seconds } from "../../shared/base/time.ts";
import { parseEvent } from "../../shared/contracts/events.ts";
import { watchEvents } from "../models/event-check.ts";
import type { BusEvent } from "./kernel.ts";
import { createKernel } from "./kernel.ts";
import { createTrail } from "./trail.ts";

const START = epochMs(Date.UTC(2026, 10, 22, 12));
const RULE = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener-rule/app/quay/50dc/a1/b2";

function trailed(seed = 1) {
  const kernel = createKernel({ seed, startAt: START });
  watchEvents(kernel);
  const events: { readonly at: number; readonly event: BusEvent }[] = [];
  kernel.onEvent((event) => events.push({ at: kernel.now(), event }));
  const trail = createTrail(kernel);
  return {
    kernel,
    trail,
    events,
    pass: (byS: number) => kernel.advanceTo(addMs(kernel.now(), seconds(byS))),
  };
}

const modifyRule = {
  service: "elasticloadbalancing",
  operation: "ModifyRule",
  input: { RuleArn: RULE, Actions: [{ Type: "forward", ForwardConfig: { TargetGroups: [{ Weight: 5 }] } }] },
};

describe("the trail", () => {
  it("tells of a written rule within two minutes, in CloudTrail's words", () => {
    const { trail, events, pass } = trailed();
    trail({ ...modifyRule, caller: "arn:aws:sts::111122223333:assumed-role/x/fairlead-reconcile" });
    pass(2);
    expect(events).toEqual([]);
    pass(120);
    const [{ event } = { event: undefined }] = events;
    expect(event).toMatchObject({
      source: "aws.elasticloadbalancing",
      "detail-type": "AWS API Call via CloudTrail",
      detail: {
        eventTime: "2026-11-22T12:00:00Z",
        requestParameters: {
          ruleArn: RULE,
          actions: [{ type: "forward", forwardConfig: { targetGroups: [{ weight: 5 }] } }],
        },
      },
    });
    expect(parseEvent(event, START)).toMatchObject({
      kind: "facts",
      routed: [
        { facts: [{ resource: RULE, by: expect.stringContaining("/fairlead-reconcile"), at: START }] },
      ],
    });
  });

  it.each([
    ["elasticloadbalancing", "DescribeRules"],
    ["elasticloadbalancing", "DeleteRule"],
    ["ecs", "UpdateService"],
  ])("does not tell of %s %s, and draws nothing", (service, operation) => {
    const { kernel, trail, events, pass } = trailed();
    trail({ service, operation, input: {}, caller: undefined });
    pass(300);
    expect(events).toEqual([]);
    expect(kernel.hex(8)).toBe(createKernel({ seed: 1, startAt: START }).hex(8));
  });
});
