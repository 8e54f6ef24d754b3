// Runs the containers of the virtual ECS as processes of this machine.

import { spawn } from "node:child_process";
import type { LocalImage, LocalImages } from "../../images/images.ts";
import type { ContainerLaunch, ContainerRuntime } from "../../world/ecs/container-runtime.ts";
import { parseImageName } from "./image-name.ts";
import { canMeasureMemory } from "./memory.ts";
import type { ContainerOutput } from "./output.ts";
import { Program, yieldToOthers } from "./program.ts";
import type { Reaper } from "./reaper.ts";
import { startReaper } from "./reaper.ts";

export interface ProcessRuntimeOptions {
  readonly images: LocalImages;
  /** Runs what tells the world something, at the world's present time. */
  readonly enter: (tell: () => void) => void;
  /** By ARN or name, as task definitions refer to them. */
  readonly secrets?: ReadonlyMap<string, string>;
  /** 0 to 19: how readily programs leave the processor to everybody else. */
  readonly niceness?: number;
  readonly onError?: (error: unknown) => void;
}

export interface ProcessRuntime extends ContainerRuntime {
  /** Of the containers that run, and of the newest that ended. */
  outputs(): readonly ContainerOutput[];
  /** The last lines that a task's container wrote, the newest last. */
  linesOf(taskId: string, container: string): readonly string[];
  /** Of the programs that run. */
  pids(): readonly number[];
  /** SIGTERM to all, SIGKILL to what is left after the given time; nothing is started any more. */
  end(graceMs?: number): Promise<void>;
}

const MEMORY_LOOK_EVERY_MS = 250;
/** A person waits at the end: less than a container's 30 s. */
const END_GRACE_MS = 3_000;
/** Of ended tasks, for whoever asks what they said. */
const KEPT_ENDED = 200;

interface Running {
  readonly launch: ContainerLaunch;
  readonly program: Program;
  readonly environment: Readonly<Record<string, string>>;
}

/** Containers by task and name. */
type Tasks = Map<string, Map<string, Running>>;

export function createProcessRuntime(options: ProcessRuntimeOptions): ProcessRuntime {
  const tasks: Tasks = new Map();
  const reaper = startReaper(options.onError ?? (() => undefined));
  const state = { tasks, reaper, options, isEnding: false };
  const watch = setInterval(() => {
    for (const { program } of runningOf(tasks)) program.checkMemory();
  }, MEMORY_LOOK_EVERY_MS);
  watch.unref();
  if (!canMeasureMemory) clearInterval(watch);
  return {
    start: (launch, on) => startContainer(state, launch, on),
    stop: (taskId) => {
      for (const { program } of tasks.get(taskId)?.values() ?? []) program.stop();
    },
    kill: (taskId, container) => {
      for (const [name, { program }] of tasks.get(taskId) ?? [])
        if (container === undefined || container === name) program.kill();
    },
    check: (taskId, check, done) => {
      const running = tasks.get(taskId)?.get(check.container);
      runCheck(
        { ...check, environment: running?.environment ?? {}, niceness: options.niceness ?? 0 },
        (isWell) => options.enter(() => done(isWell)),
      );
    },
    linesOf: (taskId, container) => tasks.get(taskId)?.get(container)?.program.lines ?? [],
    outputs: () => [...tasks.values()].flatMap((containers) => [...containers.values()].map(outputOf)),
    pids: () => [...runningOf(tasks)].flatMap(({ program }) => program.pid ?? []),
    end: async (graceMs = END_GRACE_MS) => {
      state.isEnding = true;
      clearInterval(watch);
      await endAll([...runningOf(tasks)], graceMs);
      await reaper.stop();
    },
  };
}

function outputOf({ launch, program }: Running): ContainerOutput {
  const { taskId, clusterName: cluster, serviceName: service, container, image } = launch;
  return { taskId, cluster, service, container, image, hasEnded: program.hasEnded, lines: program.lines };
}

function* runningOf(tasks: Tasks): Generator<Running> {
  for (const containers of tasks.values())
    for (const running of containers.values()) if (!running.program.hasEnded) yield running;
}

const LOOK_FOR_END_EVERY_MS = 20;

async function endAll(all: readonly Running[], graceMs: number): Promise<void> {
  for (const { program } of all) program.stop(graceMs);
  const open = () => all.some(({ program }) => !program.hasEnded && program.pid !== undefined);
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (open()) return;
      clearInterval(timer);
      resolve();
    }, LOOK_FOR_END_EVERY_MS);
  });
}

interface State {
  readonly tasks: Tasks;
  readonly reaper: Reaper;
  readonly options: ProcessRuntimeOptions;
  readonly isEnding: boolean;
}

