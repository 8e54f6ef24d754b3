// Modelled applications: what the programs in the virtual ECS's tasks would answer to load balancers. One
// model for everything until a service, family, task definition or task is given another.

import type { Prng } from "../../shared/base/prng.ts";
import { prng } from "../../shared/base/prng.ts";
import type { DurationMs } from "../../shared/base/time.ts";
import { millis } from "../../shared/base/time.ts";
import type { Backends, HealthProbe, ModelledAnswer, ModelledRequest, ProbeResult } from "./backends.ts";
import type { Target } from "./balancing.ts";
import type { Endpoint } from "./ecs/endpoints.ts";
import type { Kernel } from "./kernel.ts";

export interface ApplicationModel {
  /** The share of requests, 0 to 1, that fails with `errorCode`. Health probes do not fail by it. */
  readonly errorRate: number;
  readonly errorCode: number;
  readonly statusCode: number;
  /** Half of the answers take less. The logarithm of the time is normally distributed. */
  readonly medianMs: number;
  /** 99 of 100 answers take less; equal to the median = every answer takes that long. */
  readonly p99Ms: number;
  /** From the start of the container until it listens. */
  readonly readyAfterMs: number;
  /** What a probe's path is answered with; default: 200 for every path. */
  readonly health: (path: string) => number | "no-answer";
  /** On SIGTERM: `drops` ends at once and breaks open requests, `finishes` answers them first. */
  readonly onStop: "drops" | "finishes";
}

const ORDINARY: ApplicationModel = {
  errorRate: 0,
  errorCode: 500,
  statusCode: 200,
  medianMs: 20,
  p99Ms: 120,
  readyAfterMs: 0,
  health: () => 200,
  onStop: "drops",
};

/** The narrowest one that is set wins: task, task definition, family, service, everything. */
export type ApplicationScope =
  | { readonly taskId: string }
  | { readonly taskDefinitionArn: string }
  | { readonly family: string }
  | { readonly service: string; readonly cluster?: string }
  | { readonly everything: true };

export interface Applications extends Backends {
  /** Adds to what the scope had; undefined takes the scope's model away. Effective at once. */
  set(scope: ApplicationScope, change: Partial<ApplicationModel> | undefined): void;
}

export interface EndpointSource {
  taskAt(id: string, port: number): Endpoint | undefined;
  /** Whether packets to the address go nowhere. */
  isSilent(id: string): boolean;
}

export function createApplications(kernel: Kernel, source: EndpointSource): Applications {
  const models = new Map<string, Partial<ApplicationModel>>();
  const resolved = new Map<string, ApplicationModel>();
  let chance: Prng | undefined;
  const draws = (): Prng => {
    chance ??= prng(kernel.chance.int(0, 0x7fff_ffff));
    return chance;
  };
  const modelOf = (endpoint: Endpoint): ApplicationModel => {
    const known = resolved.get(endpoint.taskArn);
    if (known !== undefined) return known;
    const model = Object.assign({ ...ORDINARY }, ...scopesOf(endpoint).map((scope) => models.get(scope)));
    resolved.set(endpoint.taskArn, model as ApplicationModel);
    return model as ApplicationModel;
  };
  /** undefined: nothing listens there, or not yet. */
  const listening = (id: string, port: number): Endpoint | undefined => {
    const endpoint = source.taskAt(id, port);
    if (endpoint === undefined) return undefined;
    return kernel.now() - endpoint.startedAt >= modelOf(endpoint).readyAfterMs ? endpoint : undefined;
  };
  return {
    set: (scope, change) => {
      const key = scopeKey(scope);
      resolved.clear();
      if (change === undefined) models.delete(key);
      else models.set(key, { ...models.get(key), ...change });
    },
    probe: (target, probe, done) => {
      const endpoint = listening(target.id, probe.port);
      if (endpoint === undefined && !source.isSilent(target.id)) return done({ kind: "refused" });
      const late = (): void => done({ kind: "timed-out" });
      const result = endpoint && probeResult(modelOf(endpoint), probe, draws());
      if (result !== undefined) return done(result);
      kernel.after(millis(probe.timeoutMs), late);
    },
    answer: (target, _request: ModelledRequest) => {
      const endpoint = listening(target.id, target.port);
      if (endpoint === undefined) return source.isSilent(target.id) ? SILENT : REFUSED;
      return answerOf(modelOf(endpoint), draws(), endpoint.taskArn);
    },
    finishes: (target: Target, program: string) =>
      source.taskAt(target.id, target.port)?.taskArn === program ||
      resolved.get(program)?.onStop === "finishes",
  };
}

const REFUSED: ModelledAnswer = { kind: "refused" };
const SILENT: ModelledAnswer = { kind: "silent" };

/** undefined: no answer in time. */
function probeResult(model: ApplicationModel, probe: HealthProbe, chance: Prng): ProbeResult | undefined {
  if (probe.protocol === "TCP") return { kind: "connected" };
  const statusCode = model.health(probe.path);
  if (statusCode === "no-answer" || latencyMs(model, chance) >= probe.timeoutMs) return undefined;
  return { kind: "answered", statusCode };
}

function answerOf(model: ApplicationModel, chance: Prng, program: string): ModelledAnswer {
  const fails = model.errorRate > 0 && chance.chance(model.errorRate);
  const statusCode = fails ? model.errorCode : model.statusCode;
  return { kind: "answered", statusCode, afterMs: latencyMs(model, chance), program };
}

/** The 99th percentile of the standard normal distribution. */
const Z99 = 2.326_347_874;

function latencyMs(model: ApplicationModel, chance: Prng): DurationMs {
  const { medianMs, p99Ms } = model;
  if (medianMs <= 0 || p99Ms <= medianMs) return millis(Math.max(0, medianMs));
  const sigma = Math.log(p99Ms / medianMs) / Z99;
  return millis(medianMs * Math.exp(sigma * standardNormal(chance)));
}

/** Box and Muller; one of the two values is enough. */
function standardNormal(chance: Prng): number {
  return Math.sqrt(-2 * Math.log(1 - chance.next())) * Math.cos(2 * Math.PI * chance.next());
}

function scopeKey(scope: ApplicationScope): string {
  if ("taskId" in scope) return `task ${scope.taskId}`;
  if ("taskDefinitionArn" in scope) return `definition ${scope.taskDefinitionArn}`;
  if ("family" in scope) return `family ${scope.family}`;
  if ("service" in scope) return `service ${scope.cluster ?? "default"}/${scope.service}`;
  return "everything";
}

/** From the widest to the narrowest. */
function scopesOf(endpoint: Endpoint): readonly string[] {
  const { serviceName, clusterName } = endpoint;
  return [
    "everything",
    ...(serviceName === undefined ? [] : [`service ${clusterName}/${serviceName}`]),
    `family ${endpoint.family}`,
    `definition ${endpoint.taskDefinitionArn}`,
    `task ${endpoint.taskId}`,
  ];
}
