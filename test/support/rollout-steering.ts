// For the drivers' tests: one pass of a driver, with its questions answered from what a test lays out.

import type { EpochMs } from "../../shared/base/time.ts";
import type { Proposal, RolloutAction } from "../../shared/contracts/actions.ts";
import type { RolloutPolicy } from "../../shared/contracts/rollout-policy.ts";
import type { Driver, Steering, Wish } from "../../shared/core/rollout/driver.ts";
import type { RolloutAsk, RolloutObservation } from "../../shared/core/rollout/observation.ts";
import type { Rollout } from "../../shared/core/rollout/state.ts";
import { everything, KEY, NOW, observed, rolloutOf, rolloutPolicy, unread } from "./rollout-builders.ts";

export interface Scene {
  readonly rollout?: Partial<Rollout>;
  readonly policy?: Partial<RolloutPolicy>;
  readonly answers?: Partial<RolloutObservation>;
  readonly facts?: RolloutObservation["facts"];
  readonly now?: EpochMs;
}

export interface Steered extends Steering {
  readonly read: readonly RolloutAsk[];
}

/** As the shell does it: what is asked for is read, at most four times. */
export function steered(driver: Driver, wish: Wish, scene: Scene = {}): Steered {
  const answers = everything(scene.answers);
  const read: RolloutAsk[] = [];
  const input = {
    key: KEY,
    rollout: rolloutOf(scene.rollout),
    policy: rolloutPolicy(scene.policy),
    now: scene.now ?? NOW,
  };
  let observation = observed({ facts: scene.facts ?? [] });
  let answer = driver.steer({ ...input, observation }, wish);
  for (let round = 0; answer.asks.length > 0 && round < 4; round += 1) {
    const asks = answer.asks;
    read.push(...asks);
    observation = {
      ...observation,
      ...Object.fromEntries(asks.map((ask) => [ask, answers[ask] ?? unread("missing")])),
    };
    answer = driver.steer({ ...input, observation }, wish);
  }
  return { ...answer, read };
}

export const actionsOf = ({ proposals }: Steering): readonly RolloutAction[] =>
  proposals.map(({ action }) => action as RolloutAction);

export const typesOf = (answer: Steering): readonly string[] => actionsOf(answer).map(({ type }) => type);

export const codesOf = ({ reasons }: Steering): readonly string[] => reasons.map(({ code }) => code);

/** The weights that are proposed, if any. */
export const weightsOf = ({ proposals }: { readonly proposals: readonly Proposal[] }) =>
  proposals.flatMap(({ action }) => (action.type === "set-weights" ? [action] : []))[0];