function startContainer(
  state: State,
  launch: ContainerLaunch,
  on: Parameters<ContainerRuntime["start"]>[1],
): void {
  const { enter, images } = state.options;
  const image = images.get(parseImageName(launch.image).repository);
  const refusal = refusalOf(state, launch, image);
  if (refusal !== undefined || image === undefined) {
    // Never in the middle of the world's own step.
    setImmediate(() => enter(() => on.failed(refusal ?? notFound(launch.image))));
    return;
  }
  const environment = { ...environmentOf(state, launch, image), ...state.reaper.environment };
  const { memoryMb, stopTimeoutMs } = launch;
  const [first, ...others] = launch.command ?? [];
  const program = new Program(
    {
      program: image.program,
      arguments: [...image.arguments, ...(first === undefined ? [] : [first, ...others])],
      environment,
      folder: image.folder,
      memoryMb,
      stopTimeoutMs,
      niceness: state.options.niceness ?? 0,
    },
    {
      started: () => enter(on.started),
      failed: (error) => enter(() => on.failed(`CannotStartContainerError: ${error.message}`)),
      exited: (exit) => {
        if (program.pid !== undefined) state.reaper.forget(program.pid);
        enter(() => on.exited(exit));
      },
    },
  );
  if (program.pid !== undefined) state.reaper.watch(program.pid);
  const containers = state.tasks.get(launch.taskId) ?? new Map<string, Running>();
  containers.set(launch.container, { launch, program, environment });
  state.tasks.set(launch.taskId, containers);
  forgetOldest(state.tasks);
}

function forgetOldest(tasks: Tasks): void {
  if (tasks.size <= KEPT_ENDED) return;
  for (const [taskId, containers] of tasks) {
    if (tasks.size <= KEPT_ENDED) return;
    if ([...containers.values()].every(({ program }) => program.hasEnded)) tasks.delete(taskId);
  }
}

/** The texts of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html */
const notFound = (image: string): string =>
  `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: not found`;

function refusalOf(state: State, launch: ContainerLaunch, image: LocalImage | undefined): string | undefined {
  if (state.isEnding) return "the local AWS ends";
  const { secrets } = state.options;
  const missing = launch.secrets.find(({ valueFrom }) => secrets?.has(valueFrom) !== true);
  if (missing !== undefined) return secretNotFound(missing.valueFrom);
  if (image === undefined || image.tags?.includes(parseImageName(launch.image).tag) === false)
    return notFound(launch.image);
  return undefined;
}

function secretNotFound(valueFrom: string): string {
  const head =
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed";
  return valueFrom.includes(":secretsmanager:")
    ? `${head}: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${valueFrom} from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.`
    : `${head}: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid parameters: ${valueFrom}`;
}

/** Nothing of our own environment but what a program needs to be found and to write. */
const INHERITED = ["PATH", "HOME", "LANG", "TMPDIR"] as const;

function environmentOf(
  { options }: State,
  launch: ContainerLaunch,
  image: LocalImage,
): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const name of INHERITED) if (process.env[name] !== undefined) environment[name] = process.env[name];
  Object.assign(
    environment,
    { IMAGE_TAG: parseImageName(launch.image).tag },
    image.environment,
    launch.environment,
  );
  for (const { name, valueFrom } of launch.secrets) environment[name] = options.secrets?.get(valueFrom) ?? "";
  // Where it must listen: what a definition says of ports is true inside a container only.
  environment["HOST"] = launch.address;
  for (const [index, { containerPort, hostPort }] of launch.ports.entries()) {
    if (index === 0) environment["PORT"] = String(hostPort);
    environment[`PORT_${containerPort}`] = String(hostPort);
  }
  return environment;
}

interface Check {
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly niceness: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** `CMD` runs a program, `CMD-SHELL` a line of the shell: API_HealthCheck. `$HOST` and `$PORT` are the task's. */
function runCheck(
  { command, timeoutMs, environment, niceness }: Check,
  done: (isWell: boolean) => void,
): void {
  const [kind, ...words] = command;
  const [program, ...rest] = kind === "CMD-SHELL" ? ["/bin/sh", "-c", words.join(" ")] : words;
  if (program === undefined) {
    setImmediate(done, false);
    return;
  }
  let isTold = false;
  const tell = (isWell: boolean) => {
    if (!isTold) done(isWell);
    isTold = true;
  };
  const child = spawn(program, rest, {
    env: environment,
    stdio: "ignore",
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  yieldToOthers(child.pid, niceness);
  child.once("error", () => tell(false));
  child.once("exit", (code) => tell(code === 0));
}
