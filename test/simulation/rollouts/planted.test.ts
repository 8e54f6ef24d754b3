// The checkers on the running product: each planted bug in what the functions see or do must be complained of.
// Bugs that need no product are in checkers/planted.test.ts.

import { describe, expect, it } from "vitest";
import { minutes } from "../../../shared/base/time.ts";
import type { Command } from "../../../shared/contracts/policy.ts";
import type { AllPorts } from "../pipeline.ts";
import { give } from "./operator.ts";
import { atWeight, begin, current } from "./play.ts";
import type { Kind } from "./scene.ts";
import type { Stage } from "./stage.ts";
import { createStage, only } from "./stage.ts";
import type { Behaviour } from "./versions.ts";

interface Mutant {
  readonly bug: string;
  readonly caughtBy: RegExp;
  readonly kind: Kind;
  readonly behaviour?: Behaviour;
  readonly requestsPerSecond?: number;
  readonly mutate: (ports: AllPorts) => AllPorts;
  /** What happens besides a rollout that runs for half an hour. */
  readonly meanwhile?: (stage: Stage) => Promise<void>;
}

const isAbort = (command: Command): boolean => command.type === "rollout" && command.verb === "abort";

const withTraffic = (ports: AllPorts, change: Partial<AllPorts["read"]["traffic"]>): AllPorts => ({
  ...ports,
  read: { ...ports.read, traffic: { ...ports.read.traffic, ...change } },
});

/** Shared by all functions: what one wrote to nowhere the others read. */
function believer(): Mutant["mutate"] {
  let asked: Readonly<Record<string, number>> | undefined;
  return (ports) => {
    const believing = withTraffic(ports, {
      rule: async (arn) => {
        const view = await ports.read.traffic.rule(arn);
        return asked === undefined ? view : { ...view, weights: asked };
      },
    });
    const setWeights: AllPorts["act"]["traffic"]["setWeights"] = async ({ weights }) => {
      asked = weights;
    };
    return { ...believing, act: { ...ports.act, traffic: { ...ports.act.traffic, setWeights } } };
  };
}

const mutants: readonly Mutant[] = [
  {
    bug: "rounds every weight down",
    caughtBy: /S2: wrote weights/,
    kind: "native",
    mutate: (ports) => ({
      ...ports,
      act: {
        ...ports.act,
        traffic: {
          ...ports.act.traffic,
          setWeights: (change) => {
            const lower = Object.entries(change.weights).map(([group, weight]) => [
              group,
              Math.max(0, weight - 1),
            ]);
            return ports.act.traffic.setWeights({ ...change, weights: Object.fromEntries(lower) });
          },
        },
      },
    }),
  },
  {
    bug: "acts before its intent is durable",
    caughtBy: /S9: .*without a durable intent/,
    kind: "task-sets",
    mutate: (ports) => ({
      ...ports,
      store: {
        ...ports.store,
        commit: (key, expected, next) => ports.store.commit(key, expected, { ...next, intents: [] }),
      },
    }),
  },
  {
    bug: "does not hear an abort",
    caughtBy: /S10: .*after the abort/,
    kind: "native",
    mutate: (ports) => ({
      ...ports,
      store: {
        ...ports.store,
        load: async (key) => {
          const aggregate = await ports.store.load(key);
          return { ...aggregate, commands: aggregate.commands.filter((command) => !isAbort(command)) };
        },
        readOrders: async (key) => {
          const orders = await ports.store.readOrders(key);
          return { ...orders, commands: orders.commands.filter((command) => !isAbort(command)) };
        },
      },
    }),
    meanwhile: async (stage) => {
      await atWeight(stage, 5);
      await give(stage, only(stage).scene.key, { verb: "abort", rollout: current(stage).id });
    },
  },
  {
    bug: "takes every target and task set for healthy",
    caughtBy: /S[23]: /,
    kind: "task-sets",
    behaviour: "never-healthy",
    mutate: (ports) => {
      const traffic = withTraffic(ports, {
        health: async (arns) =>
          arns.map((targetGroupArn) => ({ targetGroupArn, healthy: 9, unhealthy: 0, other: 0 })),
      });
      const service: AllPorts["read"]["deployments"]["service"] = async (cluster, name) => {
        const view = await ports.read.deployments.service(cluster, name);
        const taskSets = view.taskSets.map((set) => ({
          ...set,
          stability: "STEADY_STATE",
          running: set.computedDesired,
          pending: 0,
        }));
        return { ...view, taskSets };
      };
      return { ...traffic, read: { ...traffic.read, deployments: { ...ports.read.deployments, service } } };
    },
  },
  {
    bug: "believes that the new set has all traffic",
    caughtBy: /S[15]: /,
    kind: "task-sets",
    // With requests the old set would be left alone: their count is looked at too.
    requestsPerSecond: 0,
    mutate: believer(),
  },
  {
    bug: "counts every request ten times",
    caughtBy: /S14: judged \d+ requests/,
    kind: "native",
    mutate: (ports) => ({
      ...ports,
      read: {
        ...ports.read,
        metrics: {
          read: async (queries, window) => {
            const read = await ports.read.metrics.read(queries, window);
            return read.map((one) => ({
              ...one,
              points: one.points.map(([at, value]) => [at, value * 10] as const),
            }));
          },
        },
      },
    }),
  },
];

describe.each(mutants)("a product that $bug", ({ caughtBy, kind, behaviour, mutate, ...rest }) => {
  it("is caught", async () => {
    const { requestsPerSecond = 8, meanwhile } = rest;
    const services = [{ name: "web", kind, desiredCount: 3, requestsPerSecond }];
    const stage = await createStage({ seed: 8, services, mutate });
    await begin(stage, behaviour ?? "good");
    await meanwhile?.(stage);
    await stage.pass(minutes(30));
    expect(stage.complaints.join("\n")).toMatch(caughtBy);
  });
});
