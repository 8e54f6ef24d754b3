// What is broken in one local AWS: breaks by name, each until it is mended or its time is over.

import { AppError } from "../../shared/base/errors.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { addMs } from "../../shared/base/time.ts";
import type { World } from "../world/world.ts";
import type { ApiFaults } from "./api-faults.ts";
import { createApiFaults } from "./api-faults.ts";
import type { Break, Undo } from "./break.ts";
import type { Parameter, Typed } from "./parameters.ts";
import { FOR, readOptions } from "./parameters.ts";
import { BREAKS, breakNamed } from "./registry.ts";
import { serviceOf } from "./targets.ts";

export interface ActiveBreak {
  readonly name: string;
  readonly options: Typed;
  readonly since: EpochMs;
  readonly until: EpochMs | null;
  /** What was hit, where the options do not say it. */
  readonly struck: readonly string[];
}

export interface KnownBreak {
  readonly name: string;
  readonly does: string;
  readonly parameters: readonly Parameter[];
}

export interface Chaos {
  /** Asked before a call is served; throws what AWS would answer. */
  readonly api: ApiFaults;
  /** Throws an `input` AppError that says what can be done about it. */
  break(name: string, options?: Typed): ActiveBreak;
  /** Without a name: everything. */
  mend(name?: string): readonly ActiveBreak[];
  active(): readonly ActiveBreak[];
  known(): readonly KnownBreak[];
}

export interface ChaosOptions {
  /** Hears of everything that is broken and mended, by hand or by time. */
  readonly onChange?: (change: { readonly what: "broken" | "mended"; readonly broken: ActiveBreak }) => void;
}

interface Entry {
  readonly shown: ActiveBreak;
  readonly undo: Undo;
}

/** One break of a kind at a time for each service: two hands on one screw could not be told apart. */
const slotOf = ({ name, slot }: Break, { service = "" }: Typed): string => `${slot ?? name} ${service}`;

/** The service by its whole name, whatever was typed. */
function withWholeName(world: World, { parameters }: Break, typed: Typed): Typed {
  if (!parameters.some(({ kind }) => kind === "service")) return typed;
  const { cluster, service } = serviceOf(world, readOptions([...parameters, FOR], typed));
  return { ...typed, service: `${cluster}/${service}` };
}

function refuseTaken(found: Break, taken: ActiveBreak | undefined): void {
  if (taken === undefined) return;
  const where = taken.options["service"] === undefined ? "" : ` of ${taken.options["service"]}`;
  throw new AppError(
    "input",
    `${taken.name}${where} is active already: \`fairlead local mend ${taken.name}\` before ${found.name}`,
  );
}

export function createChaos(world: World, options: ChaosOptions = {}): Chaos {
  const { kernel } = world;
  const api = createApiFaults(kernel.chance);
  const entries = new Map<string, Entry>();
  const tell = options.onChange ?? (() => undefined);
  const end = (slot: string): ActiveBreak | undefined => {
    const entry = entries.get(slot);
    if (entry === undefined) return undefined;
    entries.delete(slot);
    entry.undo();
    tell({ what: "mended", broken: entry.shown });
    return entry.shown;
  };
  const begin = (found: Break, asked: Typed): ActiveBreak => {
    const typed = withWholeName(world, found, asked);
    const slot = slotOf(found, typed);
    refuseTaken(found, entries.get(slot)?.shown);
    const given = readOptions([...found.parameters, FOR], typed);
    const forMs = given.text("for") === undefined ? undefined : given.duration("for");
    const struck: string[] = [];
    const release = found.apply({ world, api, strikes: (what) => struck.push(what) }, given);
    const since = kernel.now();
    const until = forMs === undefined ? null : addMs(since, forMs);
    const cancel = until === null ? () => undefined : kernel.at(until, () => void end(slot));
    const shown: ActiveBreak = { name: found.name, options: typed, since, until, struck };
    const undo = (): void => {
      cancel();
      release();
    };
    entries.set(slot, { shown, undo });
    tell({ what: "broken", broken: shown });
    return shown;
  };
  return {
    api,
    break: (name, typed = {}) => begin(breakNamed(name), typed),
    mend: (name) => {
      if (name !== undefined) breakNamed(name);
      const slots = [...entries].filter(([, { shown }]) => name === undefined || shown.name === name);
      return slots.flatMap(([slot]) => end(slot) ?? []);
    },
    active: () => [...entries.values()].map(({ shown }) => shown),
    known: () =>
      BREAKS.map(({ name, does, parameters }) => ({ name, does, parameters: [...parameters, FOR] })),
  };
}
