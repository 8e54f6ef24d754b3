// What ECS refuses in a capacity provider strategy:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html

import type { CapacityProviderStrategyItem } from "@aws-sdk/client-ecs";
import { invalid } from "./lookup.ts";
import type { ClusterRecord } from "./model.ts";

/** `capacityProviderStrategy` of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html */
const MAX_PROVIDERS = 20;

type Strategy = readonly CapacityProviderStrategyItem[];

const isOfFargate = ({ capacityProvider = "" }: CapacityProviderStrategyItem): boolean =>
  capacityProvider === "FARGATE" || capacityProvider === "FARGATE_SPOT";

export function checkWeights(strategy: Strategy): void {
  if (strategy.length > MAX_PROVIDERS) {
    throw invalid(`A capacity provider strategy can have at most ${MAX_PROVIDERS} items.`);
  }
  if (strategy.filter(({ base = 0 }) => base > 0).length > 1) {
    throw invalid("Only one capacity provider in a capacity provider strategy can have a base defined.");
  }
  if (strategy.length > 0 && strategy.every(({ weight = 0 }) => weight === 0)) {
    throw invalid("At least one capacity provider in a strategy must have a weight greater than zero.");
  }
}

/** Of a service, a task set or RunTask: "A capacity provider must be associated with the cluster to be used". */
export function checkStrategy(strategy: Strategy, cluster: ClusterRecord): void {
  if (strategy.some(({ capacityProvider = "" }) => !cluster.capacityProviders.includes(capacityProvider))) {
    throw invalid(
      "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.",
    );
  }
  if (strategy.some(isOfFargate) && !strategy.every(isOfFargate)) {
    throw invalid(
      "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate.",
    );
  }
  checkWeights(strategy);
}

const textOf = (strategy: Strategy): string =>
  JSON.stringify(
    strategy.map(({ capacityProvider, base = 0, weight = 0 }) => [capacityProvider, base, weight]),
  );

/** As users report it: https://github.com/pipe-cd/pipecd/pull/6385 */
export function checkStrategyChange(before: Strategy, after: Strategy, isForced: boolean): void {
  if (isForced || textOf(before) === textOf(after)) return;
  throw invalid(
    "When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.",
  );
}
