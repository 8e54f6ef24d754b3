// Every invariant that holds at each step of a rollout's trace. Names as in the project's list: S = always.

import type { Invariant } from "../trace.ts";
import { abortsHeard, noneForward } from "./abort.ts";
import { countUntouched, enoughCapacity, nothingServingGoes } from "./capacity.ts";
import { intentFirst, oneEffect } from "./effects.ts";
import { freshOnly } from "./metrics.ts";
import { alongThePlan } from "./plan.ts";
import { oneAtATime, oneWriter } from "./rollouts.ts";
import { steadyFirst, wholeWeights } from "./weights.ts";

export const INVARIANTS: readonly Invariant[] = [
  enoughCapacity,
  wholeWeights,
  steadyFirst,
  alongThePlan,
  nothingServingGoes,
  oneAtATime,
  oneWriter,
  oneEffect,
  intentFirst,
  noneForward,
  countUntouched,
  freshOnly,
  abortsHeard,
];
