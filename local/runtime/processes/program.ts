// One container as a process: started, watched, stopped; its last lines kept.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { StringDecoder } from "node:string_decoder";
import type { ContainerExit } from "../../world/ecs/container-runtime.ts";
import { residentMb } from "./memory.ts";

export interface ProgramOrder {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string | undefined;
  readonly memoryMb: number | undefined;
  readonly stopTimeoutMs: number;
  readonly niceness: number;
}

export interface ProgramEvents {
  started(): void;
  failed(error: Error): void;
  exited(exit: ContainerExit): void;
}

/** As ECS shows it: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html */
const OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage";

const KEPT_LINES = 100;

/** Shells add 128 to the signal that ended a process; so does Docker. */
const exitCodeOf = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal]);

export function yieldToOthers(pid: number | undefined, niceness: number): void {
  if (pid === undefined || niceness === 0) return;
  try {
    setPriority(pid, niceness);
  } catch {
    // It has ended already.
  }
}

export class Program {
  readonly #order: ProgramOrder;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  #reason: string | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(order: ProgramOrder, on: ProgramEvents) {
    this.#order = order;
    // A process group of its own: signals of the terminal do not reach it, and its children go with it.
    this.#child = spawn(order.program, order.arguments, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: order.environment,
      cwd: order.folder,
    });
    this.#child.once("spawn", () => {
      yieldToOthers(this.#child.pid ?? 0, order.niceness);
      on.started();
    });
    this.#child.once("error", (error) => {
      if (this.#child.pid === undefined) on.failed(error);
    });
    this.#child.once("exit", (code, signal) => {
      this.#hasEnded = true;
      clearTimeout(this.#killTimer);
      const reason = this.#reason;
      on.exited({ exitCode: exitCodeOf(code, signal), ...(reason !== undefined && { reason }) });
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) this.#keepLines(stream);
  }

  /** undefined: it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The newest last. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** SIGTERM, then SIGKILL. */
  stop(stopTimeoutMs = this.#order.stopTimeoutMs): void {
    if (this.#hasEnded) return;
    this.#child.kill("SIGTERM");
    clearTimeout(this.#killTimer);
    this.#killTimer = setTimeout(() => this.kill(), stopTimeoutMs);
  }

  kill(): void {
    if (this.#hasEnded || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      this.#child.kill("SIGKILL");
    }
  }

  /** Kills it as the kernel does when its memory is used up. */
  checkMemory(): void {
    const { memoryMb } = this.#order;
    if (memoryMb === undefined || this.#hasEnded || this.#child.pid === undefined) return;
    if ((residentMb(this.#child.pid) ?? 0) <= memoryMb) return;
    this.#reason = OUT_OF_MEMORY;
    this.kill();
  }

  #keepLines(stream: NodeJS.ReadableStream | null): void {
    const decoder = new StringDecoder("utf8");
    let rest = "";
    stream?.on("data", (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      this.#lines.push(...lines);
      this.#lines.splice(0, this.#lines.length - KEPT_LINES);
    });
    stream?.on("end", () => {
      if (rest !== "") this.#lines.push(rest);
    });
  }
}
