// What goes wrong when AWS is called, for whoever calls.

import { AppError } from "../../shared/base/errors.ts";
import type { Break } from "./break.ts";
import type { Given } from "./parameters.ts";
import { shareOf } from "./parameters.ts";

const KNOWN = [
  "ecs",
  "servicediscovery",
  "ec2",
  "ssm",
  "cloudwatch",
  "events",
  "elasticloadbalancing",
  "dynamodb",
  "sqs",
] as const;

const API = {
  name: "api",
  kind: "text",
  about: `a service (${KNOWN.join(", ")}) or one operation of it, such as ecs.DescribeTasks`,
  default: "ecs",
} as const;

function scopeFrom(given: Given): string {
  const scope = given.text("api") ?? "ecs";
  const service = scope.split(".")[0] ?? "";
  if ((KNOWN as readonly string[]).includes(service) && /^[a-z0-9]+(\.[A-Z]\w*)?$/.test(scope)) return scope;
  throw new AppError(
    "input",
    `--api: found "${scope}", expected one of ${KNOWN.join(", ")}, or one operation such as ecs.DescribeTasks`,
  );
}

export const apiBreaks: readonly Break[] = [
  {
    name: "api-throttling",
    does: "AWS refuses calls of a service or operation because there are too many",
    parameters: [API, shareOf("percent of the calls", 50)],
    apply: ({ api }, given) => api.add({ scope: scopeFrom(given), kind: "throttling", share: given.share() }),
  },
  {
    name: "api-outage",
    does: "AWS answers calls of a service or operation with a server error",
    parameters: [API, shareOf("percent of the calls")],
    apply: ({ api }, given) => api.add({ scope: scopeFrom(given), kind: "outage", share: given.share() }),
  },
];
