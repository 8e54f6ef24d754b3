// Granted actions that the drives need not use: AWS's own services do, with the role, or they are for what the
// virtual AWS has none of. Each with its reason; whatever is granted besides must be used by a test.

export interface UsedByAws {
  readonly actions: readonly string[];
  readonly because: string;
}

export const USED_BY_AWS: readonly UsedByAws[] = [
  {
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    because:
      "Lambda writes each environment's output in the function's name: " +
      "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
  },
  {
    actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    because:
      "Lambda's X-Ray daemon sends the segments of active tracing: " +
      "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
  },
  {
    actions: ["lambda:InvokeFunction"],
    because:
      "ECS calls the hook in a role that only it takes: " +
      "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-permissions.html",
  },
  {
    actions: ["ecs:ListServiceDeployments"],
    because:
      "asked where a service names no current deployment, as those do that were last deployed before 2024-10-25: " +
      "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html",
  },
  {
    actions: ["elasticloadbalancing:DescribeListeners"],
    because:
      "the hook reads a listener where it stands for the rule, as on Network Load Balancers: " +
      "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html",
  },
  {
    actions: ["kms:Decrypt", "kms:GenerateDataKey"],
    because:
      "SQS and DynamoDB use the customer's key in the caller's name; granted with the setting kmsKeyArn only: " +
      "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html",
  },
  {
    actions: [
      "route53:ChangeResourceRecordSets",
      "route53:CreateHealthCheck",
      "route53:DeleteHealthCheck",
      "route53:GetHealthCheck",
      "route53:UpdateHealthCheck",
    ],
    because:
      "Cloud Map writes DNS records and health checks of DNS namespaces in the name of who registers: " +
      "https://docs.aws.amazon.com/cloud-map/latest/dg/security_iam_id-based-policy-examples.html",
  },
];
