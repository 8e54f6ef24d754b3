// What a break is: one thing that goes wrong in the local AWS on command, and how it is taken back.

import type { World } from "../world/world.ts";
import type { ApiFaults } from "./api-faults.ts";
import type { Given, Parameter } from "./parameters.ts";

export interface ChaosContext {
  readonly world: World;
  readonly api: ApiFaults;
  /** Names what is hit where the options do not say it: a host's id, a number of tasks. */
  strikes(what: string): void;
}

/** Takes back what can be taken back: what has died stays dead, and its service replaces it. */
export type Undo = () => void;

export interface Break {
  readonly name: string;
  /** One sentence, for people. */
  readonly does: string;
  readonly parameters: readonly Parameter[];
  /** Breaks of the same slot turn the same screw: one at a time for each service. Default: the name. */
  readonly slot?: string;
  /** Throws an `input` AppError, and has done nothing, when it cannot be applied. */
  readonly apply: (context: ChaosContext, given: Given) => Undo;
}
