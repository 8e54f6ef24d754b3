// The rollouts of `fairlead local`: the operator's desk that the demo plays at, and its three acts.

import { randomUUID } from "node:crypto";
import type { Demo } from "../local/scenario/demo.ts";
import { CLUSTER } from "../local/scenario/fleet.ts";
import type { Desk, Look, Played } from "../local/scenario/rollout/play.ts";
import { play } from "../local/scenario/rollout/play.ts";
import { SHOP } from "../local/scenario/rollout/shop.ts";
import { openShop, shopPolicies } from "../local/scenario/rollout/stage.ts";
import { keyOf } from "../shared/base/keys.ts";
import type { RolloutCommand } from "../shared/contracts/policy.ts";
import { applyPolicies, command } from "../shared/shell/operator.ts";
import { rolloutStateOf } from "../shared/shell/rollout-view.ts";
import type { Installation } from "./installation.ts";

export interface RolloutShowOptions {
  readonly requests: number;
  readonly signal: AbortSignal;
  readonly onStep: (text: string) => void;
  readonly onError: (error: unknown) => void;
}

export interface Show {
  readonly played: Played;
  /** Until then the shop has customers. */
  close(): Promise<void>;
}

export async function showRollouts(
  demo: Demo,
  installation: Installation,
  options: RolloutShowOptions,
): Promise<Show> {
  const { account, region } = demo.place;
  await applyPolicies(await shopPolicies({ account, region }), installation);
  const stage = await openShop(demo, options);
  if (typeof stage === "string") return { played: { failures: [stage] }, close: async () => undefined };
  options.onStep(`the shop is open at ${stage.url}, under load`);
  try {
    const { clients } = demo;
    const desk = deskOf(demo, installation);
    const played = await play({ ...options, clients, customers: stage.customers, desk });
    if (!options.signal.aborted) await stage.afterwards();
    return { played, close: () => stage.close() };
  } catch (error) {
    await stage.close();
    throw error;
  }
}

function deskOf({ place: { account, region } }: Demo, installation: Installation): Desk {
  const key = keyOf({ kind: "service", account, region, cluster: CLUSTER, name: SHOP });
  const say = (word: Pick<RolloutCommand, "verb" | "taskDefinition">) => {
    const id = `d-${randomUUID().replaceAll("-", "").slice(0, 12)}`;
    return command(
      key,
      { type: "rollout", id, by: "demo", at: installation.clock.now(), ...word },
      installation,
    );
  };
  return {
    start: (taskDefinition) => say({ verb: "start", taskDefinition }),
    abort: () => say({ verb: "abort" }),
    look: async () => {
      const { state } = await installation.store.load(key);
      return lookOf(rolloutStateOf({ state }), state.reasons["rollout"]?.[0]?.text ?? "");
    },
  };
}

function lookOf(state: ReturnType<typeof rolloutStateOf>, reason: string): Look {
  const [past] = state.past;
  return {
    phase: state.phase,
    weight: state.phase === "idle" ? 0 : state.rollout.weight,
    reason,
    ...(past !== undefined && {
      last: {
        taskDefinition: past.target.taskDefinition,
        outcome: past.outcome,
        verdict: past.verdict?.text ?? past.reason,
      },
    }),
  };
}
