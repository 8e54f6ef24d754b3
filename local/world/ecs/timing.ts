// How long each step of ECS takes, as ranges from which the seed draws. Change them through EcsOptions.

import type { Prng } from "../../../shared/base/prng.ts";
import type { DurationMs } from "../../../shared/base/time.ts";
import { millis, minutes, seconds } from "../../../shared/base/time.ts";

export interface Span {
  readonly minMs: number;
  readonly maxMs: number;
}

/** The time that a task spends in each status before it moves on. */
export interface Dwell {
  readonly provisioning: Span;
  readonly pending: Span;
  readonly activating: Span;
  /** Between `desiredStatus: STOPPED` and DEACTIVATING. */
  readonly leaving: Span;
  readonly deactivating: Span;
  readonly stopping: Span;
  readonly deprovisioning: Span;
}

/**
 * 23.7 s from creation to RUNNING: the times of AWS's own sample event (created :34.4, pull :52.1, started
 * :58.1), and the gap between trigger and provisioned task that AWS published for 20 s target tracking:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html. Stop side: assumed.
 */
export const FARGATE_DWELL: Dwell = {
  provisioning: { minMs: 9_000, maxMs: 13_000 },
  pending: { minMs: 5_000, maxMs: 8_000 },
  activating: { minMs: 4_500, maxMs: 8_000 },
  leaving: { minMs: 200, maxMs: 800 },
  deactivating: { minMs: 500, maxMs: 2_000 },
  stopping: { minMs: 1_000, maxMs: 3_000 },
  deprovisioning: { minMs: 8_000, maxMs: 20_000 },
};

/** A host that has the image: a few seconds. Assumed. */
export const HOST_DWELL: Dwell = {
  provisioning: { minMs: 800, maxMs: 2_000 },
  pending: { minMs: 300, maxMs: 1_500 },
  activating: { minMs: 800, maxMs: 3_000 },
  leaving: { minMs: 200, maxMs: 800 },
  deactivating: { minMs: 300, maxMs: 1_000 },
  stopping: { minMs: 500, maxMs: 3_000 },
  deprovisioning: { minMs: 1_000, maxMs: 3_000 },
};

/** From a change to the service scheduler's next look. Assumed: AWS publishes no figure. */
export const SCHEDULER_LATENCY: Span = { minMs: 300, maxMs: 1_500 };

/** Until new weights hold everywhere: users see a test shift take 20 s and a five minutes' bake 5:36. Assumed. */
export const SHIFT_MS = seconds(30);

/** Between two attempts to place tasks that found no room. Assumed. */
export const PLACEMENT_RETRY_MS = seconds(30);

/** Between two attempts to find a host for a task that waits in PROVISIONING. Assumed. */
export const PROVISIONING_RETRY_MS = seconds(5);

/** Stopped tasks stay visible for at least an hour: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-errors.html */
export const STOPPED_TASK_VISIBLE_MS = minutes(60);

/**
 * A task without health checks counts as healthy 40 s after RUNNING (parameter minimumHealthyPercent):
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html
 */
export const HEALTHY_AFTER_RUNNING_MS = seconds(40);

/** Docker probes first after one interval; ECS's default interval: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html */
export const HEALTH_CHECK_INTERVAL_S = 30;

/** Fargate Spot warns two minutes ahead: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html */
export const SPOT_NOTICE_MS = minutes(2);

/** EC2's notice that a host is gone reaches ECS after this. Assumed. */
export const HOST_LOSS_NOTICE: Span = { minMs: 5_000, maxMs: 30_000 };

/** An agent that is away for longer makes its host impaired; shorter absences are normal. Assumed. */
export const AGENT_IMPAIRED_AFTER_MS = minutes(5);

/** From the wish for a managed host to its registration. Assumed. */
export const MANAGED_HOST_LAUNCH: Span = { minMs: 30_000, maxMs: 90_000 };

/** Between two looks whether a leaving managed host is empty. Assumed. */
export const MANAGED_HOST_SWEEP_MS = seconds(30);

/** A host under repair that is not drained by then ends with its tasks. Assumed. */
export const REPAIR_DRAIN_LIMIT_MS = minutes(10);

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/prepare-task-retirement.html: 7 days unless set to 0 or 14. */
export const RETIREMENT_WAIT_MS = minutes(7 * 24 * 60);

/** The longest pause between launches: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html */
export const START_BACKOFF_CEILING_MS = minutes(27);

/** The first pause, doubled by each further failed launch. Assumed. */
export const START_BACKOFF_BASE_MS = seconds(10);

/** Failed launches in a row before the service is said to be impaired. Assumed. */
export const START_IMPAIRED_AFTER = 3;

export const draw = (chance: Prng, span: Span): DurationMs => millis(chance.int(span.minMs, span.maxMs));
