// Every phase and every command: carried out or refused, each once, always with the decision's id in the reason.

import { describe, expect, it } from "vitest";
import {
  active,
  codesOf,
  idle,
  NEW,
  NOW,
  OLD,
  OLD_DEPLOYMENT_ARN,
  order,
  passOn,
  pauseFor,
  rolloutOf,
  rolloutPolicy,
  setWeight,
  taskDefinition,
  typesOf,
} from "../../../test/support/rollout-builders.ts";
import { minutes } from "../../base/time.ts";
import type { RolloutVerb } from "../../contracts/policy.ts";
import { ROLLOUT_VERBS } from "../../contracts/policy.ts";
import type { PastRollout, Rollout, RolloutState } from "./state.ts";

const rested = { checkedAt: NOW, knownDeployment: OLD_DEPLOYMENT_ARN };
const cause = { code: "aborted", text: "why", since: NOW };
const past = (changes: Partial<PastRollout> = {}): PastRollout => {
  const { id, driver, author, target, source, startedAt } = rolloutOf();
  const end = {
    endedAt: NOW,
    step: 1,
    steps: 1,
    weight: 0,
    reason: "because",
    outcome: "rolled-back" as const,
  };
  return { id, driver, author, target, source, startedAt, ...end, ...changes };
};

const at: Readonly<Record<RolloutState["phase"], RolloutState>> = {
  idle: idle(rested),
  starting: active("starting", { lookAt: NOW }),
  preparing: active("preparing"),
  stepping: active("stepping", {
    steps: [setWeight(10), pauseFor()],
    step: 1,
    weight: 10,
    reached: "weight 10 10",
  }),
  finishing: active("finishing", { weight: 100 }),
  aborting: active("aborting", { cause }),
  stuck: active("stuck", { cause }),
};

type Row = Readonly<Record<RolloutState["phase"], boolean>>;
const all = (carriedOut: boolean, changes: Partial<Row> = {}): Row => ({
  idle: carriedOut,
  starting: carriedOut,
  preparing: carriedOut,
  stepping: carriedOut,
  finishing: carriedOut,
  aborting: carriedOut,
  stuck: carriedOut,
  ...changes,
});

/** true = carried out. */
const table: Readonly<Record<RolloutVerb, Row>> = {
  start: all(true),
  promote: all(false, { stepping: true }),
  "promote-full": all(false, { starting: true, preparing: true, stepping: true }),
  approve: all(false),
  abort: all(true, { idle: false }),
  retry: all(false, { stuck: true }),
  undo: all(false),
  pause: all(true, { idle: false, aborting: false, stuck: false }),
  resume: all(false),
  analyze: all(true, { idle: false }),
};

describe.each(ROLLOUT_VERBS)("%s", (verb) => {
  it.each(Object.keys(at) as RolloutState["phase"][])("in %s", (phase) => {
    const command = order(verb, verb === "start" ? { taskDefinition: "crane:9" } : {});
    const decision = passOn({ state: at[phase], observation: { commands: [command] } });
    const answer = decision.reasons.find(({ inputs }) => inputs?.["decision"] === command.id);
    expect(answer?.code).toBe(table[verb][phase] ? `order-${verb}` : "order-refused");
    expect(answer?.text).toContain(command.id);
    expect(decision.state.heard).toContain(command.id);
    const again = passOn({ state: decision.state, observation: { commands: [command] } });
    expect(again.reasons.filter(({ inputs }) => inputs?.["verb"] === verb)).toEqual([]);
  });
});

const rolloutIn = (state: RolloutState): Rollout => {
  if (state.phase === "idle") throw new Error("no rollout");
  return state.rollout;
};

describe("abort", () => {
  it("is heard before everything else and wins", () => {
    const commands = [order("promote-full", { at: 1 }), order("abort", { at: 2 })];
    const decision = passOn({ state: at.stepping, observation: { commands } });
    expect(decision.state.phase).toBe("aborting");
    expect(rolloutIn(decision.state).waived).toBeUndefined();
    expect(decision.proposals.every(({ rollback, ordered }) => rollback === true || ordered === true)).toBe(
      true,
    );
  });

  it("wins while the key is paused, in finishing too", () => {
    const observation = { commands: [order("abort")], isPaused: true };
    expect(passOn({ state: at.finishing, observation }).state.phase).not.toBe("finishing");
  });

  it("does not wait for the trouble of the way forward", () => {
    const trouble = { code: "denied", message: "no", tries: 3, nextTryAt: (NOW + 300_000) as typeof NOW };
    const decision = passOn({
      state: active("preparing", { trouble }),
      observation: { commands: [order("abort")] },
    });
    expect(typesOf(decision)).toContain("stop-deployment");
  });

  it("of another rollout is void", () => {
    const decision = passOn({
      state: at.stepping,
      observation: { commands: [order("abort", { rollout: "r-other" })] },
    });
    expect(decision.state.phase).toBe("stepping");
    expect(codesOf(decision)).toContain("order-refused");
  });

  it("takes back a start that waits", () => {
    const wanted = { taskDefinition: NEW, by: "ada", at: NOW, decision: "d-0" };
    const decision = passOn({
      state: idle({ ...rested, wanted }),
      observation: { commands: [order("abort")] },
    });
    expect(decision.state.phase).toBe("idle");
    expect("wanted" in decision.state).toBe(false);
  });
});

