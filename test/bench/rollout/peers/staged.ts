// What most tools have in common: weights by the clock, and one condition that ends it.

import type { Algorithm, Move, Run, Setting, View } from "../replay.ts";

export interface Stage {
  readonly weight: number;
  readonly seconds: number;
}

export interface Staged {
  readonly name: string;
  readonly source: string;
  readonly stages: readonly Stage[];
  /** Made anew for each run; asked every tick. */
  readonly breach: (setting: Setting) => (view: View) => boolean;
}

export function staged({ name, source, stages, breach }: Staged): Algorithm {
  return {
    name,
    source,
    role: "peer",
    begin: (setting): Run => {
      const isBreached = breach(setting);
      return { firstWeight: stages[0]?.weight ?? 100, step: (view) => stepOf(view, stages, isBreached) };
    },
  };
}

function stepOf(view: View, stages: readonly Stage[], isBreached: (view: View) => boolean): Move | undefined {
  if (isBreached(view)) return "rollback";
  let end = 0;
  for (const { weight, seconds } of stages) {
    end += seconds;
    if (view.now < end) return weight === view.weight ? undefined : { weight };
  }
  return "promote";
}

/** Equal parts up to the whole: 10 % each 6 minutes = nine waits, then everything. */
export const linear = (percent: number, seconds: number): readonly Stage[] =>
  Array.from({ length: Math.ceil(100 / percent) - 1 }, (_, index) => ({
    weight: (index + 1) * percent,
    seconds,
  }));
