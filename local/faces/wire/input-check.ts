// Refuses a request that AWS's models do not allow, with the error and the words of its service. AWS does so
// before the service looks at a request, so the model behind never sees a malformed one.

import { checkRequest } from "../../models/model-check.ts";
import { constraintRefusal, typeRefusal } from "./input-refusals.ts";

/**
 * Nothing is asked of services and operations that the models leave out (queues and tables are other programs).
 * Throws AwsError: `SerializationException` for a wrong type, the service's own error for anything else.
 */
export function checkInput(service: string, operation: string, input: unknown): void {
  const findings = checkRequest(service, operation, input);
  const [first, ...others] = findings;
  if (first === undefined) return;
  const wrongType = findings.find(({ kind }) => kind === "type");
  throw wrongType === undefined
    ? constraintRefusal(service, operation, [first, ...others])
    : typeRefusal(wrongType);
}
