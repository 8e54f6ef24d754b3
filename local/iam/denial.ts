// A refused call as each service answers it, and as the run reports it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html

import { AwsError } from "../world/kernel.ts";
import type { Decision, Principal } from "./evaluate.ts";

export interface Denial {
  /** The session's ARN, or a service's name. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** AWS's own words. */
  readonly message: string;
}

export type Refusal = Extract<Decision, { readonly isAllowed: false }>;

interface Refused {
  readonly principal: Principal;
  readonly action: string;
  readonly resource: string;
}

const article = (policyType: Refusal["policyType"]): string => (/^[aeiou]/.test(policyType) ? "an" : "a");

export function denialOf({ principal, action, resource }: Refused, refusal: Refusal): Denial {
  const who = principal.kind === "role" ? principal.sessionArn : principal.name;
  const { isExplicit, policyType } = refusal;
  const why = isExplicit
    ? `with an explicit deny in ${article(policyType)} ${policyType}`
    : `because no ${policyType} allows the ${action} action`;
  // EC2 leaves the resource out where the action has none.
  const where = action.startsWith("ec2:") && resource === "*" ? "" : ` on resource: ${resource}`;
  const message = `User: ${who} is not authorized to perform: ${action}${where} ${why}`;
  return { principal: who, action, resource, message };
}

const FORBIDDEN = 403;

/** JSON services answer 400, the query protocols' own codes come with 403. */
export function errorOf({ action, message }: Denial): AwsError {
  const [service = ""] = action.split(":");
  switch (service) {
    case "ec2":
      return new AwsError(
        "UnauthorizedOperation",
        `You are not authorized to perform this operation. ${message}`,
        {
          status: FORBIDDEN,
        },
      );
    case "sqs":
      // It writes its actions in lower case.
      return new AwsError("AccessDenied", message.replaceAll(action, action.toLowerCase()), {
        status: FORBIDDEN,
      });
    case "sns":
    case "cloudwatch":
    case "elasticloadbalancing":
    case "s3":
      return new AwsError("AccessDenied", message, { status: FORBIDDEN });
    default:
      return new AwsError("AccessDeniedException", message);
  }
}

const UNKNOWN_KEY = "The security token included in the request is invalid.";

/** JSON services know the key as a client, the query protocols as a token, EC2 as a failed authentication. */
export function unknownKeyError(service: string): AwsError {
  switch (service) {
    case "ec2":
      return new AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", {
        status: 401,
      });
    case "sqs":
    case "sns":
    case "elasticloadbalancing":
      return new AwsError("InvalidClientTokenId", UNKNOWN_KEY, { status: FORBIDDEN });
    case "s3":
      return new AwsError(
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        { status: FORBIDDEN },
      );
    default:
      return new AwsError("UnrecognizedClientException", UNKNOWN_KEY);
  }
}
