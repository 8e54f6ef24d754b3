// What moto does otherwise: Cloud Map, CloudWatch, EventBridge and SQS.

import type { Deviation } from "../deviation.ts";

export const motoRest: readonly Deviation[] = [
  {
    of: "moto",
    right: "ours",
    reason: "List filters are ignored, or applied to the wrong thing.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_ListOperations.html",
    at: {
      "cloud-map-http: list namespaces of another type": [
        'Namespaces: [{"Arn":"<namespaceArn>","CreateDate":"<time>","Id":"<namespace>","Name":"harbour","Proper… instead of []',
      ],
      "cloud-map-health: operations of the service": [
        'Operations.*.Id: ["<namespaceOperation>"] instead of ["<first>","<second>"] in any order',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "A service has no Type.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_Service.html",
    at: {
      "cloud-map-http: create service": ['Service.Type: nothing instead of "HTTP"'],
      "cloud-map-health: create service with A records and custom health": [
        'Service.Type: nothing instead of "DNS_HTTP"',
      ],
    },
  },
  {
    of: "moto",
    right: "unknown",
    reason:
      "A registration's operation names the instance only, not its service; the documentation lists the kinds of targets, not which operation has which.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_Operation.html",
    at: {
      "cloud-map-http: registration succeeds": ['Operation.Targets.SERVICE: nothing instead of "<service>"'],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Instances of a service are not counted.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_Service.html",
    at: {
      "cloud-map-http: service counts its instances": ["Service.InstanceCount: nothing instead of 2"],
      "cloud-map-health: the service has the new TTL": ["Service.InstanceCount: nothing instead of 2"],
    },
  },
  {
    of: "moto",
    right: "unknown",
    reason: "Instances of a service without health checks are HEALTHY; we say UNKNOWN.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_HttpInstanceSummary.html",
    at: {
      "cloud-map-http: discover": [
        'Instances.[InstanceId=task-1].HealthStatus: "HEALTHY" instead of "UNKNOWN"',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "A second namespace or service of the same name is accepted.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html",
    at: {
      "cloud-map-http: service of the same name": ["an answer instead of ServiceAlreadyExists (400)"],
      "cloud-map-http: namespace of the same name": ["an answer instead of NamespaceAlreadyExists (400)"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "CreateService takes what its namespace does not allow.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html",
    at: {
      "cloud-map-http: service in unknown namespace": ["an answer instead of NamespaceNotFound (400)"],
      "cloud-map-http: DNS records in an HTTP namespace": ["an answer instead of InvalidInput (400)"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "What is still in use is deleted.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_DeleteService.html",
    at: {
      "cloud-map-http: delete service with instances": ["an answer instead of ResourceInUse (400)"],
      "cloud-map-http: delete namespace with a service": ["an answer instead of ResourceInUse (400)"],
    },
  },
  {
    of: "moto",
    right: "unknown",
    reason: "The hosted zone's id has its path before it.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsProperties.html",
    at: {
      "cloud-map-health: get namespace": [
        'Namespace.Properties.DnsProperties.HostedZoneId: "/hostedzone/<zone>" instead of /^Z?[A-Z0-9]+$/',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "A DNS namespace has no HTTP name, by which DiscoverInstances finds it.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_NamespaceProperties.html",
    at: {
      "cloud-map-health: get namespace": [
        'Namespace.Properties.HttpProperties.HttpName: nothing instead of "dock.internal"',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "AWS_INIT_HEALTH_STATUS is ignored: every instance begins as HEALTHY.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html",
    at: {
      "cloud-map-health: discover healthy": [
        'Instances.*.InstanceId: ["good","bad"] instead of ["good"]',
        'Instances.*.HealthStatus: ["HEALTHY","HEALTHY"] instead of ["HEALTHY"]',
      ],
      "cloud-map-health: discover all": [
        'Instances.[InstanceId=bad].HealthStatus: "HEALTHY" instead of "UNHEALTHY"',
      ],
      "cloud-map-health: discover unhealthy": ['Instances.*.InstanceId: [] instead of ["bad"]'],
      "cloud-map-health: health of all": [
        'Status: {"bad":"HEALTHY","good":"HEALTHY"} instead of {"bad":"UNHEALTHY","good":"HEALTHY"}',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "RegisterInstance does not ask for the attributes that the service's DNS records need.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html",
    at: {
      "cloud-map-health: A record without an address": ["an answer instead of InvalidInput (400)"],
      "cloud-map-health: SRV record without a port": ["an answer instead of InvalidInput (400)"],
    },
  },
  {
    of: "moto",
    right: "unknown",
    reason: "Without a RoutingPolicy none is shown; we show MULTIVALUE.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsConfig.html",
    at: {
      "cloud-map-health: service without health checks": [
        'Service.DnsConfig.RoutingPolicy: nothing instead of "MULTIVALUE"',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "A custom health status is taken for a service without custom health checks.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_UpdateInstanceCustomHealthStatus.html",
    at: {
      "cloud-map-health: custom health where there is none": [
        "an answer instead of CustomHealthNotFound (400)",
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Percentiles break the server.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html",
    at: {
      "cloudwatch-metrics: percentile": ["no JSON (500) instead of an answer"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Metric math gives nothing.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html",
    at: {
      "cloudwatch-metrics: math": ["MetricDataResults.0.Values: [] instead of [50,11]"],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Value and Values together are not refused as documented (InvalidParameterCombination).",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html",
    at: {
      "cloudwatch-metrics: values and a value": [
        "InvalidParameterValueException (400) instead of InvalidParameterCombinationException (400)",
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "A new alarm is OK instead of INSUFFICIENT_DATA.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
    at: {
      "cloudwatch-alarms: it has no data": ['MetricAlarms.0.StateValue: "OK" instead of "INSUFFICIENT_DATA"'],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Alarms are not evaluated.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html",
    at: {
      "cloudwatch-alarms: it goes off": [
        'MetricAlarms.0.StateValue: "OK" instead of "ALARM"',
        'MetricAlarms.0.StateReason: "Unchecked: Initial alarm creation" instead of /^Threshold Crossed/',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Composite alarms break the server.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html",
    at: {
      "cloudwatch-alarms: composite": ["no JSON (500) instead of an answer"],
      "cloudwatch-alarms: describe composite": ['CompositeAlarms.*.AlarmName: [] instead of ["any"]'],
      "cloudwatch-alarms: the composite follows": [
        'CompositeAlarms.0.StateValue: nothing instead of "ALARM"',
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "The delivered event has no account.",
    source: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html",
    at: {
      "eventbridge-delivery: it arrives": ['Messages.0.Body.account: nothing instead of "<account>"'],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "An input transformer with a template of JSON breaks the server.",
    source: "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html",
    at: {
      "eventbridge-delivery: put another event": ["no JSON (500) instead of an answer"],
      "eventbridge-delivery: it arrives transformed": [
        "Messages.length: nothing instead of 1",
        'Messages.0.Body.order: nothing instead of "c"',
        "Messages.0.Body.sum: nothing instead of 1",
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "PutTargets names the wrong error for an unknown rule.",
    source: "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html",
    at: {
      "eventbridge-delivery: targets of unknown rule": [
        "ValidationException (400) instead of ResourceNotFoundException (400)",
      ],
    },
  },
  {
    of: "moto",
    right: "ours",
    reason: "Schedules are not checked.",
    source: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html",
    at: {
      "eventbridge-delivery: wrong schedule": ["an answer instead of ValidationException (400)"],
    },
  },
  {
    of: "moto",
    right: "unknown",
    reason: "A duplicate gets a message id and sequence number of its own; we answer those of the first.",
    source: "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html",
    at: {
      "sqs-fifo: send it again": [
        'MessageId: "<uuid>" instead of "<firstId>"',
        'SequenceNumber: "<hex>" instead of "<firstNumber>"',
      ],
    },
  },
];