describe("approve", () => {
  const steps = [setWeight(10), { kind: "approve", expiresMs: 3_600_000 as never } as const, setWeight(50)];
  const state = active("stepping", { steps, step: 1, weight: 10, reached: "weight 10 10", scale: 10 });
  const seen = { rollout: "r-0000abcd", step: 1, revision: NEW };
  it.each([
    ["the author", { ...seen, by: "ada" }, false],
    ["somebody else", seen, true],
    ["another rollout", { ...seen, rollout: "r-1" }, false],
    ["another step", { ...seen, step: 0 }, false],
    ["another revision", { ...seen, revision: OLD }, false],
    ["nothing named", {}, false],
    ["too old", { ...seen, at: NOW - 3_600_000 }, false],
  ])("%s", (_name, changes, counts) => {
    const decision = passOn({ state, observation: { commands: [order("approve", changes)] } });
    expect(rolloutIn(decision.state).step).toBe(counts ? 2 : 1);
  });

  it("expires unanswered by the deadline's policy", () => {
    const now = (NOW + 3_600_000) as typeof NOW;
    expect(passOn({ state, now }).state.phase).toBe("aborting");
    const policy = rolloutPolicy({ onDeadline: "hold" });
    expect(rolloutIn(passOn({ state, now, policy }).state).hold?.code).toBe("approval-expired");
  });
});

describe("answers", () => {
  it("stand to be looked up by the decision's id, with the rollout that is meant", () => {
    const one = order("start", { taskDefinition: NEW, by: "arn:aws:iam::111122223333:user/ada" });
    const begun = passOn({ state: at.idle, observation: { commands: [one] } }).state;
    const { id } = rolloutIn(begun);
    const { by } = one;
    expect(begun.answered).toMatchObject([
      { decision: one.id, verb: "start", by, outcome: "done", rollout: id },
    ]);
    const two = order("approve", { id: "d-two", by });
    const refused = passOn({ state: begun, observation: { commands: [one, two] } }).state;
    expect(refused.answered).toMatchObject([
      { decision: one.id },
      { decision: "d-two", outcome: "refused", rollout: id, text: "the present step wants no approval." },
    ]);
  });

  it("of a start whose turn came and which cannot be say so", () => {
    const commands = [order("start", { taskDefinition: OLD })];
    const { answered } = passOn({ state: at.idle, observation: { commands } }).state;
    expect(answered).toMatchObject([{ outcome: "refused", text: expect.stringContaining("already") }]);
  });

  it("are no more than ten", () => {
    const commands = Array.from({ length: 30 }, (_, at) => order("resume", { id: `d-${at}`, at: NOW + at }));
    const { answered } = passOn({ state: at.idle, observation: { commands } }).state;
    expect(answered?.map(({ decision }) => decision)).toEqual(commands.slice(-10).map(({ id }) => id));
  });
});

describe("a start that AWS refuses", () => {
  it("fails at once instead of trying until the deadline", () => {
    const trouble = { code: "input", message: "TaskDefinition not found.", tries: 1, nextTryAt: NOW };
    const state = active("starting", { ...rolloutOf(), trouble });
    const after = passOn({ state }).state;
    expect(rolloutIn(after).cause).toMatchObject({
      code: "start-impossible",
      text: "AWS refuses the start: TaskDefinition not found.",
    });
  });

  it("for want of a permission is tried again", () => {
    const trouble = { code: "denied", message: "No.", tries: 1, nextTryAt: NOW };
    const state = active("starting", { ...rolloutOf(), trouble });
    expect(passOn({ state }).state.phase).not.toBe("idle");
  });
});

