// What must be true once faults have stopped and time has passed. L1: every rollout has ended, with a reason.
// L7: traffic, capacity and the table say the same. S9's other half: every intent has an outcome.

import type { World } from "../../../local/world/world.ts";
import type { GroupNow, ServiceNow } from "./snapshot.ts";
import { snapshot } from "./snapshot.ts";
import type { Cast, Stage } from "./stage.ts";

export function unended(stage: Stage): readonly string[] {
  return stage.cast.flatMap((cast) => faultsOf(stage, cast).map((fault) => `${cast.scene.name}: ${fault}`));
}

function faultsOf(stage: Stage, { scene, policy }: Cast): readonly string[] {
  const state = stage.state(scene.key);
  const intents = stage.keyState(scene.key)?.intents ?? [];
  const open = intents.length > 0 ? [`L1: ${intents.length} intents without an outcome`] : [];
  const nameless = state.past
    .filter(({ reason }) => reason === "")
    .map(({ id }) => `L1: ${id} ended without a reason`);
  const said = [...open, ...nameless];
  if (state.phase === "stuck") {
    const { hold, cause } = state.rollout;
    return hold === undefined && cause === undefined
      ? [...said, "L1: needs an operator and does not say why"]
      : said;
  }
  if (state.phase !== "idle") {
    const { rollout } = state;
    const why = [rollout.hold?.text, rollout.trouble?.message, rollout.cause?.text]
      .filter(Boolean)
      .join("; ");
    return [
      ...said,
      `L1: ${rollout.id} (${rollout.driver}) is still ${state.phase} at step ${rollout.step}: ${why}`,
    ];
  }
  // Weights that somebody else wrote are told, and left alone where the policy says so or they are ECS's to write.
  if (state.drift !== undefined && (policy.onDrift === "hold" || policy.weights === "strategy")) return said;
  const now = snapshot(stage.world, scene);
  return [...said, ...(now.exists ? inconsistent(stage.world, now) : [])];
}

/** A settled service: one group has all traffic, and tasks; one task set is left. */
function inconsistent(_world: World, now: ServiceNow): readonly string[] {
  const isBusy = now.deployments.some(({ status }) => status === "IN_PROGRESS" || status === "PENDING");
  if (isBusy) return [];
  const serving = now.groups.filter(({ weight }) => weight > 0);
  const unserved = serving.filter(({ healthy }) => healthy < now.desiredCount);
  return [
    ...(serving.length > 1 ? [`L7: traffic on ${serving.length} groups: ${sharesOf(now.groups)}`] : []),
    ...unserved.map(
      ({ arn, weight, healthy }) => `L7: ${arn} has ${weight} % and ${healthy} healthy targets`,
    ),
    ...leftSets(now),
  ];
}

const sharesOf = (groups: readonly GroupNow[]): string => groups.map(({ weight }) => weight).join("/");

function leftSets({ taskSets }: ServiceNow): readonly string[] {
  const live = taskSets.filter(({ status }) => status !== "DRAINING");
  if (live.length <= 1) return [];
  return [
    `L7: ${live.length} task sets are left: ${live.map(({ status, scale }) => `${status} ${scale} %`).join(", ")}`,
  ];
}
