// What grants are written in: a statement as data, and the ARNs and conditions that narrow one.

import type { Settings } from "./settings.ts";

export interface Permission {
  readonly sid: string;
  readonly actions: readonly string[];
  /** `<AWS::Region>` and its like stand for CloudFormation's pseudo parameters. */
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
  /** Why a resource has a wildcard. */
  readonly because?: string;
}

export const arn = (service: string, resource: string): string =>
  `arn:<AWS::Partition>:${service}:<AWS::Region>:<AWS::AccountId>:${resource}`;

const clusterName = (cluster: string): string => cluster.slice(cluster.lastIndexOf("/") + 1);

/** The ARNs of a cluster's tasks or instances; of all clusters when none is named. */
export const withinClusters = (type: string, { clusters }: Settings): readonly string[] =>
  clusters.length === 0
    ? [arn("ecs", `${type}/*`)]
    : clusters.map((cluster) => arn("ecs", `${type}/${clusterName(cluster)}/*`));

export const clusterArns = ({ clusters }: Settings): readonly string[] =>
  clusters.length === 0
    ? [arn("ecs", "cluster/*")]
    : clusters.map((cluster) => arn("ecs", `cluster/${clusterName(cluster)}`));

export const onlyClusters = (settings: Settings): Pick<Permission, "conditions"> =>
  settings.clusters.length === 0
    ? {}
    : { conditions: { ArnEquals: { "ecs:cluster": clusterArns(settings) } } };
