// The role in which ECS calls the function `hook` at a deployment's stages. Services name it beside the function.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-permissions.html

import { ArnFormat, Aws, Stack } from "aws-cdk-lib";
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";

/**
 * ECS documents no condition keys for this trust: where it names the account that it acts for, it must be this one;
 * where it does not, its hooks must not fail, since a hook that fails rolls the deployment back.
 */
export function hookRole(scope: Construct, id: string, functionName: string): Role {
  const functionArn = Stack.of(scope).formatArn({
    service: "lambda",
    resource: "function",
    resourceName: functionName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  const call = new PolicyStatement({
    sid: "CallHook",
    effect: Effect.ALLOW,
    actions: ["lambda:InvokeFunction"],
    resources: [functionArn],
  });
  return new Role(scope, id, {
    description: "Lets ECS call Fairlead's lifecycle hook",
    assumedBy: new ServicePrincipal("ecs.amazonaws.com", {
      conditions: { StringEqualsIfExists: { "aws:SourceAccount": Aws.ACCOUNT_ID } },
    }),
    inlinePolicies: { Call: new PolicyDocument({ statements: [call] }) },
  });
}
