// Plain values that the contract suites store and send.

import type { Key } from "../../shared/base/keys.ts";
import { keyOf } from "../../shared/base/keys.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs, millis, minutes } from "../../shared/base/time.ts";
import type { Proposal } from "../../shared/contracts/actions.ts";
import type { DecisionRecord, KeyState } from "../../shared/contracts/aggregate.ts";
import type { TaskFact } from "../../shared/contracts/facts.ts";
import type { ServicePolicy } from "../../shared/contracts/policy.ts";

export const START: EpochMs = epochMs(Date.UTC(2026, 0, 2, 3, 4, 5));

export const serviceKey = (name: string): Key =>
  keyOf({ kind: "service", account: "111122223333", region: "us-east-1", cluster: "prod", name });

export const taskFact = (taskId: string, version = 1): TaskFact => ({
  kind: "task",
  taskArn: `arn:aws:ecs:us-east-1:111122223333:task/prod/${taskId}`,
  taskId,
  version,
  group: "service:web",
  clusterArn: "arn:aws:ecs:us-east-1:111122223333:cluster/prod",
  taskDefinitionArn: "arn:aws:ecs:us-east-1:111122223333:task-definition/web:7",
  lastStatus: "RUNNING",
  desiredStatus: "RUNNING",
  health: "HEALTHY",
  launchType: "FARGATE",
  interfaces: [{ eniId: `eni-${taskId}`, subnetId: "subnet-1", ipv4: "10.0.0.1" }],
  containers: [{ name: "app", lastStatus: "RUNNING", bindings: [], digest: "sha256:0" }],
  at: START,
  via: "event",
});

const proposal = (id: string): Proposal => ({
  id,
  capability: "discovery",
  field: `registry/srv-1/${id}`,
  action: { type: "deregister-instance", registry: "srv-1", instanceId: id },
  reason: {
    code: "task-stopping",
    text: "The task is leaving – ciao, 再见.",
    inputs: { taskId: id, share: 0.25 },
  },
});

export const stateOf = (version: number, changes: Partial<KeyState> = {}): KeyState => ({
  version,
  tasks: { a: taskFact("a", version) },
  capabilities: { discovery: { instances: { a: { phase: "registered", operation: null } } } },
  intents: [proposal("a")],
  awaiting: [],
  reasons: { discovery: [{ code: "settled", text: "Nothing to do." }] },
  decidedAt: START,
  failures: 0,
  ...changes,
});

export const policy: ServicePolicy = {
  discovery: {
    mode: "act",
    registries: [
      { service: "srv-1", port: 80, address: "ipv4", requireHealthy: true, attributes: { az: "{{az}}" } },
    ],
    maxRemoveShare: 0.5,
    force: false,
    drainMs: minutes(1),
  },
};

export const record = (key: Key, version: number, changes: Partial<DecisionRecord> = {}): DecisionRecord => ({
  key,
  at: epochMs(START + version * millis(10)),
  version,
  capability: "discovery",
  mode: "act",
  reasons: [{ code: "settled", text: `pass ${version}` }],
  actions: [{ proposal: proposal("a"), outcome: { kind: "done", operationId: "op-1" } }],
  ...changes,
});
