// The ports of rollouts for tests of the shell: everything answers, nothing happens, every call is told.

import { AppError } from "../../shared/base/errors.ts";
import type { ActPorts, ReadPorts } from "../../shared/shell/ports.ts";

export type Told = <T>(call: string, effect: () => T | Promise<T>) => Promise<T>;

type Reads = Pick<ReadPorts, "deployments" | "traffic" | "metrics">;
type Writes = Pick<ActPorts, "deployments" | "taskSets" | "traffic" | "notifier" | "webhooks">;

const absent = (what: string) => (): never => {
  throw new AppError("missing", `this test has no ${what}`);
};

export function rolloutPorts(told: Told): { readonly read: Reads; readonly act: Writes } {
  const nothing = () => undefined;
  return {
    read: {
      deployments: {
        service: () => told("service", absent("service")),
        deployment: () => told("deployment", nothing),
        revisions: () => told("revisions", () => []),
      },
      traffic: {
        rule: () => told("rule", absent("rule")),
        ruleOf: () => told("ruleOf", nothing),
        health: () => told("health", () => []),
      },
      metrics: { read: () => told("metrics", () => []) },
    },
    act: {
      deployments: {
        start: () => told("start", () => "deployment-1"),
        continue: () => told("continue", nothing),
        stop: () => told("stop", nothing),
      },
      taskSets: {
        create: () => told("create", () => "task-set-1"),
        scale: () => told("scale", nothing),
        setPrimary: () => told("setPrimary", nothing),
        delete: () => told("delete", nothing),
      },
      traffic: {
        setWeights: () => told("setWeights", nothing),
        setHeaderRoute: () => told("setHeaderRoute", nothing),
        removeHeaderRoutes: () => told("removeHeaderRoutes", nothing),
      },
      notifier: { notify: () => told("notify", nothing) },
      webhooks: { call: () => told("webhook", nothing) },
    },
  };
}
