// Where a task answers: address and port by network mode.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html

import type { ContainerFact } from "../../contracts/facts.ts";
import type { RegistryPolicy } from "../../contracts/policy.ts";
import type { TaskView } from "./observation.ts";

export interface Endpoint {
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly port?: number;
}

/** Why there is no endpoint: a code of `reasons`, and whether reading more facts may help. */
export type Unreachable = "address-unknown" | "port-unknown";

/** awsvpc gives the task its own interface; every other mode answers at the host's address. */
const hasOwnInterface = (view: TaskView): boolean => view.fact.interfaces.length > 0;

export function endpointOf(view: TaskView, policy: RegistryPolicy): Endpoint | Unreachable {
  const address = addressOf(view, policy);
  if (address === undefined) return "address-unknown";
  if (policy.port === undefined) return address;
  const port = hasOwnInterface(view) ? policy.port : hostPort(view, policy);
  return port === undefined ? "port-unknown" : { ...address, port };
}

function addressOf(view: TaskView, policy: RegistryPolicy): Endpoint | undefined {
  const own = view.fact.interfaces.find((face) => face.ipv4 !== undefined || face.ipv6 !== undefined);
  const source = hasOwnInterface(view) ? own : view.host;
  switch (policy.address) {
    case "public": {
      const ipv4 = hasOwnInterface(view) ? view.publicIp : view.host?.publicIp;
      return ipv4 === undefined ? undefined : { ipv4 };
    }
    case "ipv4":
      return source?.ipv4 === undefined ? undefined : { ipv4: source.ipv4 };
    case "ipv6":
      return source?.ipv6 === undefined ? undefined : { ipv6: source.ipv6 };
    case "dualstack":
      return source?.ipv4 === undefined || source.ipv6 === undefined
        ? undefined
        : { ipv4: source.ipv4, ipv6: source.ipv6 };
  }
}

/**
 * bridge and nat: the dynamic port that ECS bound. host: the binding repeats the container's port, or ECS
 * reports no binding at all, and then the container's port is the host's (traefik reads it the same way).
 */
function hostPort(view: TaskView, policy: RegistryPolicy): number | undefined {
  const anyBinding = view.fact.containers.some((container) => container.bindings.length > 0);
  if (!anyBinding) return policy.port;
  const bindings = containerOf(view, policy)?.bindings ?? [];
  return bindings.find((binding) => binding.containerPort === policy.port)?.hostPort;
}

/**
 * The container whose port and health count: the named one, else the one that binds the port, else the
 * task's first that has not ended (one that only prepares the others ends early).
 */
export function containerOf(view: TaskView, policy: RegistryPolicy): ContainerFact | undefined {
  const { containers } = view.fact;
  if (policy.container !== undefined) return containers.find(({ name }) => name === policy.container);
  return (
    containers.find(({ bindings }) => bindings.some((binding) => binding.containerPort === policy.port)) ??
    containers.find(({ lastStatus }) => lastStatus !== "STOPPED") ??
    containers[0]
  );
}
