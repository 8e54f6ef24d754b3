// CreateService, UpdateService, DeleteService, DescribeServices, ListServices.

import type {
  CreateServiceRequest,
  CreateServiceResponse,
  DeleteServiceRequest,
  DeleteServiceResponse,
  DescribeServicesRequest,
  DescribeServicesResponse,
  Failure,
  ListServicesRequest,
  ListServicesResponse,
  Service,
  UpdateServiceRequest,
  UpdateServiceResponse,
} from "@aws-sdk/client-ecs";
import { arnName } from "../../../../shared/base/arn.ts";
import type { EcsContext } from "../context.ts";
import { describeService } from "../describe-service.ts";
import {
  activeServiceOf,
  atMost,
  clusterOf,
  invalid,
  limitOf,
  pageOf,
  serviceNotFound,
  serviceOf,
} from "../lookup.ts";
import { createService, deleteService, updateService } from "../services.ts";

function describeAll(context: EcsContext, input: DescribeServicesRequest): DescribeServicesResponse {
  const cluster = clusterOf(context, input.cluster);
  if ((input.services ?? []).length === 0) throw invalid("Services cannot be empty.");
  atMost(input.services, 10, "services");
  const withTags = input.include?.includes("TAGS") === true;
  const services: Service[] = [];
  const failures: Failure[] = [];
  for (const reference of new Set(input.services)) {
    const service = cluster.services.get(arnName(reference));
    if (service !== undefined) services.push(describeService(context, service, withTags ? service.tags : []));
    else {
      const arn = context.kernel.arn("ecs", `service/${cluster.name}/${arnName(reference)}`);
      failures.push({ arn, reason: "MISSING" });
    }
  }
  return { services, failures };
}

export const serviceOperations = (context: EcsContext) => ({
  CreateService(input: CreateServiceRequest): CreateServiceResponse {
    const service = createService(context, clusterOf(context, input.cluster), input);
    return { service: describeService(context, service, service.tags) };
  },

  UpdateService(input: UpdateServiceRequest): UpdateServiceResponse {
    const service = activeServiceOf(clusterOf(context, input.cluster), input.service);
    updateService(context, service, input);
    return { service: describeService(context, service, []) };
  },

  DeleteService(input: DeleteServiceRequest): DeleteServiceResponse {
    const service = serviceOf(clusterOf(context, input.cluster), input.service);
    // Asked again the service goes on draining; ServiceNotActiveException is no error of this call.
    if (service.status === "INACTIVE") throw serviceNotFound();
    if (service.status === "ACTIVE") deleteService(context, service, input.force === true);
    return { service: describeService(context, service, []) };
  },

  DescribeServices: (input: DescribeServicesRequest): DescribeServicesResponse => describeAll(context, input),

  /** 10 a page by default: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServices.html */
  ListServices(input: ListServicesRequest): ListServicesResponse {
    const cluster = clusterOf(context, input.cluster);
    const page = pageOf(cluster.serviceList, {
      nextToken: input.nextToken,
      limit: limitOf(input.maxResults, 10),
      accepts: (service) =>
        service.status !== "INACTIVE" &&
        (input.launchType === undefined || service.launch.launchType === input.launchType) &&
        (input.schedulingStrategy === undefined || service.scheduling === input.schedulingStrategy),
    });
    return {
      serviceArns: page.items.map(({ arn }) => arn),
      ...(page.nextToken !== undefined && { nextToken: page.nextToken }),
    };
  },
});
