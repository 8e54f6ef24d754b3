// Exhaustive crash points: a recorded rollout is repeated with a crash before, and after, each outward call of the
// product. Each run must end like the one without a crash.

import { describe, expect, it } from "vitest";
import { minutes } from "../../../shared/base/time.ts";
import type { Chaos } from "../process.ts";
import { begin, ended, look } from "./play.ts";
import type { Stage } from "./stage.ts";
import { createStage } from "./stage.ts";
import type { Behaviour } from "./versions.ts";

const KINDS = ["native", "task-sets"] as const;
/** `npm test` takes every so-manieth call; with FAIRLEAD_ALL_POINTS=1 all. */
const STRIDE = process.env["FAIRLEAD_ALL_POINTS"] === "1" ? 1 : 12;

interface Recorded {
  readonly stage: Stage;
  readonly ending: string;
  readonly first: number;
  readonly last: number;
}

async function record(
  kind: (typeof KINDS)[number],
  behaviour: Behaviour,
  crashPoint?: Chaos["crashPoint"],
): Promise<Recorded> {
  const policy = {
    steps: [
      { kind: "setWeight", weight: 25 },
      { kind: "pause", durationMs: minutes(1) },
    ],
  } as const;
  const service = { name: "web", kind, desiredCount: 2, requestsPerSecond: 3, policy };
  const stage = await createStage({ seed: 6, services: [service], ...(crashPoint && { crashPoint }) });
  const first = stage.chaos.calls + 1;
  await begin(stage, behaviour);
  const { outcome } = await ended(stage);
  const last = stage.chaos.calls;
  await stage.pass(minutes(6));
  const { groups, taskSets, deployments } = look(stage);
  const shape = {
    outcome,
    groups: groups.map(({ weight, healthy }) => [weight, healthy]),
    taskSets: taskSets.map(({ status, scale, running }) => [status, scale, running]),
    deployments: deployments.map(({ status }) => status),
    past: stage.state(stage.cast[0]?.scene.key as never).past.length,
  };
  return { stage, ending: JSON.stringify(shape), first, last };
}

describe.each(KINDS)("%s", (kind) => {
  it.each(["good", "failing"] as const)(
    "a %s version's rollout ends the same, wherever a function dies",
    async (behaviour) => {
      const whole = await record(kind, behaviour);
      expect(whole.stage.complaints).toEqual([]);
      const differing: string[] = [];
      for (let at = whole.first; at <= whole.last; at += STRIDE) {
        for (const side of ["before", "after"] as const) {
          const run = await record(kind, behaviour, { at, side }).catch((error: Error) => error);
          if (run instanceof Error) differing.push(`${side} call ${at}: ${run.message.slice(0, 400)}`);
          else if (run.ending !== whole.ending) differing.push(`${side} call ${at}: ${run.ending}`);
          else if (run.stage.complaints.length > 0)
            differing.push(`${side} call ${at}: ${run.stage.complaints[0]}`);
        }
      }
      expect(differing).toEqual([]);
    },
  );
});
