// What happens to a service while faults are on: rollouts by command and by others, an operator's orders, deaths,
// stacks that write their weights back, people who scale. Drawn from the seed.

import type { World } from "../../../local/world/world.ts";
import type { RolloutVerb } from "../../../shared/contracts/policy.ts";
import { give } from "./operator.ts";
import { CLUSTER, isExternal } from "./scene.ts";
import type { Cast, Stage } from "./stage.ts";
import { rolloutOf } from "./trace.ts";
import type { Behaviour } from "./versions.ts";
import { release } from "./versions.ts";

type Deed = (stage: Stage, cast: Cast) => Promise<void> | void;

const update = (world: World, { scene }: Cast, change: object): void => {
  world.call("ecs", "UpdateService", { cluster: CLUSTER, service: scene.name, ...change });
};

const behaviours: readonly Behaviour[] = [
  "good",
  "good",
  "good",
  "failing",
  "worse",
  "slow",
  "never-healthy",
  "exits",
];

const start: Deed = async (stage, { scene }) => {
  const behaviour = stage.world.kernel.chance.pick(behaviours);
  const taskDefinition = release(stage.world, scene, behaviour);
  await give(stage, scene.key, { verb: "start", taskDefinition });
};

/** Somebody else's pipeline. */
const deployOutside: Deed = ({ world }, cast) => {
  if (isExternal(cast.scene.kind)) return;
  update(world, cast, { taskDefinition: release(world, cast.scene, world.kernel.chance.pick(behaviours)) });
};

const order =
  (verb: RolloutVerb, by = "ann"): Deed =>
  async (stage, { scene }) => {
    const rollout = rolloutOf(stage.state(scene.key));
    if (rollout === undefined) return;
    const seen = { rollout: rollout.id, step: rollout.step, revision: rollout.target.taskDefinition };
    await give(stage, scene.key, { verb, by, ...seen });
  };

/** A stack update writes the code's weights: https://github.com/aws/aws-cdk/issues/36649 */
export function resetWeights({ world }: Stage, { scene: { traffic, kind } }: Cast): void {
  if (traffic === undefined || kind === "rolling") return;
  const TargetGroups = [
    { TargetGroupArn: traffic.blue, Weight: 100 },
    { TargetGroupArn: traffic.green, Weight: 0 },
  ];
  const Actions = [{ Type: "forward", ForwardConfig: { TargetGroups } }];
  world.call("elasticloadbalancing", "ModifyRule", { RuleArn: traffic.rule, Actions });
}

const killTask: Deed = ({ world }, { scene }) => {
  const tasks = [...world.ecs.runningTasks(CLUSTER)].filter(
    (task) => task.group === `service:${scene.name}` && task.lastStatus === "RUNNING",
  );
  if (tasks.length > 0) world.ecs.killTask(world.kernel.chance.pick(tasks).taskId, { exitCode: 137 });
};

/** Every task of the new revision dies at once. */
const killNew: Deed = (stage, { scene }) => {
  const target = rolloutOf(stage.state(scene.key))?.target.taskDefinition;
  for (const task of stage.world.ecs.runningTasks(CLUSTER)) {
    if (task.group !== `service:${scene.name}` || task.lastStatus !== "RUNNING") continue;
    if (task.taskDefinitionArn.endsWith(target ?? "?"))
      stage.world.ecs.killTask(task.taskId, { exitCode: 1 });
  }
};

const scale: Deed = ({ world }, cast) => update(world, cast, { desiredCount: world.kernel.chance.int(2, 6) });

const metricsFail: Deed = ({ breaks, world }) => {
  const kinds = ["outage", "gap", undefined] as const;
  const chosen = world.kernel.chance.pick(kinds);
  if (chosen === undefined) delete breaks.metrics;
  else breaks.metrics = chosen;
};

const changeTraffic: Deed = ({ world }, { load }) => {
  load.rate = world.kernel.chance.pick([0, 0.2, 2, 4, 8]);
};

const deeds: readonly Deed[] = [
  start,
  start,
  start,
  deployOutside,
  order("abort"),
  order("promote"),
  order("promote-full"),
  order("approve", "bob"),
  order("approve", "ann"),
  order("pause"),
  order("resume"),
  order("resume"),
  order("retry"),
  order("undo"),
  order("analyze"),
  resetWeights,
  resetWeights,
  killTask,
  killTask,
  killNew,
  scale,
  metricsFail,
  changeTraffic,
];

export async function doSomething(stage: Stage): Promise<void> {
  const { chance } = stage.world.kernel;
  const cast = chance.pick(stage.cast);
  await chance.pick(deeds)(stage, cast);
}

/** Everything that must end for a rollout to end: people answer, metrics are back, tasks start again. */
export async function relent(stage: Stage): Promise<void> {
  delete stage.breaks.metrics;
  for (const cast of stage.cast) {
    stage.world.ecs.failTasksOf({ cluster: CLUSTER, service: cast.scene.name }, undefined);
    cast.load.rate = 4;
    const rollout = rolloutOf(stage.state(cast.scene.key));
    // Somebody else's weights are there to stay, by policy: an operator gives up the rollout.
    if (/drift|disagree/.test(rollout?.hold?.code ?? "")) await order("abort")(stage, cast);
    if (rollout?.paused !== undefined)
      await give(stage, cast.scene.key, { verb: "resume", rollout: rollout.id });
  }
}
