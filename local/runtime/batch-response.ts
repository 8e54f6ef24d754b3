// Which messages of a batch an SQS event source mapping deletes after an invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting

import type { Invocation } from "./lambda-function.ts";

/** The ids to delete; the others become visible again when their visibility time-out ends. */
export function settledMessageIds(
  messageIds: readonly string[],
  invocation: Pick<Invocation, "error" | "result">,
  reportsFailures: boolean,
): readonly string[] {
  if (invocation.error !== undefined) return [];
  if (!reportsFailures) return messageIds;
  const failed = failedIds(invocation.result);
  if (failed === undefined || failed.some((id) => !messageIds.includes(id))) return [];
  const failures = new Set(failed);
  return messageIds.filter((id) => !failures.has(id));
}

/** undefined for an answer that Lambda takes as a failure of the whole batch. */
function failedIds(result: unknown): readonly string[] | undefined {
  if (result === null || result === undefined) return [];
  if (typeof result !== "object") return undefined;
  const failures = (result as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === null || failures === undefined) return [];
  if (!Array.isArray(failures)) return undefined;
  const ids = failures.map((failure: unknown) => identifierOf(failure));
  return ids.every((id) => id !== undefined) ? ids : undefined;
}

function identifierOf(failure: unknown): string | undefined {
  if (typeof failure !== "object" || failure === null) return undefined;
  const id = (failure as { itemIdentifier?: unknown }).itemIdentifier;
  return typeof id === "string" && id !== "" ? id : undefined;
}
