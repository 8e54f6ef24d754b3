// What a REPLICA service should start and stop now: a pure plan over its tasks. Rolling replacement within
// minimumHealthyPercent (rounded up) and maximumPercent (rounded down):
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html

import type { TaskRecord } from "./model.ts";

/** A task that is meant to run, as the scheduler judges it. */
export interface Standing {
  readonly task: TaskRecord;
  /** Of the newest deployment and on a host that stays. */
  readonly current: boolean;
  readonly running: boolean;
  /** Counts towards minimumHealthyPercent. */
  readonly healthy: boolean;
  readonly unhealthy: boolean;
  /** Neither surplus nor being outdated stops it: UpdateTaskProtection. */
  readonly isProtected?: boolean;
}

export interface RollingLimits {
  readonly desired: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
}

export interface RollingPlan {
  readonly stop: readonly {
    readonly task: TaskRecord;
    readonly because: "surplus" | "outdated" | "unhealthy";
  }[];
  readonly start: number;
  /** Exactly the desired tasks run, all of them current. */
  readonly steady: boolean;
}

type Stop = RollingPlan["stop"][number];

const isStoppable = (one: Standing): boolean => one.isProtected !== true;

export function planRolling(standings: readonly Standing[], limits: RollingLimits): RollingPlan {
  const least = Math.ceil((limits.desired * limits.minimumHealthyPercent) / 100);
  const most = Math.max(Math.floor((limits.desired * limits.maximumPercent) / 100), limits.desired);
  const fresh = standings.filter((one) => one.current && !one.unhealthy);
  const outdated = standings.filter((one) => !one.current);
  const unhealthy = standings.filter((one) => one.current && one.unhealthy);
  const surplus = pickSurplus(fresh.filter(isStoppable), fresh.length - limits.desired);
  const healthyNow = standings.filter((one) => one.healthy).length;
  const spare = healthyNow - surplus.filter((one) => one.healthy).length - least;
  const replaced = pickOutdated(outdated.filter(isStoppable), spare);
  const left = standings.length - surplus.length - replaced.length;
  const ready = fresh.filter((one) => one.healthy).length >= limits.desired;
  const ill = pickUnhealthy(unhealthy, { ready, full: left >= most });
  const freshLeft = fresh.length - surplus.length;
  const start = Math.max(Math.min(limits.desired - freshLeft, most - left + ill.length), 0);
  const stop: Stop[] = [
    ...surplus.map(({ task }) => ({ task, because: "surplus" as const })),
    ...replaced.map(({ task }) => ({ task, because: "outdated" as const })),
    ...ill.map(({ task }) => ({ task, because: "unhealthy" as const })),
  ];
  const runs =
    fresh.filter((one) => one.running).length === limits.desired && fresh.length === limits.desired;
  return { stop, start, steady: runs && outdated.length === 0 && unhealthy.length === 0 };
}

/** Those that do not run yet, those that do not count as healthy, then of the fullest zone; the newest first. */
function pickSurplus(fresh: readonly Standing[], wanted: number): readonly Standing[] {
  const count = Math.min(wanted, fresh.length);
  if (count <= 0) return [];
  const idle = fresh.filter((one) => !one.running);
  const young = fresh.filter((one) => one.running && !one.healthy);
  const picked = [...young, ...idle].slice(-count);
  const zones = new Map<string, Standing[]>();
  for (const one of fresh) {
    if (!one.healthy) continue;
    const zone = one.task.availabilityZone ?? "";
    const members = zones.get(zone);
    if (members === undefined) zones.set(zone, [one]);
    else members.push(one);
  }
  while (picked.length < count) {
    const fullest = [...zones.values()].reduce((a, b) => (b.length > a.length ? b : a));
    picked.push(fullest.pop() as Standing);
  }
  return picked;
}

/** Tasks that serve nobody go at once; of the healthy, as many as can be spared; the young once enough others are healthy. */
function pickOutdated(outdated: readonly Standing[], spare: number): readonly Standing[] {
  let left = spare;
  return outdated.filter((one) => {
    if (!one.healthy) return !one.running || one.unhealthy || spare >= 0;
    left -= 1;
    return left >= 0;
  });
}

/**
 * An unhealthy task's replacement starts first where maximumPercent allows; where it does not, unhealthy tasks
 * go one at a time: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html
 */
function pickUnhealthy(
  unhealthy: readonly Standing[],
  state: { readonly ready: boolean; readonly full: boolean },
): readonly Standing[] {
  if (state.ready) return unhealthy;
  return state.full ? unhealthy.slice(0, 1) : [];
}
