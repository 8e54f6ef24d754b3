// Whether somebody else changed a registry. InstancesRevision rises with every register and deregister,
// so one data-plane read tells; only a registry that moved is listed again, by the key's own pass.

import { isCode } from "../base/errors.ts";
import type { Aggregate, KeyState } from "../contracts/aggregate.ts";
import type { DiscoveryState, RegistryState } from "../core/discovery/state.ts";
import { initialDiscoveryState } from "../core/discovery/state.ts";
import type { SweepPorts } from "./sweep-ports.ts";

/** -- reason: as in run-capability.ts, the capability's own data read back. */
export const discoveryStateOf = (state: KeyState): DiscoveryState =>
  (state.capabilities["discovery"] ?? initialDiscoveryState) as unknown as DiscoveryState;

export async function registryDrift(aggregate: Aggregate, ports: SweepPorts): Promise<boolean> {
  if (aggregate.policy?.discovery === undefined) return false;
  const state = discoveryStateOf(aggregate.state);
  // A registry that the policy names and no pass has met: the ring that told of the policy was lost.
  const named = aggregate.policy.discovery.registries;
  if (named.some(({ service }) => state.registries[service] === undefined)) return true;
  for (const [service, registry] of Object.entries(state.registries)) {
    if (await hasDrifted(service, registry, ports)) return true;
  }
  return false;
}

/** Without a stored revision only a listing can tell; a registry at work is looked at by its own timer. */
async function hasDrifted(service: string, registry: RegistryState, { read }: SweepPorts): Promise<boolean> {
  if (registry.place === undefined || registry.revision === undefined) return true;
  if (Object.values(registry.instances).some((entry) => "operationId" in entry)) return false;
  try {
    const revision = await read.registry.revision({ serviceId: service, ...registry.place });
    return revision !== registry.revision;
  } catch (error) {
    // Throttled or unreachable: the next cycle asks again. A registry that is gone must be told.
    return isCode(error, "missing");
  }
}
