// Stands in for `@aws-sdk/middleware-endpoint-discovery` inside the bundles. DynamoDB's client carries it for
// DescribeEndpoints, which only opted-in callers use; with it come an LRU cache and two libraries, 12 KB.

export const resolveEndpointDiscoveryConfig = <T>(input: T): T => input;

export const getEndpointDiscoveryPlugin = (): never => {
  throw new Error(
    "endpoint discovery is left out of these bundles: see infra/build/no-endpoint-discovery.ts",
  );
};

/** Every source answers "no": the option exists and is never set. */
export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = {
  environmentVariableSelector: (): boolean => false,
  configFileSelector: (): boolean => false,
  default: false,
};
