// A request's faults in the words of each service. All but ECS and EC2 run on the framework whose text is
// "N validation errors detected: Value 'x' at 'a.1.member.b' failed to satisfy constraint: …".

import type { Finding, Step } from "../../models/shape-check.ts";
import { AwsError } from "../../world/kernel.ts";

type Findings = readonly [Finding, ...Finding[]];

/** For a value whose type the wire format cannot carry into the model: no service gets to see it. */
export function typeRefusal({ value, expected, path }: Finding): AwsError {
  const found = (Array.isArray(value) ? "list" : typeof value).toUpperCase();
  const where = path.length === 0 ? "" : ` at '${path.map(plainStep).join(".")}'`;
  return new AwsError("SerializationException", `${found}_VALUE can not be converted to ${expected}${where}`);
}

export function constraintRefusal(service: string, operation: string, findings: Findings): AwsError {
  const [first] = findings;
  if (service === "ecs") return ecsRefusal(operation, first);
  if (service === "ec2") return ec2Refusal(first);
  if (service === "cloudwatch" && first.kind === "missing")
    return new AwsError("MissingParameter", `The parameter ${dotted(first)} is required.`);
  return new AwsError(FRAMEWORK_ERRORS[service] ?? "ValidationException", frameworkText(findings));
}

/** aws/aws-sdk-java#1973, kubernetes-sigs/aws-load-balancer-controller#4014, aws/aws-sdk-js-v3#2240. */
const FRAMEWORK_ERRORS: Readonly<Record<string, string>> = {
  cloudwatch: "ValidationError",
  elasticloadbalancing: "ValidationError",
  events: "ValidationException",
  servicediscovery: "InvalidInput",
  ssm: "ValidationException",
};

/**
 * "include should be one of [ATTACHMENTS,SETTINGS,…]", "Cluster must match ^[…]$": ECS words each rule by
 * itself (hashicorp/terraform-provider-aws#23342). Task definitions are refused with ClientException:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
 */
function ecsRefusal(operation: string, finding: Finding): AwsError {
  const name = operation === "RegisterTaskDefinition" ? "ClientException" : "InvalidParameterException";
  const place = dotted(finding);
  if (finding.kind === "missing") return new AwsError(name, `${place} can not be blank.`);
  if (finding.kind === "enum") {
    const values = finding.expected.replace(/^[^[]*/, "").replaceAll(", ", ",");
    return new AwsError(name, `${place} should be one of ${values}`);
  }
  return new AwsError(name, frameworkText([finding]));
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
function ec2Refusal(finding: Finding): AwsError {
  const place = dotted(finding);
  return finding.kind === "missing"
    ? new AwsError("MissingParameter", `The request must contain the parameter ${place}`)
    : new AwsError(
        "InvalidParameterValue",
        `Value (${shown(finding.value)}) for parameter ${place} is invalid. ${finding.expected}`,
      );
}

const plainStep = (step: Step): string => (typeof step === "object" ? step.key : String(step));

/** Where in the request, without places in lists at the end: `include`, `filters.0.name`. */
function dotted({ path, role }: Finding): string {
  return (role === "item" ? path.slice(0, -1) : path).map(plainStep).join(".");
}

function frameworkText(findings: readonly Finding[]): string {
  const each = [...new Set(findings.map(sentence))];
  return `${each.length} validation error${each.length === 1 ? "" : "s"} detected: ${each.join("; ")}`;
}

/**
 * Scalars in lists and maps are reported at their container, with all of their constraints:
 * kube-ingress-aws-controller#139 has a list's, aws-sdk-js-v3#2240 a member's.
 */
function sentence(finding: Finding): string {
  const { role, path, value, expected, all, sensitive } = finding;
  const isScalarPart = role !== "member" && !isContainer(value);
  const place = frameworkPath(isScalarPart ? path.slice(0, -1) : path);
  const what = isScalarPart ? `${PARTS[role]} must satisfy constraint: [${all.join(", ")}]` : expected;
  const subject = value === null ? "Value null" : sensitive ? "Value" : `Value '${shown(value)}'`;
  return `${subject} at '${place}' failed to satisfy constraint: ${what}`;
}

const PARTS = { member: "Member", item: "Member", key: "Map keys", value: "Map value" } as const;

const isContainer = (value: unknown): boolean => typeof value === "object" && !(value instanceof Date);

/** `targets.1.member.id`: names begin small, places in lists are counted from one. */
function frameworkPath(path: readonly Step[]): string {
  return path.map(frameworkStep).join(".");
}

function frameworkStep(step: Step): string {
  if (typeof step === "number") return `${step + 1}.member`;
  return typeof step === "object" ? `${step.key}.member` : step.charAt(0).toLowerCase() + step.slice(1);
}

/** As Java prints it: `[a, b]`, `{a=b}`. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (typeof value !== "object" || value === null || value instanceof Date) return String(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}=${shown(item)}`)
    .join(", ")}}`;
}
