// Short sentences for scripted rollouts: begin one, wait for something, look at it.

import { minutes, seconds } from "../../../shared/base/time.ts";
import type { PastRollout, Rollout } from "../../../shared/core/rollout/state.ts";
import { give } from "./operator.ts";
import type { GroupNow, ServiceNow } from "./snapshot.ts";
import { groupsOf, snapshot } from "./snapshot.ts";
import type { Cast, Stage } from "./stage.ts";
import { only } from "./stage.ts";
import { rolloutOf } from "./trace.ts";
import type { Behaviour } from "./versions.ts";
import { release } from "./versions.ts";

export interface Wait {
  readonly limitMs?: number;
  readonly for?: string;
}

const LONG_MS = minutes(90);

/** Looks once a second; throws with what the rollout says of itself. */
export async function until(stage: Stage, holds: () => boolean, wait: Wait = {}): Promise<void> {
  const { limitMs = LONG_MS } = wait;
  for (let passed = 0; !holds(); passed += 1_000) {
    if (passed > limitMs) throw new Error(`${wait.for ?? "it"} did not come: ${tell(stage)}`);
    await stage.pass(seconds(1));
  }
}

export const tell = (stage: Stage): string =>
  stage.cast
    .map(({ scene }) => {
      const state = stage.state(scene.key);
      const reasons = stage.keyState(scene.key)?.reasons["rollout"] ?? [];
      const weights = groupsOf(stage.world, scene).map(({ weight, healthy }) => `${weight}% on ${healthy}`);
      return JSON.stringify({
        name: scene.name,
        weights,
        phase: state.phase,
        rollout: briefOf(rolloutOf(state)),
        past: state.past[0],
        reasons,
      });
    })
    .join("\n");

const briefOf = (rollout: Rollout | undefined) =>
  rollout && { ...rollout, analysis: undefined, verdict: rollout.verdict?.text, places: undefined };

/** A command to start; waits until it is heard. */
export async function begin(
  stage: Stage,
  behaviour: Behaviour = "good",
  cast: Cast = only(stage),
): Promise<string> {
  const taskDefinition = release(stage.world, cast.scene, behaviour);
  const id = await give(stage, cast.scene.key, { verb: "start", taskDefinition });
  await until(
    stage,
    () => stage.state(cast.scene.key).heard.includes(id) || stage.state(cast.scene.key).wanted !== undefined,
    {
      limitMs: minutes(3),
      for: "an answer to the start",
    },
  );
  return taskDefinition;
}

export const current = (stage: Stage, cast: Cast = only(stage)): Rollout => {
  const rollout = rolloutOf(stage.state(cast.scene.key));
  if (rollout === undefined) throw new Error(`no rollout: ${tell(stage)}`);
  return rollout;
};

export const look = (stage: Stage, cast: Cast = only(stage)): ServiceNow => snapshot(stage.world, cast.scene);

/** The group that does not hold the traffic at the start is where the first new revision goes. */
export const shareOf = (stage: Stage, group: "blue" | "green", cast: Cast = only(stage)): number =>
  groupNow(stage, group, cast)?.weight ?? 0;

export const groupNow = (
  stage: Stage,
  group: "blue" | "green",
  { scene }: Cast = only(stage),
): GroupNow | undefined => groupsOf(stage.world, scene).find(({ arn }) => arn === scene.traffic?.[group]);

export const atWeight = (stage: Stage, weight: number, cast: Cast = only(stage)): Promise<void> =>
  until(stage, () => shareOf(stage, "green", cast) >= weight, { for: `${weight} % on green` });

/** Until the rollout under way, or the next one, is over. */
export async function ended(stage: Stage, cast: Cast = only(stage)): Promise<PastRollout> {
  const { key } = cast.scene;
  const isOver = (): boolean => {
    const state = stage.state(key);
    return state.phase === "idle" && state.wanted === undefined && state.past.length > 0;
  };
  await until(stage, isOver, { for: "an end" });
  const [last] = stage.state(key).past;
  if (last === undefined) throw new Error("unreachable: a past rollout was there");
  return last;
}

/** The last reasons of the service's rollout, as `fairlead why` prints them. */
export const reasonsOf = (stage: Stage, cast: Cast = only(stage)): string =>
  (stage.keyState(cast.scene.key)?.reasons["rollout"] ?? [])
    .map(({ code, text }) => `${code}: ${text}`)
    .join("\n");
