// What MiniStack does otherwise: Cloud Map, CloudWatch, EventBridge and SQS.

import type { Deviation } from "../deviation.ts";

export const ministackRest: readonly Deviation[] = [
  {
    of: "ministack",
    right: "ours",
    reason: "List filters are ignored, or applied to the wrong thing.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_ListOperations.html",
    at: {
      "cloud-map-http: list namespaces of another type": [
        'Namespaces: [{"Arn":"<namespaceArn>","CreateDate":"<time>","Id":"<namespace>","Name":"harbour","Proper… instead of []',
      ],
      "cloud-map-health: operations of the service": [
        'Operations.*.Id: ["<first>","<second>","<uuid>"] instead of ["<first>","<second>"] in any order',
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Cloud Map's errors carry 404 or 409 instead of the documented status 400.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_GetNamespace.html",
    at: {
      "cloud-map-http: get unknown namespace": ["NamespaceNotFound (404) instead of NamespaceNotFound (400)"],
      "cloud-map-http: discover in unknown namespace": [
        "NamespaceNotFound (404) instead of NamespaceNotFound (400)",
      ],
      "cloud-map-http: discover unknown service": ["ServiceNotFound (404) instead of ServiceNotFound (400)"],
      "cloud-map-http: register in unknown service": [
        "ServiceNotFound (404) instead of ServiceNotFound (400)",
      ],
      "cloud-map-http: get deregistered instance": [
        "InstanceNotFound (404) instead of InstanceNotFound (400)",
      ],
      "cloud-map-http: unknown operation id": ["OperationNotFound (404) instead of OperationNotFound (400)"],
      "cloud-map-http: service in unknown namespace": [
        "NamespaceNotFound (404) instead of NamespaceNotFound (400)",
      ],
      "cloud-map-http: namespace of the same name": [
        "NamespaceAlreadyExists (409) instead of NamespaceAlreadyExists (400)",
      ],
      "cloud-map-health: health of unknown instance": [
        "InstanceNotFound (404) instead of InstanceNotFound (400)",
      ],
      "cloud-map-health: health of an instance in unknown service": [
        "ServiceNotFound (404) instead of ServiceNotFound (400)",
      ],
    },
  },
  {
    of: "ministack",
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
    of: "ministack",
    right: "ours",
    reason: "Instances of a service are not counted.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_Service.html",
    at: {
      "cloud-map-http: service counts its instances": ["Service.InstanceCount: nothing instead of 2"],
      "cloud-map-health: the service has the new TTL": ["Service.InstanceCount: nothing instead of 2"],
    },
  },
  {
    of: "ministack",
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
    of: "ministack",
    right: "ours",
    reason: "DiscoverInstances has no InstancesRevision.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_DiscoverInstances.html",
    at: {
      "cloud-map-http: discover": ["InstancesRevision: nothing instead of a value"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "QueryParameters and MaxResults of DiscoverInstances are ignored.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_DiscoverInstances.html",
    at: {
      "cloud-map-http: discover by attribute": [
        'Instances.*.InstanceId: ["task-1","task-2"] instead of ["task-2"]',
      ],
      "cloud-map-http: discover at most one": ["Instances.length: 2 instead of 1"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "An instance can be deregistered twice.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_DeregisterInstance.html",
    at: {
      "cloud-map-http: deregister again": ["an answer instead of InstanceNotFound (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "A second namespace or service of the same name is accepted.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html",
    at: {
      "cloud-map-http: service of the same name": ["an answer instead of ServiceAlreadyExists (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "CreateService takes what its namespace does not allow.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html",
    at: {
      "cloud-map-http: DNS records in an HTTP namespace": ["an answer instead of InvalidInput (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "What is still in use is deleted.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_DeleteService.html",
    at: {
      "cloud-map-http: delete service with instances": ["an answer instead of ResourceInUse (400)"],
    },
  },
  {
    of: "ministack",
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
    of: "ministack",
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
    of: "ministack",
    right: "ours",
    reason: "RegisterInstance does not ask for the attributes that the service's DNS records need.",
    source: "https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html",
    at: {
      "cloud-map-health: A record without an address": ["an answer instead of InvalidInput (400)"],
      "cloud-map-health: SRV record without a port": ["an answer instead of InvalidInput (400)"],
    },
  },
  {
    of: "ministack",
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
    of: "ministack",
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
    of: "ministack",
    right: "ours",
    reason: "ScanBy is ignored.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html",
    at: {
      "cloudwatch-metrics: newest first": ["MetricDataResults.0.Values: [25,5.5] instead of [5.5,25]"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Metric math gives nothing.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html",
    at: {
      "cloudwatch-metrics: math": ["MetricDataResults.0.Values: [] instead of [50,11]"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "A window that ends before it begins is taken.",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html",
    at: {
      "cloudwatch-metrics: the start after the end": ["an answer instead of ValidationError (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Value and Values together are not refused as documented (InvalidParameterCombination).",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html",
    at: {
      "cloudwatch-metrics: values and a value": [
        "an answer instead of InvalidParameterCombinationException (400)",
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "A rule is deleted while it has targets.",
    source: "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html",
    at: {
      "eventbridge-delivery: delete a rule with targets": ["an answer instead of ValidationException (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Entries of PutEvents are not checked.",
    source: "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html",
    at: {
      "eventbridge-delivery: an entry without source": [
        "FailedEntryCount: 0 instead of 1",
        'Entries.0.ErrorCode: nothing instead of "InvalidArgument"',
      ],
      "eventbridge-delivery: an entry whose detail is no JSON": [
        "FailedEntryCount: 0 instead of 1",
        'Entries.0.ErrorCode: nothing instead of "MalformedDetail"',
      ],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "Schedules are not checked.",
    source: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html",
    at: {
      "eventbridge-delivery: wrong schedule": ["an answer instead of ValidationException (400)"],
    },
  },
  {
    of: "ministack",
    right: "ours",
    reason: "A rule is taken with neither a pattern nor a schedule.",
    source: "https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html",
    at: {
      "eventbridge-delivery: neither pattern nor schedule": [
        "an answer instead of ValidationException (400)",
      ],
    },
  },
];
