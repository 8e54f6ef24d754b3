// The records of the virtual ECS: what exists, linked by reference so that no change needs a scan.

import type {
  AutoScalingGroupProvider,
  CapacityProviderStrategyItem,
  CapacityProviderUpdateStatus,
  ContainerDefinition,
  CreateManagedInstancesProviderConfiguration,
  DeploymentConfiguration,
  DeploymentController,
  HealthStatus,
  LoadBalancer,
  NetworkBinding,
  NetworkConfiguration,
  PlacementConstraint,
  PlacementStrategy,
  PropagateTags,
  RegisterTaskDefinitionRequest,
  ServiceRegistry,
  Tag,
  TaskOverride,
} from "@aws-sdk/client-ecs";
import type { DurationMs, EpochMs } from "../../../shared/base/time.ts";
import type { TaskStatus } from "../../../shared/contracts/facts.ts";
import type { Target, TargetHealthState } from "../balancing.ts";
import type { ServiceDeploymentRecord } from "./deployments/records.ts";
import type { Ordered, Roster } from "./roster.ts";

export type LaunchTypeName = "FARGATE" | "EC2" | "EXTERNAL" | "MANAGED_INSTANCES";
export type NetworkModeName = "awsvpc" | "bridge" | "host" | "none" | "default";
export type LiveStatus = Exclude<TaskStatus, "DELETED">;
export type StopCode =
  | "TaskFailedToStart"
  | "EssentialContainerExited"
  | "UserInitiated"
  | "ServiceSchedulerInitiated"
  | "SpotInterruption"
  | "TerminationNotice"
  | "InfrastructureHealth";

export interface ClusterRecord extends Ordered {
  readonly name: string;
  readonly arn: string;
  status: "ACTIVE" | "INACTIVE";
  /** Every visible task: also those stopped less than an hour ago. */
  readonly tasks: Roster<TaskRecord>;
  readonly taskById: Map<string, TaskRecord>;
  /** By name; a deleted service stays as INACTIVE until another takes its name. */
  readonly services: Map<string, ServiceRecord>;
  readonly serviceList: Roster<ServiceRecord>;
  readonly daemons: Set<ServiceRecord>;
  readonly instances: Roster<InstanceRecord>;
  readonly instanceById: Map<string, InstanceRecord>;
  /** Names that strategies may use: PutClusterCapacityProviders. */
  capacityProviders: readonly string[];
  /** Used where neither launch type nor strategy is given. */
  defaultStrategy: readonly CapacityProviderStrategyItem[];
  /** Providers of Managed Instances, with the newest host of each: the next is made like it. */
  readonly managedProviders: Map<string, InstanceRecord | undefined>;
  /** Those for which a host is on its way. */
  readonly hostsAwaited: Set<string>;
  /** Where the last search for a host ended: the next begins behind it. */
  placementCursor: number;
}

export interface CapacityProviderRecord {
  readonly name: string;
  readonly arn: string;
  /** Of Managed Instances only. */
  readonly cluster: ClusterRecord | undefined;
  autoScaling: AutoScalingGroupProvider | undefined;
  managed: CreateManagedInstancesProviderConfiguration | undefined;
  updateStatus: CapacityProviderUpdateStatus;
}

export interface ContainerTemplate {
  readonly definition: ContainerDefinition;
  readonly name: string;
  readonly image: string;
  readonly digest: string;
  readonly essential: boolean;
  readonly cpu: string;
  readonly memory?: string;
  readonly memoryReservation?: string;
}

