// The programs of a task when a runtime runs them: started in the order of their dependencies, watched, stopped.
// Without a runtime nothing here does anything, and the lifecycle models the containers.

import type { ContainerDependency } from "@aws-sdk/client-ecs";
import { arnName } from "../../../shared/base/arn.ts";
import { seconds } from "../../../shared/base/time.ts";
import type { ContainerExit, ContainerLaunch } from "./container-runtime.ts";
import type { EcsContext } from "./context.ts";
import { probeContainer } from "./health.ts";
import type { ContainerRecord, TaskRecord } from "./model.ts";

/** What the task's life does about its programs. */
export interface ProgramEvents {
  allStarted(task: TaskRecord): void;
  failedToStart(task: TaskRecord, container: ContainerRecord, reason: string): void;
  exited(task: TaskRecord, container: ContainerRecord, exit: ContainerExit): void;
  allEnded(task: TaskRecord): void;
}

type Phase = "waiting" | "launched" | "started" | "ended";

interface Programs {
  readonly phases: Map<ContainerRecord, Phase>;
  readonly on: ProgramEvents;
  /** What happened while the agent was away: ECS learns of it when it is back. */
  readonly unheard: (() => void)[];
  isStopping: boolean;
}

/** The default of Linux containers: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html */
const DEFAULT_STOP_TIMEOUT_S = 30;

const programsOf = new WeakMap<TaskRecord, Programs>();

/** Whether the task may become RUNNING now; if not, its programs are being started and `allStarted` follows. */
export function startPrograms(context: EcsContext, task: TaskRecord, on: ProgramEvents): boolean {
  if (context.runtime === undefined) return true;
  const known = programsOf.get(task);
  if (known !== undefined) return areAllStarted(known);
  const programs: Programs = {
    phases: new Map(task.containers.map((container) => [container, "waiting"])),
    on,
    unheard: [],
    isStopping: false,
  };
  programsOf.set(task, programs);
  launchReady(context, task, programs);
  // A runtime that answered at once has moved the task on already.
  return areAllStarted(programs) && task.lastStatus === "ACTIVATING";
}

/** Whether programs are left that must end first; `allEnded` follows then. */
export function stopPrograms(context: EcsContext, task: TaskRecord): boolean {
  if (context.runtime === undefined) return false;
  const programs = programsOf.get(task);
  if (programs === undefined || !areSomeOpen(programs)) return false;
  if (!programs.isStopping) {
    programs.isStopping = true;
    context.runtime.stop(task.id);
  }
  return areSomeOpen(programs);
}

/** They are gone at once, as by a crash: one container's, or all of the task. */
export function killPrograms(context: EcsContext, task: TaskRecord, container?: ContainerRecord): void {
  const programs = context.runtime === undefined ? undefined : programsOf.get(task);
  if (programs === undefined) return;
  programs.isStopping ||= container === undefined;
  context.runtime?.kill(task.id, container?.template.name);
}

/** The agent is back and tells what happened meanwhile. */
export function hearPrograms(task: TaskRecord): void {
  const programs = programsOf.get(task);
  for (const tell of programs?.unheard.splice(0) ?? []) tell();
}

const areAllStarted = ({ phases }: Programs): boolean =>
  [...phases.values()].every((phase) => phase === "started" || phase === "ended");

const areSomeOpen = ({ phases }: Programs): boolean =>
  [...phases.values()].some((phase) => phase === "launched" || phase === "started");

