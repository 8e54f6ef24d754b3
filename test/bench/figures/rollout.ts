// P12: what one rollout of four steps costs, by driver: calls to ECS and ELB for each step and while it waits,
// the table, messages, passes, and the CPU of deciding. Exact counts in virtual time, but for the CPU.

import { minutes } from "../../../shared/base/time.ts";
import type { RolloutPolicy } from "../../../shared/contracts/rollout-policy.ts";
import { rollout } from "../../../shared/core/rollout/decide.ts";
import { callsByStep, rolloutCalls } from "../../simulation/rollouts/calls.ts";
import { begin, ended } from "../../simulation/rollouts/play.ts";
import type { Stage } from "../../simulation/rollouts/stage.ts";
import { createStage, only } from "../../simulation/rollouts/stage.ts";
import { rolloutOf } from "../../simulation/rollouts/trace.ts";
import type { Figure } from "../figure.ts";
import { figure } from "../figure.ts";
import type { Usage } from "../rig/rollout-meter.ts";
import { metered, noUsage } from "../rig/rollout-meter.ts";

const MOST_CALLS = 10;
const PAUSE_MS = minutes(20);
/** After a shift: what was written is looked at once more. */
const SETTLED_MS = minutes(3);
const KINDS = ["native", "strategy", "task-sets"] as const;
type Kind = (typeof KINDS)[number];

const STEPS: RolloutPolicy["steps"] = [
  { kind: "setWeight", weight: 25 },
  { kind: "pause", durationMs: PAUSE_MS },
  { kind: "setWeight", weight: 50 },
  { kind: "analysis", durationMs: minutes(2) },
];

export async function rolloutFigures(): Promise<readonly Figure[]> {
  const rows: Figure[] = [];
  for (const kind of KINDS) rows.push(...rowsOf(kind, await record(kind)));
  return rows;
}

interface Recorded {
  readonly stage: Stage;
  readonly usage: Usage;
  readonly decides: number;
  readonly decideMs: number;
  /** From the command to the end, in virtual time. */
  readonly minutes: number;
}

async function record(kind: Kind): Promise<Recorded> {
  const usage = noUsage();
  const stage = await createStage({
    seed: 12,
    services: [{ name: "web", kind, desiredCount: 3, policy: { steps: STEPS } }],
    mutate: (ports) => metered(ports, usage),
  });
  Object.assign(usage, noUsage());
  stage.calls.length = 0;
  const from = stage.world.kernel.now();
  const timed = decideTimed();
  try {
    await begin(stage);
    const { outcome } = await ended(stage);
    if (outcome !== "promoted") throw new Error(`${kind}: the recorded rollout was ${outcome}`);
  } finally {
    timed.restore();
  }
  const { decides, decideMs } = timed;
  return { stage, usage, decides, decideMs, minutes: (stage.world.kernel.now() - from) / minutes(1) };
}

/** The product's own capability, with a clock around it. */
function decideTimed(): { decides: number; decideMs: number; restore(): void } {
  const own = rollout as { decide: typeof rollout.decide };
  const { decide } = own;
  const timed = { decides: 0, decideMs: 0, restore: () => Object.assign(own, { decide }) };
  own.decide = (input) => {
    const before = process.cpuUsage();
    const decision = decide(input);
    const used = process.cpuUsage(before);
    timed.decides += 1;
    timed.decideMs += (used.user + used.system) / 1_000;
    return decision;
  };
  return timed;
}

/** Calls between the end of a shift and the end of the pause after it. */
function callsWhileWaiting(stage: Stage): number {
  const { key } = only(stage).scene;
  const steps = stage.trace.flatMap((step) =>
    step.kind === "commit" && step.key === key ? [{ at: step.at, step: rolloutOf(step.state)?.step }] : [],
  );
  const begun = steps.find(({ step }) => step === 1)?.at ?? Number.NaN;
  const [from, until] = [begun + SETTLED_MS, begun + PAUSE_MS - minutes(1)];
  return rolloutCalls(stage).filter(({ at }) => at >= from && at < until).length;
}

const counted = (names: readonly string[]): string =>
  [...Map.groupBy(names, (name) => name)].map(([name, all]) => `${all.length} ${name}`).join(", ");

function rowsOf(
  kind: Kind,
  { stage, usage, decides, decideMs, minutes: lasted }: Recorded,
): readonly Figure[] {
  const phases = [...callsByStep(stage)];
  const steps = phases.filter(([where]) => where.startsWith("step"));
  const told = phases.map(([where, names]) => `${where}: ${names.length} (${counted(names)})`).join("; ");
  const units = usage.writeUnits + usage.readUnits;
  const row = { id: "P12" } as const;
  return [
    figure({
      ...row,
      function: `${kind}: a step`,
      value: Math.max(...steps.map(([, names]) => names.length)),
      goal: MOST_CALLS,
      unit: "ECS and ELB calls at most",
      detail: told,
    }),
    figure({
      ...row,
      function: `${kind}: waiting`,
      value: callsWhileWaiting(stage),
      floor: 0,
      goal: 0,
      unit: "ECS and ELB calls",
    }),
    figure({
      ...row,
      function: `${kind}: table`,
      value: units,
      unit: "capacity units",
      detail: `${usage.writeUnits} written (${usage.commits} commits, ${usage.records} records of history, ${(usage.writtenBytes / 1_000).toFixed(0)} KB; state of at most ${(usage.stateBytes / 1_000).toFixed(1)} KB), ${usage.readUnits} read; ${(units / lasted).toFixed(1)} a minute over ${lasted.toFixed(0)} minutes, the feed's own among them`,
    }),
    figure({
      ...row,
      function: `${kind}: messages`,
      value: usage.messages,
      unit: "SQS messages",
      detail: `${usage.passes} passes, ${usage.feedPasses} of the feed, ${usage.metricReads} reads of metrics`,
    }),
    figure({
      ...row,
      function: `${kind}: decide`,
      value: decideMs / decides,
      unit: "CPU ms each",
      detail: `${decides} times, ${decideMs.toFixed(0)} CPU ms in all`,
    }),
  ];
}
