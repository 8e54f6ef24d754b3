// What the containers wrote: the last lines of each, also of those that ended.

/** Where a running `fairlead local` answers with it; see local/faces/wire/logs-face.ts. */
export const LOGS_PATH = "/_local/logs";

export interface ContainerOutput {
  readonly taskId: string;
  readonly cluster: string;
  /** undefined: a task of its own. */
  readonly service: string | undefined;
  readonly container: string;
  readonly image: string;
  readonly hasEnded: boolean;
  /** The newest last. */
  readonly lines: readonly string[];
}

/** What GET answers: the output, the oldest container first, or why there is none. */
export interface LogsAnswer {
  readonly outputs?: readonly ContainerOutput[];
  readonly error?: string;
}

/** By a task's id, the beginning of one or its ARN; by a service's name, also as cluster/service or as its ARN. */
export function outputsOf(outputs: readonly ContainerOutput[], of: string): readonly ContainerOutput[] {
  const name = of.startsWith("arn:") ? of.slice(of.indexOf("/") + 1) : of;
  const last = name.slice(name.lastIndexOf("/") + 1);
  const byService = outputs.filter(
    ({ cluster, service }) => service === name || `${cluster}/${service}` === name,
  );
  if (byService.length > 0 || last === "") return byService;
  return outputs.filter(({ taskId }) => taskId.startsWith(last));
}
