// Weights that need no look: what our own write answered, while nobody says otherwise.

import type { EpochMs } from "../../../base/time.ts";
import { minutes } from "../../../base/time.ts";
import type { DriverInput, Wish } from "../driver.ts";
import { isNews } from "./news.ts";
import { routeOf } from "./shift.ts";
import { agree, split, wholePercent } from "./weights.ts";

/** ECS answers a hook itself when nobody does; our weights must be gone by then. */
const BEFORE_EXPIRY_MS = minutes(5);

export const isExpiring = (expiresAt: EpochMs | undefined, now: EpochMs): boolean =>
  expiresAt !== undefined && now >= expiresAt - BEFORE_EXPIRY_MS;

/** What the last write answered needs no look, unless there is news, or the hook's time is nearly over. */
export function isKnownToStand({ rollout, observation, now }: DriverInput, wish: Wish): boolean {
  if (isExpiring(rollout.openHook?.expiresAt, now)) return false;
  if (wish.kind !== "weight" || wish.weight === 0 || rollout.weights === undefined) return false;
  const route = routeOf(rollout);
  const isRead = observation.rule !== undefined || observation.deployment !== undefined;
  const hasNews = observation.facts.some(isNews);
  if (route === undefined || isRead || hasNews) return false;
  return agree(rollout.weights, split(route, wish.weight)) && rollout.weight === wholePercent(wish.weight);
}