export interface TaskDefinitionRecord {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  readonly networkMode: NetworkModeName;
  readonly request: RegisterTaskDefinitionRequest;
  readonly containers: readonly ContainerTemplate[];
  /** What a task takes from its host: task size, else the sum of its containers. */
  readonly cpu: number;
  readonly memory: number;
  readonly checksHealth: boolean;
  readonly registeredAt: EpochMs;
  deregisteredAt?: EpochMs;
  status: "ACTIVE" | "INACTIVE";
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-health.html */
export type InstanceCheckType = "CONTAINER_RUNTIME" | "ACCELERATED_COMPUTE" | "DAEMON" | "AGENT_CONNECTIVITY";

export interface InstanceCheck {
  readonly type: InstanceCheckType;
  readonly status: "OK" | "IMPAIRED" | "INSUFFICIENT_DATA" | "INITIALIZING";
  readonly reason: string | undefined;
  readonly changedAt: EpochMs;
}

export interface InstanceRecord extends Ordered {
  readonly id: string;
  readonly arn: string;
  readonly cluster: ClusterRecord;
  readonly kind: Exclude<LaunchTypeName, "FARGATE">;
  /** `i-…`, or `mi-…` on ECS Anywhere. */
  readonly hostId: string;
  readonly availabilityZone: string | undefined;
  readonly instanceType: string;
  readonly osType: "linux" | "windows";
  readonly cpuArchitecture: string;
  readonly capacityProvider: string | undefined;
  readonly privateIp: string;
  readonly ipv6: string | undefined;
  readonly publicIp: string | undefined;
  readonly registeredAt: EpochMs;
  readonly cpu: number;
  readonly memory: number;
  status: "ACTIVE" | "DRAINING" | "INACTIVE";
  agentConnected: boolean;
  /** Checks that are or were not OK: instance-health.ts. */
  readonly checks: Map<InstanceCheckType, InstanceCheck>;
  agentAwaySince: EpochMs | undefined;
  /** A managed host that is being replaced, or waits for its turn. */
  repair: "waiting" | "running" | undefined;
  /** A managed host that ends once it has no tasks. */
  isLeaving: boolean;
  version: number;
  cpuLeft: number;
  memoryLeft: number;
  readonly ports: Set<number>;
  nextPort: number;
  /** Tasks that are not STOPPED. */
  readonly tasks: Roster<TaskRecord>;
}

export interface InterfaceRecord {
  readonly eniId: string;
  readonly attachmentId: string;
  readonly subnetId: string;
  readonly macAddress: string;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly publicIp: string | undefined;
  status: "PRECREATED" | "ATTACHED" | "DETACHING" | "DELETED";
}

export interface ContainerRecord {
  readonly template: ContainerTemplate;
  readonly arn: string;
  lastStatus: "PENDING" | "RUNNING" | "STOPPED";
  health: HealthStatus;
  /** It was said to be unwell: what its program answers to checks does not count. */
  isHeldUnwell?: boolean;
  runtimeId: string | undefined;
  exitCode: number | undefined;
  reason: string | undefined;
  /** Reserved at placement, visible once the container runs. */
  bindings: readonly NetworkBinding[];
}

/** A task's place in a target group. */
export interface TargetRecord {
  readonly groupArn: string;
  readonly target: Target;
  state: TargetHealthState | undefined;
  /** false: deregistered, and draining until it is gone. */
  registered: boolean;
}

export interface TaskRecord extends Ordered {
  readonly id: string;
  readonly arn: string;
  readonly cluster: ClusterRecord;
  readonly definition: TaskDefinitionRecord;
  readonly service: ServiceRecord | undefined;
  readonly deployment: WorkloadRecord | undefined;
  readonly group: string;
  readonly startedBy: string | undefined;
  readonly launchType: LaunchTypeName;
  readonly capacityProvider: string | undefined;
  readonly platformVersion: string | undefined;
  /** A task that waits for a host has none yet. */
  instance: InstanceRecord | undefined;
  availabilityZone: string | undefined;
  readonly overrides: TaskOverride | undefined;
  readonly executeCommand: boolean;
  eni: InterfaceRecord | undefined;
  readonly containers: readonly ContainerRecord[];
  tags: readonly Tag[];
  lastStatus: LiveStatus;
  desiredStatus: "RUNNING" | "STOPPED";
  health: HealthStatus;
  version: number;
  stopCode: StopCode | undefined;
  stoppedReason: string | undefined;
  readonly createdAt: EpochMs;
  updatedAt: EpochMs;
  connectivityAt: EpochMs | undefined;
  pullStartedAt: EpochMs | undefined;
  pullStoppedAt: EpochMs | undefined;
  startedAt: EpochMs | undefined;
  stoppingAt: EpochMs | undefined;
  stoppedAt: EpochMs | undefined;
  executionStoppedAt: EpochMs | undefined;
  /** The instants above as events write them. */
  readonly instantTexts: Record<string, string>;
  /** Where load balancers send it requests; empty before RUNNING and once all have drained. */
  targets: readonly TargetRecord[];
  /** Neither scaling in nor a deployment stops the task until then: UpdateTaskProtection. */
  protectedUntil: EpochMs | undefined;
  /** Its Fargate host goes: the scheduler replaces it. */
  isRetiring: boolean;
  /** The next step of its life; cancelled when another way is taken. */
  cancelStep: (() => void) | undefined;
}

/**
 * What tasks of a service are launched for: a deployment of the ECS controller, or a task set of the EXTERNAL
 * one. What a service revision holds belongs here, not to the service.
 */
export interface WorkloadRecord {
  /** `ecs-svc/` and 19 digits; `startedBy` of its tasks. */
  readonly id: string;
  status: "PRIMARY" | "ACTIVE" | "DRAINING" | "INACTIVE";
  readonly definition: TaskDefinitionRecord;
  readonly launch: LaunchSettings;
  readonly loadBalancers: readonly LoadBalancer[];
  readonly serviceRegistries: readonly ServiceRegistry[];
  readonly createdAt: EpochMs;
  updatedAt: EpochMs;
  /** In a row, until one serves. */
  failedTasks: number;
  /** A task of it was healthy: failures are no longer counted. */
  hasServed: boolean;
  /** Launches by capacity provider: the strategy's weights are kept by it. */
  readonly launched: Map<string, number>;
}

/** Also the service revision that it deploys: the two share their digits. */
export interface DeploymentRecord extends WorkloadRecord {
  readonly revisionArn: string;
  /** As asked for; `loadBalancers` names the target group of each that the revision is really behind. */
  readonly configuredLoadBalancers: readonly LoadBalancer[];
  rolloutState: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  rolloutStateReason: string;
  /** Percent of the desired count; counts while the service is `pinned`. */
  scale: number;
}

/** Its status is PRIMARY, ACTIVE or DRAINING: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html */
export interface TaskSetRecord extends WorkloadRecord {
  readonly arn: string;
  readonly externalId: string | undefined;
  readonly clientToken: string | undefined;
  /** The input that made it, to know a repetition of its token. */
  readonly request: string;
  /** Of the service's desired count. */
  scale: { readonly unit: "PERCENT"; readonly value: number };
  /** The scheduler has found it stable after the last change. */
  steady: boolean;
}

/** Which hosts tasks may have, and which they would rather. */
export interface PlacementWishes {
  readonly constraints: readonly PlacementConstraint[];
  readonly strategy: readonly PlacementStrategy[];
}

/** How tasks are started, for services and RunTask alike. */
export interface LaunchSettings {
  readonly launchType: LaunchTypeName | undefined;
  readonly strategy: readonly CapacityProviderStrategyItem[];
  readonly network: NetworkConfiguration | undefined;
  readonly platformVersion: string | undefined;
  readonly executeCommand: boolean;
}

/** What the tasks of a service are made to do: chaos for tests and demos. */
export type FailurePlan =
  | { readonly kind: "fails-to-start"; readonly reason: string }
  | {
      readonly kind: "exits";
      readonly afterMs: DurationMs;
      readonly exitCode: number;
      readonly reason?: string;
    }
  | { readonly kind: "unhealthy"; readonly afterMs: DurationMs };

export interface StartBrake {
  /** Launches in a row that did not reach RUNNING. */
  failures: number;
  /** Only a task created after this counts as one more failure: one batch is one attempt. */
  countedAt: EpochMs;
  blockedUntil: EpochMs;
}

export interface ServiceRecord extends Ordered {
  readonly name: string;
  readonly arn: string;
  readonly cluster: ClusterRecord;
  readonly scheduling: "REPLICA" | "DAEMON";
  readonly controller: DeploymentController;
  readonly createdAt: EpochMs;
  status: "ACTIVE" | "DRAINING" | "INACTIVE";
  desiredCount: number;
  launch: LaunchSettings;
  configuration: DeploymentConfiguration;
  propagateTags: PropagateTags | undefined;
  managedTags: boolean;
  healthCheckGracePeriodSeconds: number | undefined;
  loadBalancers: readonly LoadBalancer[];
  serviceRegistries: readonly ServiceRegistry[];
  placement: PlacementWishes;
  tags: readonly Tag[];
  /** Newest first, as DescribeServices lists them; the first is PRIMARY. */
  deployments: DeploymentRecord[];
  /** All that there were, oldest first. */
  readonly revisions: DeploymentRecord[];
  readonly serviceDeployments: ServiceDeploymentRecord[];
  /** The service deployment that has not ended. */
  rollout: ServiceDeploymentRecord | undefined;
  /** The last revision that was deployed with success. */
  stable: DeploymentRecord | undefined;
  /** Every revision has the scale that its deployment says; otherwise the newest replaces all others. */
  pinned: boolean;
  /** Of the EXTERNAL controller, which has no deployments; newest first. */
  taskSets: readonly TaskSetRecord[];
  /** Tasks that are not STOPPED. */
  readonly tasks: Roster<TaskRecord>;
  readonly tasksByZone: Map<string, number>;
  readonly tasksByInstance: Map<InstanceRecord, number>;
  readonly messages: { readonly id: string; readonly createdAt: EpochMs; readonly message: string }[];
  readonly brake: StartBrake;
  failurePlan: FailurePlan | undefined;
  steady: boolean;
  lookAt: EpochMs | undefined;
  cancelLook: (() => void) | undefined;
}
