// Who may act: order, field ownership, modes, approvals and pauses.

import { describe, expect, it } from "vitest";
import type { Proposal } from "../../contracts/actions.ts";
import type { Command, Mode } from "../../contracts/policy.ts";
import { arbitrate, cappedMode } from "./arbitrate.ts";

const proposal = (capability: string, field: string): Proposal => ({
  id: `${capability}/${field}`,
  capability,
  field,
  action: { type: "deregister-instance", registry: "srv-1", instanceId: field },
  reason: { code: "c", text: "because" },
});
const first = proposal("remediation", "desiredCount");
const second = proposal("scaling", "desiredCount");
const other = proposal("scaling", "elsewhere");
const pause: Command = { type: "pause", by: "ann", at: 1 };
const approve = (...proposalIds: string[]): Command => ({ type: "approve", by: "ann", at: 1, proposalIds });

describe("arbitrate", () => {
  const all = [first, second, other];
  const act: Record<string, Mode> = { remediation: "act", scaling: "act" };
  it.each<{
    case: string;
    modes: Record<string, Mode>;
    commands?: Command[];
    accepted: Proposal[];
    awaiting: Proposal[];
    codes: string[];
  }>([
    {
      case: "the first that wants a field owns it, the loser gets a reason",
      modes: act,
      accepted: [first, other],
      awaiting: [],
      codes: ["field-taken"],
    },
    {
      case: "who may not act owns nothing",
      modes: { remediation: "observe", scaling: "act" },
      accepted: [second, other],
      awaiting: [first],
      codes: ["observe-only"],
    },
    {
      case: "an unknown capability only observes",
      modes: {},
      accepted: [],
      awaiting: all,
      codes: ["observe-only", "observe-only", "observe-only"],
    },
    {
      case: "approve waits",
      modes: { ...act, scaling: "approve" },
      accepted: [first],
      awaiting: [other],
      codes: ["field-taken", "awaits-approval"],
    },
    {
      case: "approve, approved by id",
      modes: { ...act, scaling: "approve" },
      commands: [approve("nope"), approve(other.id)],
      accepted: [first, other],
      awaiting: [],
      codes: ["field-taken"],
    },
    {
      case: "an approval changes nothing for who only observes",
      modes: {},
      commands: [approve(other.id)],
      accepted: [],
      awaiting: all,
      codes: ["observe-only", "observe-only", "observe-only"],
    },
    {
      case: "a pause stops everything, approved or not",
      modes: act,
      commands: [approve(other.id), pause],
      accepted: [],
      awaiting: all,
      codes: ["paused", "paused", "paused"],
    },
  ])("$case", ({ modes, commands = [], accepted, awaiting, codes }) => {
    const verdict = arbitrate({ proposals: all, modes, commands });
    expect(verdict.accepted).toEqual(accepted);
    expect(verdict.awaiting).toEqual(awaiting);
    expect(
      Object.values(verdict.reasons)
        .flat()
        .map(({ code }) => code),
    ).toEqual(codes);
  });

  it("says who owns the field, and who paused", () => {
    const lost = arbitrate({ proposals: [first, second], modes: act, commands: [] }).reasons["scaling"]?.[0];
    expect(lost?.text).toBe("remediation already writes desiredCount in this pass.");
    const paused = arbitrate({ proposals: [first], modes: act, commands: [pause] }).reasons[
      "remediation"
    ]?.[0];
    expect(paused?.text).toBe("Paused by ann: because");
  });
});

it.each([
  ["observe", "act", "observe"],
  ["act", "observe", "observe"],
  ["approve", "act", "approve"],
  ["act", "approve", "approve"],
  ["act", "act", "act"],
] as const)("installation %s and service %s: %s", (installation, service, mode) => {
  expect(cappedMode(installation, service)).toBe(mode);
});
