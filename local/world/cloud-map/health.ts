// Custom health: recorded, not measured, and applied 30 seconds after the first request that asks for it.
// https://docs.aws.amazon.com/cloud-map/latest/api/API_HealthCheckCustomConfig.html

import type {
  GetInstancesHealthStatusRequest,
  GetInstancesHealthStatusResponse,
  UpdateInstanceCustomHealthStatusRequest,
} from "@aws-sdk/client-servicediscovery";
import { AwsError } from "../kernel.ts";
import { CUSTOM_HEALTH_DELAY } from "./limits.ts";
import type { CloudMapState, Health, InstanceRecord, ServiceRecord } from "./model.ts";
import { invalidInput, serviceOf } from "./model.ts";
import { pageOf } from "./page.ts";

export const hasHealthCheck = (service: ServiceRecord): boolean =>
  service.customHealth || service.healthCheck !== undefined;

/** UNKNOWN where nothing is configured: an assumption, see local/ASSUMPTIONS.md. */
export const shownHealth = (service: ServiceRecord, instance: InstanceRecord): Health | "UNKNOWN" =>
  hasHealthCheck(service) ? instance.health : "UNKNOWN";

const instanceOf = (service: ServiceRecord, id: string | undefined): InstanceRecord => {
  const instance = service.instances.get(id ?? "");
  if (instance === undefined) throw new AwsError("InstanceNotFound", `Instance not found: ${id}`);
  return instance;
};

export function healthOperations(state: CloudMapState, written: (service: ServiceRecord) => void) {
  return {
    UpdateInstanceCustomHealthStatus: (input: UpdateInstanceCustomHealthStatusRequest) => {
      const service = serviceOf(state, input.ServiceId);
      const status = input.Status;
      if (status !== "HEALTHY" && status !== "UNHEALTHY")
        throw invalidInput("Status must be HEALTHY or UNHEALTHY.");
      const instance = instanceOf(service, input.InstanceId);
      if (!service.customHealth) {
        throw new AwsError("CustomHealthNotFound", `Service ${service.id} has no custom health check.`);
      }
      written(service);
      requestHealth(state, instance, status);
      return {};
    },
    GetInstancesHealthStatus: (input: GetInstancesHealthStatusRequest) => healthStatus(state, input),
  };
}

function requestHealth(state: CloudMapState, instance: InstanceRecord, health: Health): void {
  if (instance.pendingHealth?.health === health) return;
  instance.pendingHealth?.cancel();
  instance.pendingHealth = undefined;
  if (instance.health === health) return;
  const cancel = state.kernel.after(CUSTOM_HEALTH_DELAY, () => {
    instance.health = health;
    instance.pendingHealth = undefined;
  });
  instance.pendingHealth = { health, cancel };
}

function healthStatus(
  state: CloudMapState,
  input: GetInstancesHealthStatusRequest,
): GetInstancesHealthStatusResponse {
  const service = serviceOf(state, input.ServiceId);
  const wanted = input.Instances?.map((id) => instanceOf(service, id)) ?? [...service.instances.values()];
  const page = pageOf(wanted, input, (instance) => instance.id);
  const status = Object.fromEntries(
    page.items.map((instance) => [instance.id, shownHealth(service, instance)]),
  );
  return { Status: status, ...page.next };
}
