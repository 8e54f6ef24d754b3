// Plain values for tests of rollouts: policies, views, rollouts and states with sensible defaults, so that a
// row of a table says only what it is about.

import type { Key } from "../../shared/base/keys.ts";
import { keyOf } from "../../shared/base/keys.ts";
import type { EpochMs } from "../../shared/base/time.ts";
import { epochMs, minutes, seconds } from "../../shared/base/time.ts";
import type { Proposal, Settled } from "../../shared/contracts/actions.ts";
import type { Fact, TaskFact } from "../../shared/contracts/facts.ts";
import type { RolloutCommand, RolloutVerb } from "../../shared/contracts/policy.ts";
import { defaultRolloutPolicy } from "../../shared/contracts/rollout-defaults.ts";
import type { AnalysisPolicy, RolloutPolicy, RolloutStep } from "../../shared/contracts/rollout-policy.ts";
import type {
  DeploymentView,
  GroupHealth,
  RevisionView,
  RuleView,
  ServiceView,
} from "../../shared/contracts/rollout-views.ts";
import type { Decision } from "../../shared/core/capability.ts";
import { rollout } from "../../shared/core/rollout/decide.ts";
import type { Read, RolloutObservation } from "../../shared/core/rollout/observation.ts";
import type { Active, Idle, Places, Rollout, RolloutState } from "../../shared/core/rollout/state.ts";

export const NOW: EpochMs = epochMs(Date.UTC(2026, 10, 20, 12));
export const later = (byMs: number): EpochMs => epochMs(NOW + byMs);

