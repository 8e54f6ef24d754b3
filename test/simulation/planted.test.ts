// The checkers, checked: each planted bug must be seen by some seed, or the simulation proves nothing.

import { describe, expect, it } from "vitest";
import type { AllPorts } from "./pipeline.ts";
import { runSeed } from "./run.ts";

interface Mutant {
  readonly bug: string;
  readonly caughtBy: RegExp;
  readonly mutate: (ports: AllPorts) => AllPorts;
}

const mutants: readonly Mutant[] = [
  {
    bug: "takes other owners' instances for its own",
    caughtBy: /touched/,
    mutate: (ports) => ({
      ...ports,
      read: {
        ...ports.read,
        registry: {
          ...ports.read.registry,
          instances: async (service) => {
            const listed = await ports.read.registry.instances(service);
            const mark = listed
              .map((one) => one.attributes["fairlead.owner"])
              .find((owner) => owner?.startsWith("sim:"));
            return listed.map((one) => ({
              ...one,
              attributes: { ...one.attributes, "fairlead.owner": mark ?? "" },
            }));
          },
        },
      },
    }),
  },
  {
    bug: "acts before its intent is durable",
    caughtBy: /without a durable intent/,
    mutate: (ports) => ({
      ...ports,
      store: {
        ...ports.store,
        commit: (key, expected, next) => ports.store.commit(key, expected, { ...next, intents: [] }),
      },
    }),
  },
  {
    bug: "removes the last that answers",
    caughtBy: /the last that answers/,
    mutate: (ports) => ({
      ...ports,
      store: {
        ...ports.store,
        load: async (key) => {
          const aggregate = await ports.store.load(key);
          const discovery = aggregate.policy?.discovery;
          return discovery === undefined
            ? aggregate
            : { ...aggregate, policy: { discovery: { ...discovery, force: true } } };
        },
      },
    }),
  },
  {
    bug: "never sees that a registry moved",
    caughtBy: /lacks|still has/,
    mutate: (ports) => ({
      ...ports,
      read: { ...ports.read, registry: { ...ports.read.registry, revision: async () => 1 } },
    }),
  },
  {
    bug: "sweeps nothing",
    caughtBy: /lacks|still has/,
    mutate: (ports) => ({
      ...ports,
      fleet: { ...ports.fleet, managedKeys: async () => ({ items: [], next: undefined }) },
    }),
  },
  {
    bug: "never wakes itself",
    caughtBy: /lacks|still has|not silent/,
    mutate: (ports) => ({
      ...ports,
      delay: { wakeLater: async () => undefined },
      timers: { due: async () => [] },
      fleet: { ...ports.fleet, managedKeys: async () => ({ items: [], next: undefined }) },
    }),
  },
];

const MOST_SEEDS = 60;

describe.each(mutants)("a function that $bug", ({ caughtBy, mutate }) => {
  it("is caught", async () => {
    const said: string[] = [];
    for (let seed = 1; seed <= MOST_SEEDS && !said.some((fault) => caughtBy.test(fault)); seed += 1) {
      said.push(...(await runSeed({ seed, mutate })).faults);
    }
    expect(
      said.some((fault) => caughtBy.test(fault)),
      said.slice(0, 5).join("\n") || "nothing was found",
    ).toBe(true);
  });
});
