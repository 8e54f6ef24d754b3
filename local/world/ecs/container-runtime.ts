// What runs the containers of the virtual ECS: nothing in simulation (times are drawn from the seed), real
// processes in `npm start`. The task's life waits for it and reports what it says.

import type { DurationMs } from "../../../shared/base/time.ts";

export interface ContainerLaunch {
  readonly taskArn: string;
  readonly taskId: string;
  readonly clusterName: string;
  readonly serviceName: string | undefined;
  readonly container: string;
  readonly image: string;
  readonly command: readonly string[] | undefined;
  /** Definition and overrides merged. */
  readonly environment: Readonly<Record<string, string>>;
  /** To be resolved by the runtime and put into the environment: ARNs or names in Secrets Manager, SSM. */
  readonly secrets: readonly { readonly name: string; readonly valueFrom: string }[];
  /** The task's own address, or its host's. */
  readonly address: string;
  readonly ports: readonly { readonly containerPort: number; readonly hostPort: number }[];
  /** MiB; the container's hard limit, else the task's. */
  readonly memoryMb: number | undefined;
  readonly stopTimeoutMs: DurationMs;
}

export interface ContainerExit {
  readonly exitCode: number;
  /** `OutOfMemoryError: Container killed due to memory usage`… */
  readonly reason?: string;
}

export interface ContainerRuntime {
  /**
   * Starts the program. `started` or `failed` is called once; `exited` once after `started`, whoever ended it.
   * A failure's text is a `stoppedReason`, as `CannotPullContainerError: …`.
   */
  start(
    launch: ContainerLaunch,
    on: { started(): void; failed(reason: string): void; exited(exit: ContainerExit): void },
  ): void;
  /** SIGTERM, then SIGKILL after the launch's stop time-out; `exited` follows. */
  stop(taskId: string): void;
  /** SIGKILL now, to one container or to all: a crash, a host that is gone. `exited` follows. */
  kill(taskId: string, container?: string): void;
  /** Runs a health check command in the container's surroundings. */
  check(
    taskId: string,
    check: {
      readonly container: string;
      readonly command: readonly string[];
      readonly timeoutMs: DurationMs;
    },
    done: (healthy: boolean) => void,
  ): void;
}