describe("promote", () => {
  it("ends a pause", () => {
    const decision = passOn({ state: at.stepping, observation: { commands: [order("promote")] } });
    expect(rolloutIn(decision.state).step).toBe(2);
  });

  it.each(["analysis-inconclusive", "no-data", "no-traffic"])("ends an analysis held by %s", (code) => {
    const hold = { code, text: "Not sure.", since: NOW };
    const steps = [setWeight(10), { kind: "analysis" } as const, setWeight(20)];
    const state = active("stepping", { ...rolloutIn(at.stepping), steps, hold });
    const next = rolloutIn(passOn({ state, observation: { commands: [order("promote")] } }).state);
    expect(next).toMatchObject({ step: 2, waivedStep: 2 });
    expect(next.hold).toBeUndefined();
  });

  it("promote-full goes around no approval", () => {
    const steps = [setWeight(10), { kind: "approve", expiresMs: minutes(60) } as const];
    const state = active("stepping", { steps, step: 0 });
    const decision = passOn({ state, observation: { commands: [order("promote-full")] } });
    expect(codesOf(decision)).toContain("order-refused");
    expect(decision.state).toMatchObject({ phase: "stepping", rollout: { step: 0 } });
  });

  it.each(["promote", "promote-full"] as const)("%s is refused while the verdict is bad", (verb) => {
    const verdict = { kind: "bad", text: "worse", by: "e-process", metrics: [], at: NOW, failed: 3 } as const;
    const policy = rolloutPolicy({ analysis: { onFailure: "hold" } });
    const state = active("stepping", { ...rolloutIn(at.stepping), verdict });
    const decision = passOn({ state, policy, observation: { commands: [order(verb)] } });
    expect(codesOf(decision)).toContain("order-refused");
    expect(rolloutIn(decision.state).step).toBe(1);
    expect(rolloutIn(decision.state).hold?.code).toBe("analysis-bad");
  });

  it("in full goes to the end", () => {
    const decision = passOn({ state: at.stepping, observation: { commands: [order("promote-full")] } });
    expect(decision.state.phase).toBe("finishing");
    expect(typesOf(decision)).toContain("continue-deployment");
  });
});

describe("pause and resume", () => {
  it("holds forward until resumed", () => {
    const state = active("stepping", { steps: [setWeight(10), setWeight(50)], step: 1, weight: 10 });
    const paused = passOn({ state, observation: { commands: [order("pause")] } });
    expect(typesOf(paused)).toEqual([]);
    expect(rolloutIn(paused.state).hold?.code).toBe("paused");
    const resumed = passOn({ state: paused.state, observation: { commands: [order("resume")] } });
    expect(typesOf(resumed)).toContain("set-weights");
  });
});

describe("undo and retry", () => {
  const good = past({ outcome: "promoted" });
  it("undo starts towards what stood before, without steps", () => {
    const decision = passOn({
      state: idle({ ...rested, past: [good] }),
      observation: { commands: [order("undo")] },
    });
    // The builders' service runs 7 already: the last good one is 7, so this is refused by the service itself.
    expect(codesOf(decision)).toContain("start-refused");
    const other = past({ outcome: "promoted", source: { taskDefinition: taskDefinition(6), images: [] } });
    const back = passOn({
      state: idle({ ...rested, past: [other] }),
      observation: { commands: [order("undo")] },
    });
    expect(back.state.phase).toBe("starting");
    expect(rolloutIn(back.state)).toMatchObject({
      steps: [],
      isAuto: false,
      target: { taskDefinition: taskDefinition(6) },
    });
    expect(rolloutIn(back.state).waived).toBeDefined();
  });

  it("undo beyond the window takes the steps", () => {
    const other = past({ outcome: "promoted", source: { taskDefinition: taskDefinition(6), images: [] } });
    const policy = rolloutPolicy({ rollbackWindow: 0 });
    const back = passOn({
      state: idle({ ...rested, past: [other] }),
      policy,
      observation: { commands: [order("undo")] },
    });
    expect(rolloutIn(back.state)).toMatchObject({ isAuto: true });
    expect(rolloutIn(back.state).waived).toBeUndefined();
  });

  it("retry starts the last target again", () => {
    const decision = passOn({
      state: idle({ ...rested, past: [past()] }),
      observation: { commands: [order("retry")] },
    });
    expect(rolloutIn(decision.state).target.taskDefinition).toBe(NEW);
  });

  it("retry of what was promoted is refused", () => {
    const decision = passOn({
      state: idle({ ...rested, past: [good] }),
      observation: { commands: [order("retry")] },
    });
    expect(codesOf(decision)).toContain("order-refused");
  });
});

describe("a newer start", () => {
  const newer = { commands: [order("start", { taskDefinition: "crane:9" })] };
  it.each([
    ["supersede", "aborting", true],
    ["queue", "stepping", true],
    ["refuse", "stepping", false],
  ] as const)("%s", (onNewer, phase, isWanted) => {
    const decision = passOn({ state: at.stepping, policy: rolloutPolicy({ onNewer }), observation: newer });
    expect(decision.state.phase).toBe(phase);
    expect(decision.state.wanted?.taskDefinition).toBe(isWanted ? "crane:9" : undefined);
  });
});

it("refuses starts where it may not act", () => {
  const commands = [order("start", { taskDefinition: "crane:8" })];
  for (const [policy, mayAct] of [
    [rolloutPolicy({ mode: "observe" }), true],
    [rolloutPolicy(), false],
    [rolloutPolicy({ dryRun: true }), true],
  ] as const) {
    const decision = passOn({ state: idle(rested), policy, observation: { commands, mayAct } });
    expect(decision.state.phase).toBe("idle");
    expect(codesOf(decision)).toContain("order-refused");
  }
});

it("remembers at most fifty", () => {
  const commands = Array.from({ length: 70 }, () => order("resume"));
  expect(passOn({ state: at.idle, observation: { commands } }).state.heard).toHaveLength(50);
});