function launchReady(context: EcsContext, task: TaskRecord, programs: Programs): void {
  for (const container of task.containers) {
    if (programs.isStopping || task.desiredStatus === "STOPPED") return;
    if (programs.phases.get(container) !== "waiting") continue;
    const blocked = (container.template.definition.dependsOn ?? []).map((dependency) =>
      stateOfDependency(task, programs, dependency),
    );
    if (blocked.includes("impossible")) {
      const reason = "Task failed to start";
      programs.on.failedToStart(task, container, reason);
      return;
    }
    if (blocked.every((state) => state === "met")) launch(context, task, { programs, container });
  }
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html */
function stateOfDependency(
  task: TaskRecord,
  programs: Programs,
  { containerName, condition }: ContainerDependency,
): "met" | "open" | "impossible" {
  const other = task.containers.find(({ template }) => template.name === containerName);
  if (other === undefined) return "impossible";
  const phase = programs.phases.get(other);
  const hasEnded = phase === "ended";
  if (condition === "HEALTHY") return healthOfDependency(other, hasEnded);
  if (condition === "SUCCESS" && hasEnded) return other.exitCode === 0 ? "met" : "impossible";
  if (condition === "START" && phase === "started") return "met";
  return hasEnded ? "met" : "open";
}

function healthOfDependency({ health }: ContainerRecord, hasEnded: boolean): "met" | "open" | "impossible" {
  if (health === "HEALTHY") return "met";
  return hasEnded || health === "UNHEALTHY" ? "impossible" : "open";
}

interface Part {
  readonly programs: Programs;
  readonly container: ContainerRecord;
}

function launch(context: EcsContext, task: TaskRecord, { programs, container }: Part): void {
  const { phases, on } = programs;
  phases.set(container, "launched");
  const heard = (tell: () => void): void => {
    if (task.lastStatus === "STOPPED") return;
    if (task.instance?.agentConnected === false) programs.unheard.push(tell);
    else tell();
  };
  context.runtime?.start(launchOf(task, container), {
    started: () => heard(() => noteStart(context, task, { programs, container })),
    failed: (reason) => {
      phases.set(container, "ended");
      heard(() => {
        on.failedToStart(task, container, reason);
        if (!areSomeOpen(programs)) on.allEnded(task);
      });
    },
    exited: (exit) => {
      phases.set(container, "ended");
      heard(() => noteExit(context, task, { programs, container, exit }));
    },
  });
}

function noteStart(context: EcsContext, task: TaskRecord, { programs, container }: Part): void {
  if (programs.phases.get(container) === "launched") programs.phases.set(container, "started");
  showStarted(task, container);
  if (task.desiredStatus === "STOPPED") return;
  probeContainer(context, task, { container, onChange: () => goOn(context, task, programs) });
  goOn(context, task, programs);
}

function goOn(context: EcsContext, task: TaskRecord, programs: Programs): void {
  if (task.lastStatus !== "ACTIVATING" || task.desiredStatus === "STOPPED") return;
  launchReady(context, task, programs);
  if (areAllStarted(programs)) programs.on.allStarted(task);
}

function noteExit(
  context: EcsContext,
  task: TaskRecord,
  { programs, container, exit }: Part & { readonly exit: ContainerExit },
): void {
  programs.on.exited(task, container, exit);
  goOn(context, task, programs);
  if (!areSomeOpen(programs)) programs.on.allEnded(task);
}

/** 64 hexadecimal digits, as Docker names containers. */
export function showStarted(task: TaskRecord, container: ContainerRecord): void {
  if (container.lastStatus !== "PENDING") return;
  container.lastStatus = "RUNNING";
  container.runtimeId = `${task.id}${arnName(container.arn)}`;
}

function launchOf(task: TaskRecord, container: ContainerRecord): ContainerLaunch {
  const { definition, name, image } = container.template;
  const override = task.overrides?.containerOverrides?.find((one) => one.name === name);
  const taskMemory = Number(task.overrides?.memory ?? task.definition.request.memory ?? Number.NaN);
  const memory = override?.memory ?? definition.memory ?? taskMemory;
  const environment: Record<string, string> = {};
  for (const { name: variable, value } of [
    ...(definition.environment ?? []),
    ...(override?.environment ?? []),
  ])
    if (variable !== undefined) environment[variable] = value ?? "";
  return {
    taskArn: task.arn,
    taskId: task.id,
    clusterName: task.cluster.name,
    serviceName: task.service?.name,
    container: name,
    image,
    command: override?.command ?? definition.command,
    environment,
    secrets: (definition.secrets ?? []).map((secret) => ({
      name: secret.name ?? "",
      valueFrom: secret.valueFrom ?? "",
    })),
    address: task.eni?.ipv4 ?? task.instance?.privateIp ?? "",
    ports: portsOf(task, container),
    memoryMb: Number.isFinite(memory) ? memory : undefined,
    stopTimeoutMs: seconds(definition.stopTimeout ?? DEFAULT_STOP_TIMEOUT_S),
  };
}

/** A task with its own interface listens on the container's ports, another one where its host lets it. */
function portsOf(task: TaskRecord, { bindings, template }: ContainerRecord): ContainerLaunch["ports"] {
  if (task.eni === undefined)
    return bindings.map(({ containerPort = 0, hostPort = 0 }) => ({ containerPort, hostPort }));
  return (template.definition.portMappings ?? []).map(({ containerPort = 0 }) => ({
    containerPort,
    hostPort: containerPort,
  }));
}
