// What the CLI and a running local AWS say to each other about breaks: JSON over its loopback port.

import type { ActiveBreak, KnownBreak } from "./chaos.ts";
import type { Typed } from "./parameters.ts";

export const CHAOS_PATH = "/_local/chaos";

/** What GET answers. */
export interface ChaosView {
  readonly known: readonly KnownBreak[];
  readonly active: readonly ActiveBreak[];
}

/** What POST takes. */
export type ChaosOrder =
  | { readonly action: "break"; readonly name: string; readonly options: Typed }
  | { readonly action: "mend"; readonly name?: string };

/** What POST answers: what was broken or mended, or why not. */
export interface ChaosAnswer {
  readonly changed?: readonly ActiveBreak[];
  readonly error?: string;
}
