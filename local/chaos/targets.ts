// Which service a break is about: found by what people type, refused with the list of what there is.

import { AppError } from "../../shared/base/errors.ts";
import type { BusEvent } from "../world/kernel.ts";
import type { World } from "../world/world.ts";
import type { Given, Parameter } from "./parameters.ts";

export interface ServiceTarget {
  readonly cluster: string;
  readonly service: string;
}

export const SERVICE: Parameter = {
  name: "service",
  kind: "service",
  about: "the service, as cluster/service; may be left out where there is only one",
};

const nameIn = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

/** In the order of creation. */
function servicesOf({ ecs }: World): readonly ServiceTarget[] {
  const { operations } = ecs;
  const clusters = (operations.ListClusters({}).clusterArns ?? []).map(nameIn);
  return clusters.flatMap((cluster) => {
    const found: ServiceTarget[] = [];
    let nextToken: string | undefined;
    do {
      const page = operations.ListServices({ cluster, ...(nextToken !== undefined && { nextToken }) });
      for (const arn of page.serviceArns ?? []) found.push({ cluster, service: nameIn(arn) });
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return found;
  });
}

const textOf = ({ cluster, service }: ServiceTarget): string => `${cluster}/${service}`;

export function serviceOf(world: World, given: Given): ServiceTarget {
  const all = servicesOf(world);
  const typed = given.text("service");
  const found = all.filter(
    (one) => typed === undefined || textOf(one) === typed || (!typed.includes("/") && one.service === typed),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const list = all.map((one) => `\n  ${textOf(one)}`).join("") || "\n  (none yet)";
  const fault =
    typed === undefined
      ? "--service is missing"
      : `--service: "${typed}" names ${found.length === 0 ? "no service" : `${found.length} services`}`;
  throw new AppError("input", `${fault}. Services of the local AWS:${list}`);
}

type Task = ReturnType<World["ecs"]["runningTasks"]> extends Iterable<infer T> ? T : never;

/** Tasks that run and are meant to, oldest first. */
export const runningTasksOf = ({ ecs }: World, { cluster, service }: ServiceTarget): readonly Task[] =>
  [...ecs.runningTasks(cluster)].filter(
    ({ group, lastStatus, desiredStatus }) =>
      group === `service:${service}` && lastStatus === "RUNNING" && desiredStatus === "RUNNING",
  );

/** So many of a list, rounded up: a share above nothing means at least one. */
export const shareOfList = <T>(items: readonly T[], share: number): readonly T[] =>
  items.slice(0, Math.ceil(items.length * share));

export interface StartedTask {
  readonly taskId: string;
  readonly taskDefinitionArn: string;
}

/** Calls back once for each task of the service that begins to run, until the returned end. */
export function onTaskStart(
  world: World,
  { cluster, service }: ServiceTarget,
  run: (task: StartedTask) => void,
): () => void {
  const seen = new Set<string>();
  let isOver = false;
  world.kernel.onEvent((event: BusEvent) => {
    if (isOver || event["detail-type"] !== "ECS Task State Change") return;
    const { detail } = event;
    if (detail["lastStatus"] !== "RUNNING" || detail["desiredStatus"] !== "RUNNING") return;
    if (detail["group"] !== `service:${service}` || nameIn(String(detail["clusterArn"])) !== cluster) return;
    const taskId = nameIn(String(detail["taskArn"]));
    if (seen.has(taskId)) return;
    seen.add(taskId);
    run({ taskId, taskDefinitionArn: String(detail["taskDefinitionArn"]) });
  });
  return () => {
    isOver = true;
    seen.clear();
  };
}