const ACCOUNT = "111122223333";
const ECS = `arn:aws:ecs:eu-west-3:${ACCOUNT}`;
const ELB = `arn:aws:elasticloadbalancing:eu-west-3:${ACCOUNT}`;
export const CLUSTER_ARN = `${ECS}:cluster/quay`;
const SERVICE_ARN = `${ECS}:service/quay/crane`;
export const DEPLOYMENT_ARN = `${ECS}:service-deployment/quay/crane/dep1`;
export const OLD_DEPLOYMENT_ARN = `${ECS}:service-deployment/quay/crane/dep0`;
export const BLUE = `${ELB}:targetgroup/crane-blue/1111111111111111`;
export const GREEN = `${ELB}:targetgroup/crane-green/2222222222222222`;
export const LISTENER = `${ELB}:listener/app/front/3333333333333333/4444444444444444`;
export const RULE = `${ELB}:listener-rule/app/front/3333333333333333/4444444444444444/5555555555555555`;
export const LOAD_BALANCER = "app/front/3333333333333333";
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/ecs-traffic`;

export const taskDefinition = (revision: number): string => `${ECS}:task-definition/crane:${revision}`;
export const revisionArn = (revision: number): string => `${ECS}:service-revision/quay/crane/${revision}`;
export const taskSetArn = (id: string): string => `${ECS}:task-set/quay/crane/${id}`;

export const OLD = taskDefinition(7);
export const NEW = taskDefinition(8);

export const keyNamed = (name: string): Key =>
  keyOf({ kind: "service", account: ACCOUNT, region: "eu-west-3", cluster: "quay", name });
export const KEY: Key = keyNamed("crane");

export const read = <T>(value: T, at: EpochMs = NOW): Read<T> => ({ ok: true, value, at });
export const unread = (code = "throttled"): Read<never> => ({
  ok: false,
  code,
  message: `${code} by the test`,
});

type PolicyChanges = Partial<Omit<RolloutPolicy, "analysis">> & {
  readonly analysis?: Partial<AnalysisPolicy>;
};

/** Mode `act`, no scale-down delay's surprises: everything else as the defaults say. */
export const rolloutPolicy = ({ analysis, ...changes }: PolicyChanges = {}): RolloutPolicy => ({
  ...defaultRolloutPolicy,
  mode: "act",
  ...changes,
  analysis: { ...defaultRolloutPolicy.analysis, ...analysis },
});

/** Set up for blue/green: two groups, one production rule, both PAUSE hooks. */
export const serviceView = (changes: Partial<ServiceView> = {}): ServiceView => ({
  serviceArn: SERVICE_ARN,
  clusterArn: CLUSTER_ARN,
  name: "crane",
  status: "ACTIVE",
  controller: "ECS",
  isExpress: false,
  scheduling: "REPLICA",
  taskDefinition: OLD,
  desiredCount: 4,
  runningCount: 4,
  strategy: "BLUE_GREEN",
  hooks: [{ kind: "PAUSE", stages: ["PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"] }],
  balancers: [
    {
      targetGroupArn: BLUE,
      containerName: "web",
      containerPort: 8080,
      alternateTargetGroupArn: GREEN,
      productionRuleArn: RULE,
      roleArn: ROLE_ARN,
    },
  ],
  currentDeploymentArn: OLD_DEPLOYMENT_ARN,
  currentRevisionArn: revisionArn(7),
  taskSets: [],
  createdAt: later(-minutes(24 * 60)),
  ...changes,
});

export const deploymentView = (changes: Partial<DeploymentView> = {}): DeploymentView => ({
  arn: DEPLOYMENT_ARN,
  status: "IN_PROGRESS",
  stage: "PRE_PRODUCTION_TRAFFIC_SHIFT",
  strategy: "BLUE_GREEN",
  sources: [{ arn: revisionArn(7), requested: 4, running: 4, pending: 0, productionWeight: 100 }],
  target: { arn: revisionArn(8), requested: 4, running: 4, pending: 0, productionWeight: 0 },
  hooks: [{ hookId: "hook-1", kind: "PAUSE", status: "AWAITING_ACTION" }],
  triggeredAlarms: [],
  createdAt: NOW,
  ...changes,
});

export const revisionView = (revision: number, changes: Partial<RevisionView> = {}): RevisionView => ({
  arn: revisionArn(revision),
  taskDefinition: taskDefinition(revision),
  images: [{ container: "web", image: `example.test/shop/web:1.${revision}`, digest: `sha256:${revision}` }],
  targetGroupArns: [revision % 2 === 1 ? BLUE : GREEN],
  createdAt: NOW,
  ...changes,
});

export const ruleView = (stable = 100, changes: Partial<RuleView> = {}): RuleView => ({
  arn: RULE,
  listenerArn: LISTENER,
  loadBalancer: LOAD_BALANCER,
  weights: { [BLUE]: stable, [GREEN]: 100 - stable },
  sticky: false,
  otherActions: [],
  ...changes,
});

export const healthOf = (blue = 4, green = 4): readonly GroupHealth[] => [
  { targetGroupArn: BLUE, healthy: blue, unhealthy: 0, other: 0 },
  { targetGroupArn: GREEN, healthy: green, unhealthy: 0, other: 0 },
];

export const places: Places = {
  rule: RULE,
  listener: LISTENER,
  loadBalancer: LOAD_BALANCER,
  stableGroup: BLUE,
  candidateGroup: GREEN,
};

export const setWeight = (weight: number): RolloutStep => ({ kind: "setWeight", weight });
export const pauseFor = (durationMs?: number): RolloutStep =>
  durationMs === undefined ? { kind: "pause" } : { kind: "pause", durationMs: seconds(durationMs / 1_000) };

/** A native rollout from 7 to 8 at its first step. */
export const rolloutOf = (changes: Partial<Rollout> = {}): Rollout => ({
  id: "r-0000abcd",
  driver: "native",
  author: "ada",
  startedAt: NOW,
  target: { taskDefinition: NEW, revisionArn: revisionArn(8), images: [] },
  source: { taskDefinition: OLD, revisionArn: revisionArn(7), images: [] },
  deploymentArn: DEPLOYMENT_ARN,
  taskSets: {},
  places,
  steps: [setWeight(10), pauseFor(600_000), setWeight(50)],
  isAuto: false,
  step: 0,
  stepSince: NOW,
  weight: 0,
  scale: 0,
  analysis: { metrics: {}, requestsPerSecond: 0 },
  approvals: [],
  notified: [],
  ...changes,
});

export const idle = (changes: Partial<Idle> = {}): Idle => ({
  phase: "idle",
  heard: [],
  past: [],
  ...changes,
});

export const active = (phase: Active["phase"], changes: Partial<Rollout> = {}): Active => ({
  phase,
  heard: [],
  past: [],
  rollout: rolloutOf(changes),
});

export const observed = (changes: Partial<RolloutObservation> = {}): RolloutObservation => ({
  facts: [],
  commands: [],
  isPaused: false,
  tasks: {},
  mayAct: true,
  ...changes,
});

/** Everything that may be asked for, as the default views say. */
export const everything = (changes: Partial<RolloutObservation> = {}): RolloutObservation =>
  observed({
    service: read(serviceView()),
    deployment: read(deploymentView()),
    revisions: read([revisionView(7), revisionView(8)]),
    rule: read(ruleView()),
    health: read(healthOf()),
    baseline: read({ series: [] }),
    peers: read([]),
    ...changes,
  });

let commands = 0;
export const order = (verb: RolloutVerb, changes: Partial<RolloutCommand> = {}): RolloutCommand => {
  commands += 1;
  return { type: "rollout", id: `d-${commands}`, verb, by: "grace", at: NOW, ...changes };
};

export const deploymentFact = (
  eventName: string,
  changes: Partial<Extract<Fact, { kind: "deployment" }>> = {},
): Fact => ({
  kind: "deployment",
  eventName,
  deploymentId: "dep1",
  level: "INFO",
  at: NOW,
  ...changes,
});

export const hookFact = (stage = "PRE_PRODUCTION_TRAFFIC_SHIFT"): Fact => ({
  kind: "hook",
  eventName: "HOOK_AWAITING_ACTION",
  hookId: "hook-1",
  hookType: "PAUSE",
  lifecycleStage: stage,
  serviceDeploymentArn: DEPLOYMENT_ARN,
  at: NOW,
});

export const taskOf = (number: number, changes: Partial<TaskFact> = {}): TaskFact => {
  const taskId = number.toString(16).padStart(32, "0");
  return {
    kind: "task",
    taskArn: `${ECS}:task/quay/${taskId}`,
    taskId,
    version: 3,
    group: "service:crane",
    clusterArn: CLUSTER_ARN,
    taskDefinitionArn: NEW,
    lastStatus: "RUNNING",
    desiredStatus: "RUNNING",
    health: "HEALTHY",
    launchType: "FARGATE",
    startedBy: "ecs-svc/1",
    interfaces: [],
    containers: [],
    at: NOW,
    via: "event",
    ...changes,
  };
};

export interface Case {
  readonly state: RolloutState;
  readonly observation?: Partial<RolloutObservation>;
  readonly policy?: RolloutPolicy;
  readonly now?: EpochMs;
  readonly key?: Key;
}

const ASKABLE = ["service", "deployment", "revisions", "rule", "health", "baseline", "peers"] as const;

/** One pass as the shell runs it: what is asked for is read, at most four times, from what `answers` has. */
export function passOn(
  input: Case,
  answers: RolloutObservation = everything(),
): Decision<RolloutState> & { readonly read: readonly string[] } {
  const { state, policy = rolloutPolicy(), now = NOW, key = KEY } = input;
  let seen: RolloutObservation = observed(input.observation);
  const read: string[] = [];
  let decision = rollout.decide({ key, state, observation: seen, policy, now, seed: 7 });
  for (let round = 0; (decision.asks ?? []).length > 0 && round < 4; round += 1) {
    const asked = ASKABLE.filter((one) => decision.asks?.includes(one));
    read.push(...asked);
    seen = { ...seen, ...Object.fromEntries(asked.map((one) => [one, answers[one] ?? unread("missing")])) };
    decision = rollout.decide({ key, state, observation: seen, policy, now, seed: 7 });
  }
  return { ...decision, read };
}

export const settled = (state: RolloutState, all: readonly Settled[], now: EpochMs = NOW) =>
  rollout.settle({ state, settled: all, now, seed: 7 });

export const codesOf = ({
  reasons,
}: {
  readonly reasons: readonly { readonly code: string }[];
}): readonly string[] => reasons.map(({ code }) => code);

/** Without the standing wish to hear of the rule, which goes along with the first pass. */
export const typesOf = ({ proposals }: { readonly proposals: readonly Proposal[] }): readonly string[] =>
  proposals
    .filter(({ field }) => !field.startsWith("rollout/watch/"))
    .map(({ action }) => action.type)
    .sort();

/** An idle memory with nothing to look at. */
export const rested = { checkedAt: NOW, knownDeployment: OLD_DEPLOYMENT_ARN } as const;

/** A rollout that waits at 10 % in an endless pause, everything reached. */
export const waiting = {
  steps: [setWeight(10), pauseFor(), setWeight(50)],
  step: 1,
  weight: 10,
  scale: 10,
  weights: { [BLUE]: 90, [GREEN]: 10 },
  reached: "weight 10 10",
} as const;

/** Answers in which the rule has the weights of `waiting`. */
export const agreeing = everything({ rule: read(ruleView(90)) });

export const rolloutIn = (state: RolloutState): Rollout => {
  if (state.phase === "idle") throw new Error("no rollout is under way");
  return state.rollout;
};

export const wakeFact = (cause: Extract<Fact, { kind: "wake" }>["cause"]): Fact => ({
  kind: "wake",
  cause,
  at: NOW,
});
