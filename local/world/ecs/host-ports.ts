// Ports on a host: what a task reserves when it is placed, and the network bindings that follow.

import type { NetworkBinding, PortMapping } from "@aws-sdk/client-ecs";
import type { InstanceRecord, TaskDefinitionRecord } from "./model.ts";

/**
 * Linux's ip_local_port_range, from which Docker takes dynamic host ports:
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
 */
export const DYNAMIC_PORTS = { first: 32_768, last: 60_999 } as const;

/** Windows default network and Linux bridge map ports; host mode uses the container's own. */
const mapsPorts = (definition: TaskDefinitionRecord): boolean =>
  definition.networkMode === "bridge" || definition.networkMode === "default";

const fixedPort = (mapping: PortMapping, definition: TaskDefinitionRecord): number => {
  if (definition.networkMode === "host") return mapping.containerPort ?? 0;
  return mapsPorts(definition) ? (mapping.hostPort ?? 0) : 0;
};

/** Whether the ports that the definition insists on are free: one such task for each host. */
export function portsFit(instance: InstanceRecord, definition: TaskDefinitionRecord): boolean {
  if (definition.networkMode === "awsvpc" || definition.networkMode === "none") return true;
  for (const container of definition.containers) {
    for (const mapping of container.definition.portMappings ?? []) {
      const port = fixedPort(mapping, definition);
      if (port !== 0 && instance.ports.has(port)) return false;
    }
  }
  return true;
}

/** Docker's allocator counts upwards and begins again at the end. */
function dynamicPort(instance: InstanceRecord): number {
  let port = instance.nextPort;
  while (instance.ports.has(port)) port = port >= DYNAMIC_PORTS.last ? DYNAMIC_PORTS.first : port + 1;
  instance.nextPort = port >= DYNAMIC_PORTS.last ? DYNAMIC_PORTS.first : port + 1;
  return port;
}

/** Bindings of one container, with the ports reserved on the host. Empty for awsvpc and none. */
export function bindPorts(
  instance: InstanceRecord | undefined,
  definition: TaskDefinitionRecord,
  mappings: readonly PortMapping[],
): readonly NetworkBinding[] {
  if (instance === undefined || definition.networkMode === "awsvpc" || definition.networkMode === "none")
    return [];
  return mappings.map((mapping) => {
    const hostPort = fixedPort(mapping, definition) || dynamicPort(instance);
    instance.ports.add(hostPort);
    return {
      bindIP: "0.0.0.0",
      containerPort: mapping.containerPort ?? hostPort,
      hostPort,
      protocol: mapping.protocol ?? "tcp",
    };
  });
}

export function releasePorts(instance: InstanceRecord, bindings: readonly NetworkBinding[]): void {
  for (const binding of bindings) instance.ports.delete(binding.hostPort ?? 0);
}
