// Cloud Map as far as counting writes needs it: every operation succeeds two seconds later, nothing is
// throttled. Its own limits are P7's and the simulation's business.

import type { Timeline } from "../../../local/world/kernel.ts";
import { addMs, seconds } from "../../../shared/base/time.ts";
import type { RegistryReader, RegistryWriter } from "../../../shared/ports/registry.ts";
import { sleep } from "../../simulation/engine.ts";

const CALL_MS = 40;
const OPERATION_MS = seconds(2);

interface Registry {
  readonly instances: Map<string, Readonly<Record<string, string>>>;
  revision: number;
}

export function createInstantRegistry(kernel: Timeline): { read: RegistryReader; write: RegistryWriter } {
  const registries = new Map<string, Registry>();
  const endsAt = new Map<string, number>();
  const of = (service: string): Registry => {
    const known = registries.get(service) ?? { instances: new Map(), revision: 1 };
    registries.set(service, known);
    return known;
  };
  const begin = async (service: string, change: (registry: Registry) => void): Promise<string> => {
    await sleep(kernel, CALL_MS);
    const id = `operation-${endsAt.size}`;
    endsAt.set(id, addMs(kernel.now(), OPERATION_MS));
    kernel.after(OPERATION_MS, () => {
      change(of(service));
      of(service).revision += 1;
    });
    return id;
  };
  return {
    read: {
      settings: async (serviceId) => ({
        serviceId,
        name: serviceId,
        namespaceName: "bench.local",
        customHealth: false,
        ecsManaged: false,
        recordTypes: [],
      }),
      instances: async (service) =>
        [...of(service).instances].map(([instanceId, attributes]) => ({ instanceId, attributes })),
      operation: async (id) => {
        await sleep(kernel, CALL_MS);
        return (endsAt.get(id) ?? 0) <= kernel.now() ? { status: "success" } : { status: "pending" };
      },
      revision: async ({ serviceId }) => of(serviceId).revision,
    },
    write: {
      register: ({ service, instanceId, attributes }) =>
        begin(service, ({ instances }) => instances.set(instanceId, attributes)),
      deregister: (service, instanceId) => begin(service, ({ instances }) => instances.delete(instanceId)),
      setHealth: async () => undefined,
    },
  };
}
