// One Lambda function with its own role, log group and nothing that CDK would add on its own: what the role
// may do is in permissions.ts, and only there.

import { Aws, Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { EventInvokeConfigOptions } from "aws-cdk-lib/aws-lambda";
import {
  Architecture,
  Code,
  Function as Lambda,
  RecursiveLoop,
  Runtime,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { SqsDestination } from "aws-cdk-lib/aws-lambda-destinations";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Permission } from "../permission-scopes.ts";
import type { FunctionName } from "../pipeline.ts";
import { FUNCTION_MEMORY_MB, FUNCTIONS } from "../pipeline.ts";
import type { Settings } from "../settings.ts";

export interface PipelineFunctionProps {
  readonly name: FunctionName;
  readonly settings: Settings;
  /** The folder with index.mjs. */
  readonly code: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Given the ARN of the function's own log group. */
  readonly permissions: (logs: string) => readonly Permission[];
  readonly key: IKey | undefined;
  /** For a function that is invoked asynchronously: receives what failed. */
  readonly missed?: Queue;
}

/** Fixed, so that roles can name a function without depending on it. */
export const functionName = ({ installation }: Settings, name: FunctionName): string =>
  `${installation}-${name}`;

/** CloudWatch Logs offers fixed retentions: the shortest that is not shorter than asked. */
function logRetention(days: number): RetentionDays {
  const offered = Object.values(RetentionDays).filter((value) => typeof value === "number");
  return offered.sort((a, b) => a - b).find((value) => value >= days) ?? RetentionDays.TEN_YEARS;
}

/** `<AWS::Region>` as the reference that CloudFormation resolves. */
const withReferences = (text: string): string =>
  text
    .replace("<AWS::Partition>", Aws.PARTITION)
    .replace("<AWS::Region>", Aws.REGION)
    .replace("<AWS::AccountId>", Aws.ACCOUNT_ID);

function statementOf({ sid, actions, resources, conditions }: Permission): PolicyStatement {
  const allowed = Object.entries(conditions ?? {}).map(([operator, keys]) => [
    operator,
    Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, [value].flat().map(withReferences)])),
  ]);
  return new PolicyStatement({
    sid,
    effect: Effect.ALLOW,
    actions: [...actions],
    resources: resources.map(withReferences),
    ...(allowed.length === 0 ? {} : { conditions: Object.fromEntries(allowed) }),
  });
}

/** Only schedules invoke so; what one invocation missed, the next makes up for. */
const asynchronous = (missed: Queue): EventInvokeConfigOptions => ({
  onFailure: new SqsDestination(missed),
  retryAttempts: 0,
  maxEventAge: Duration.minutes(1),
});

export class PipelineFunction extends Construct {
  readonly function: Lambda;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id);
    const logGroup = this.#logGroup(props);
    const permissions = props.permissions(logGroup.logGroupArn);
    const role = this.#role(permissions);
    this.#acknowledgeWildcards(role, permissions);
    this.function = this.#function(props, { logGroup, role });
    this.#acknowledgeNoDeadLetters(props);
  }

  #logGroup({ name, settings, key }: PipelineFunctionProps): LogGroup {
    return new LogGroup(this, "Logs", {
      logGroupName: `/fairlead/${settings.installation}/${name}`,
      retention: logRetention(settings.retentionDays),
      removalPolicy: RemovalPolicy.DESTROY,
      ...(key ? { encryptionKey: key } : {}),
    });
  }

  #role(permissions: readonly Permission[]): Role {
    return new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      inlinePolicies: { Permissions: new PolicyDocument({ statements: permissions.map(statementOf) }) },
    });
  }

  #function(props: PipelineFunctionProps, own: { readonly logGroup: LogGroup; readonly role: Role }): Lambda {
    const { name, settings, missed } = props;
    const shape = FUNCTIONS[name];
    return new Lambda(this, "Function", {
      functionName: functionName(settings, name),
      description: shape.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: Code.fromAsset(props.code),
      memorySize: FUNCTION_MEMORY_MB,
      timeout: Duration.seconds(shape.timeoutSeconds),
      reservedConcurrentExecutions: shape.reservedConcurrency,
      environment: { ...props.environment },
      logGroup: own.logGroup,
      role: own.role.withoutPolicyUpdates(),
      tracing: Tracing.ACTIVE,
      // A key's timers loop through SQS by design; Lambda would stop them after about 16 rounds. Our own hop
      // budget bounds them: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
      recursiveLoop: RecursiveLoop.ALLOW,
      ...(missed ? asynchronous(missed) : {}),
    });
  }

  #acknowledgeWildcards(role: Role, permissions: readonly Permission[]): void {
    const wild = permissions.filter((permission) => permission.because !== undefined);
    for (const { resources, because = "" } of wild) {
      for (const resource of resources.filter((text) => text.includes("*"))) {
        Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason: because });
      }
    }
    const reason = wild.map(({ sid, because }) => `${sid}: ${because}`).join("; ");
    Validations.of(role).acknowledge({ id: "Serverless-LambdaStarPermissions", reason });
  }

  #acknowledgeNoDeadLetters({ name, missed }: PipelineFunctionProps): void {
    const isCalled = name === "api" || name === "hook";
    const called = "its caller waits for the answer, and hears of a failure itself";
    const fed = "SQS invokes it: what fails returns to its queue and then to that queue's dead letters";
    const kept = "its failure destination takes what failed, with more detail than a dead-letter queue";
    const reason = missed ? kept : isCalled ? called : fed;
    Validations.of(this.function).acknowledge({ id: "Serverless-LambdaDLQ", reason });
  }
}
