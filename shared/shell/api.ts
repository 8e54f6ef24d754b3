// The API over ports: looks at the table, writes orders into it and rings. It never calls ECS or a load
// balancer: what is ordered, the next pass does.

import type { Key } from "../base/keys.ts";
import type { Aggregate } from "../contracts/aggregate.ts";
import type { Mode } from "../contracts/policy.ts";
import type { ApiProblem, OrderAnswer, RolloutList } from "../contracts/rollout-api.ts";
import type { HistoryStore } from "../ports/state-store.ts";
import type { ApiRequest } from "./api-request.ts";
import { requestOf } from "./api-request.ts";
import { mapBounded } from "./bounded.ts";
import type { OperatorPorts } from "./operator.ts";
import { command } from "./operator.ts";
import { isRefusal, orderOf } from "./rollout-order.ts";
import { rolloutHistoryOf, rolloutSummaryOf, rolloutViewOf } from "./rollout-view.ts";

export interface ApiPorts extends OperatorPorts {
  readonly history: HistoryStore;
  /** What the installation may do at most. */
  readonly mode: Mode;
  /** `d-` and twelve hex digits, never the same twice. */
  readonly newDecisionId: () => string;
}

export interface ApiResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Throws only what is no caller's fault. */
export async function answerApi(event: unknown, ports: ApiPorts): Promise<ApiResponse> {
  const request = requestOf(event);
  switch (request.kind) {
    case "rejected":
      return problem(request);
    case "list":
      return json(200, await list(request, ports));
    case "get":
      return get(request.key, ports);
    case "history":
      return history(request, ports);
    case "order":
      return order(request, ports);
  }
}

/** No CORS header: no page of another origin reads an answer. What is answered is never kept. */
const HEADERS = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

const json = (statusCode: number, body: object): ApiResponse => ({
  statusCode,
  headers: HEADERS,
  body: JSON.stringify(body),
});

interface Problem {
  readonly status: number;
  readonly problem: ApiProblem;
  readonly allow?: string;
}

const problem = ({ status, problem: what, allow }: Problem): ApiResponse => {
  const answer = json(status, what);
  return allow === undefined ? answer : { ...answer, headers: { ...answer.headers, allow } };
};

const noRollouts = (key: Key): ApiProblem => ({
  error: "no-rollout-policy",
  message: `${key} has no rollout policy.`,
  remedy: "Add `rollout: {}` to its entry in the manifest and run `fairlead apply -f FILE`.",
});

/** DynamoDB takes many at once, the SDK keeps 50 sockets. */
const LOADS_AT_ONCE = 25;

async function list(
  { after, limit }: Extract<ApiRequest, { readonly kind: "list" }>,
  ports: ApiPorts,
): Promise<RolloutList> {
  const [page, control] = await Promise.all([
    ports.fleet.managedKeys({ limit, ...(after !== undefined && { after }) }),
    ports.fleet.control(),
  ]);
  const all = await mapBounded(page.items, LOADS_AT_ONCE, (key) => ports.store.load(key));
  return {
    at: ports.clock.now(),
    killSwitch: control.killSwitch,
    rollouts: all.flatMap((aggregate) => summaryOf(aggregate)),
    ...(page.next !== undefined && { next: page.next }),
  };
}

const summaryOf = (aggregate: Aggregate) =>
  aggregate.policy?.rollout === undefined ? [] : [rolloutSummaryOf(aggregate, aggregate.policy.rollout)];

async function get(key: Key, ports: ApiPorts): Promise<ApiResponse> {
  const [aggregate, control] = await Promise.all([ports.store.load(key), ports.fleet.control()]);
  const policy = aggregate.policy?.rollout;
  if (policy === undefined) return problem({ status: 404, problem: noRollouts(key) });
  const view = rolloutViewOf(aggregate, policy, ports.clock.now());
  return json(200, { ...view, killSwitch: control.killSwitch });
}

async function history(
  { key, limit }: Extract<ApiRequest, { readonly kind: "history" }>,
  ports: ApiPorts,
): Promise<ApiResponse> {
  const [aggregate, records] = await Promise.all([ports.store.load(key), ports.history.recent(key, limit)]);
  if (aggregate.policy?.rollout === undefined) return problem({ status: 404, problem: noRollouts(key) });
  return json(200, rolloutHistoryOf(aggregate, records, ports.clock.now()));
}

async function order(
  { key, verb, request, by }: Extract<ApiRequest, { readonly kind: "order" }>,
  ports: ApiPorts,
): Promise<ApiResponse> {
  const aggregate = await ports.store.load(key);
  const at = ports.clock.now();
  const id = ports.newDecisionId();
  const answer = orderOf({ aggregate, verb, request, by, at, id, installation: ports.mode });
  if (isRefusal(answer)) return problem(answer);
  await command(key, answer.command, ports);
  const { rollout, step, taskDefinition } = answer.command;
  const accepted: OrderAnswer = {
    decision: id,
    key,
    verb,
    by,
    ...(rollout !== undefined && { rollout }),
    ...(step !== undefined && { step }),
    ...(taskDefinition !== undefined && { taskDefinition }),
    next: answer.next,
  };
  return json(202, accepted);
}
