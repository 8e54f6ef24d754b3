// The API over a store in memory, asked as a Function URL asks it.

import { createMemoryStores } from "../../local/faces/ports/memory-store.ts";
import { minutes } from "../../shared/base/time.ts";
import type { Json } from "../../shared/contracts/aggregate.ts";
import type { Doorbell } from "../../shared/contracts/doorbells.ts";
import type { RolloutCommand, RolloutVerb } from "../../shared/contracts/policy.ts";
import type { RolloutPolicy } from "../../shared/contracts/rollout-policy.ts";
import type { PastRollout, RolloutState } from "../../shared/core/rollout/state.ts";
import type { ApiPorts } from "../../shared/shell/api.ts";
import { answerApi } from "../../shared/shell/api.ts";
import { active, KEY, NEW, NOW, OLD, rolloutPolicy } from "./rollout-builders.ts";

export const ADA = "arn:aws:iam::111122223333:user/ada";
export const GRACE = "arn:aws:sts::111122223333:assumed-role/Release/grace";

export interface Stage {
  readonly ports: ApiPorts;
  readonly rung: Doorbell[];
}

export async function stage(state: RolloutState, policy?: Partial<RolloutPolicy> | null): Promise<Stage> {
  const { state: store, fleet, history } = createMemoryStores();
  const rung: Doorbell[] = [];
  await fleet.putPolicy(KEY, policy === null ? {} : { rollout: rolloutPolicy(policy ?? {}) });
  const { state: empty } = await store.load(KEY);
  const capabilities = { rollout: state as unknown as Json }; // -- reason: plain data, as the store keeps it
  await store.commit(KEY, 0, { ...empty, version: 1, capabilities, decidedAt: NOW });
  const ports: ApiPorts = {
    store,
    fleet,
    history,
    work: {
      ring: async (doorbells) => {
        rung.push(...doorbells);
        return [];
      },
    },
    clock: { now: () => NOW },
    mode: "act",
    newDecisionId: () => "d-0123456789ab",
  };
  return { ports, rung };
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly by?: string | undefined;
  readonly body?: unknown;
  readonly text?: string;
  readonly base64?: boolean;
  readonly type?: string;
  readonly query?: Record<string, string>;
}

const eventOf = ({ method = "GET", path = `/rollouts/${KEY}`, by = ADA, ...sent }: Sent) => ({
  version: "2.0",
  rawPath: path,
  headers: { "content-type": sent.type ?? "application/json", "x-amzn-user": "root" },
  ...(sent.query && { queryStringParameters: sent.query }),
  requestContext: {
    ...(by !== "" && { authorizer: { iam: { userArn: by, accountId: "111122223333" } } }),
    http: { method, path },
  },
  body: sent.text ?? JSON.stringify(sent.body ?? {}),
  isBase64Encoded: sent.base64 ?? false,
});

export async function ask(ports: ApiPorts, sent: Sent) {
  const { statusCode, headers, body } = await answerApi(eventOf(sent), ports);
  return { statusCode, headers, body: JSON.parse(body) as Record<string, unknown> };
}

export const order = (verb: RolloutVerb, more: Sent = {}): Sent => ({
  method: "POST",
  path: `/rollouts/${KEY}/${verb}`,
  ...more,
});

export const commandsOf = async ({ ports }: Stage) =>
  (await ports.store.load(KEY)).commands as readonly RolloutCommand[];

export const approveStep = { kind: "approve", expiresMs: minutes(60) } as const;
export const awaiting = () => active("stepping", { author: ADA, steps: [approveStep], step: 0 });
export const past = (outcome: PastRollout["outcome"]): PastRollout => ({
  id: "r-11111111",
  outcome,
  driver: "native",
  author: ADA,
  target: { taskDefinition: NEW, images: [] },
  source: { taskDefinition: OLD, images: [] },
  startedAt: NOW,
  endedAt: NOW,
  step: 1,
  steps: 3,
  weight: 10,
  reason: "It is over.",
});
