// CloudTrail, as far as EventBridge hears of it: calls that wrote the actions of a listener or a rule, some
// seconds to two minutes after they were made. The account has a trail that logs management events.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html

import { isoInstant, seconds } from "../../shared/base/time.ts";
import type { Kernel } from "./kernel.ts";

export interface TrailedCall {
  readonly service: string;
  readonly operation: string;
  readonly input: object;
  /** Who called, as an ARN. */
  readonly caller: string | undefined;
}

/** Call it after the call was done: what was refused carries an error code and is not modelled. */
export type Trail = (call: TrailedCall) => void;

interface TrailedService {
  readonly source: string;
  readonly operations: ReadonlySet<string>;
  readonly apiVersion: string;
}

const trailed: ReadonlyMap<string, TrailedService> = new Map([
  [
    "elasticloadbalancing",
    {
      source: "elasticloadbalancing",
      operations: new Set(["ModifyRule", "ModifyListener"]),
      apiVersion: "2015-12-01",
    },
  ],
]);

const SOONEST_SECONDS = 3;
const LATEST_SECONDS = 120;

export function createTrail(kernel: Kernel): Trail {
  return ({ service, operation, input, caller }) => {
    const of = trailed.get(service);
    if (of?.operations.has(operation) !== true) return;
    const detail = {
      eventVersion: "1.11",
      userIdentity: identityOf(kernel, caller),
      eventTime: isoInstant(kernel.now()).replace(/\.\d+Z$/, "Z"),
      eventSource: `${of.source}.amazonaws.com`,
      eventName: operation,
      awsRegion: kernel.region,
      requestParameters: withSmallInitials(input),
      requestID: kernel.hex(32),
      eventID: kernel.hex(32),
      readOnly: false,
      eventType: "AwsApiCall",
      apiVersion: of.apiVersion,
      managementEvent: true,
      recipientAccountId: kernel.account,
      eventCategory: "Management",
    };
    const draft = {
      source: `aws.${of.source}`,
      detailType: "AWS API Call via CloudTrail",
      resources: [],
      detail,
    };
    kernel.after(seconds(kernel.chance.int(SOONEST_SECONDS, LATEST_SECONDS)), () => kernel.emit(draft));
  };
}

function identityOf(kernel: Kernel, caller: string | undefined): Readonly<Record<string, string>> {
  const arn = caller ?? `arn:aws:iam::${kernel.account}:user/somebody`;
  const type = arn.includes(":assumed-role/") ? "AssumedRole" : "IAMUser";
  return { type, arn, accountId: kernel.account };
}

/** CloudTrail writes `ruleArn` where the API has `RuleArn`. */
function withSmallInitials(value: unknown): unknown {
  if (Array.isArray(value)) return (value as readonly unknown[]).map(withSmallInitials);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.slice(0, 1).toLowerCase() + name.slice(1),
      withSmallInitials(inner),
    ]),
  );
}
