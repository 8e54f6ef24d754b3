// Cloud Map's asynchronous writes: SUBMITTED, then PENDING, then SUCCESS (the effect is there) or FAIL
// (nothing changed). https://docs.aws.amazon.com/cloud-map/latest/api/API_Operation.html

import type {
  GetOperationRequest,
  GetOperationResponse,
  ListOperationsRequest,
  ListOperationsResponse,
  OperationFilter,
} from "@aws-sdk/client-servicediscovery";
import type { DurationMs, EpochMs } from "../../../shared/base/time.ts";
import { addMs, millis } from "../../../shared/base/time.ts";
import { AwsError } from "../kernel.ts";
import type { CloudMapState, OperationRecord } from "./model.ts";
import { invalidInput, newId } from "./model.ts";
import { pageOf } from "./page.ts";

export interface DelayRange {
  readonly minMs: number;
  readonly maxMs: number;
}

export interface OperationDraft {
  readonly type: string;
  readonly owner: string;
  readonly targets: Readonly<Record<string, string>>;
  readonly namespaceId?: string;
  /** DNS namespaces wait for Route 53 as well. */
  readonly dns: boolean;
  /** Runs when the operation succeeds. */
  readonly effect: () => void;
  /** Runs at the end, either way. */
  readonly settled?: (outcome: "SUCCESS" | "FAIL") => void;
}

interface PlannedFailure {
  readonly code: string;
  readonly type: string | undefined;
}

export interface Operator {
  submit(draft: OperationDraft): OperationRecord;
  get(input: GetOperationRequest): GetOperationResponse;
  list(input: ListOperationsRequest): ListOperationsResponse;
  setDelay(delay: { readonly http?: DelayRange; readonly dns?: DelayRange }): void;
  failNext(code: string, type?: string): void;
  setFailureRate(probability: number): void;
}

/** Share of an operation's time before PENDING: an assumption, see local/ASSUMPTIONS.md. */
const SUBMITTED_SHARE = 0.2;
/** Operations are forgotten after a time; AWS does not say which. */
const OPERATION_RETENTION_MS = 24 * 3_600_000;
const FAILURE_CODES = [
  "ACCESS_DENIED",
  "CANNOT_CREATE_HOSTED_ZONE",
  "EXPIRED_TOKEN",
  "HOSTED_ZONE_NOT_FOUND",
  "INTERNAL_FAILURE",
  "INVALID_CHANGE_BATCH",
  "THROTTLED_REQUEST",
] as const;

const isRunning = (operation: OperationRecord): boolean => operation.ended === undefined;

/** Derived from the clock, so that SUBMITTED -> PENDING costs the agenda nothing. */
export function statusOf(operation: OperationRecord, now: EpochMs): string {
  return operation.ended ?? (now < operation.pendingAt ? "SUBMITTED" : "PENDING");
}

export function createOperator(state: CloudMapState): Operator {
  const { kernel, operations } = state;
  const delays = { http: { minMs: 100, maxMs: 600 }, dns: { minMs: 1_000, maxMs: 5_000 } };
  const planned: PlannedFailure[] = [];
  let failureRate = 0;

  const failureFor = (type: string): string | undefined => {
    const index = planned.findIndex((failure) => failure.type === undefined || failure.type === type);
    if (index >= 0) return planned.splice(index, 1)[0]?.code;
    return failureRate > 0 && kernel.chance.chance(failureRate)
      ? kernel.chance.pick(FAILURE_CODES)
      : undefined;
  };
  const forgetOld = (): void => {
    for (const [id, operation] of operations) {
      if (isRunning(operation) || kernel.now() - operation.updatedAt < OPERATION_RETENTION_MS) return;
      operations.delete(id);
    }
  };
  const submit = (draft: OperationDraft): OperationRecord => {
    forgetOld();
    const range = draft.dns ? delays.dns : delays.http;
    const delay: DurationMs = millis(kernel.chance.int(range.minMs, range.maxMs));
    const operation = newOperation(state, draft, addMs(kernel.now(), millis(delay * SUBMITTED_SHARE)));
    const failure = failureFor(draft.type);
    operations.set(operation.id, operation);
    kernel.after(delay, () => settle(operation, { draft, failure, now: kernel.now() }));
    return operation;
  };

  return {
    submit,
    get: (input) => ({ Operation: describe(operationOf(state, input), kernel.now()) }),
    list: (input) => listOperations(state, input),
    setDelay: (delay) => Object.assign(delays, delay),
    failNext: (code, type) => planned.push({ code, type }),
    setFailureRate: (probability) => {
      failureRate = probability;
    },
  };
}

function newOperation(state: CloudMapState, draft: OperationDraft, pendingAt: EpochMs): OperationRecord {
  const now = state.kernel.now();
  return {
    id: `${newId(state.kernel, "", 32)}-${newId(state.kernel, "", 9)}`,
    type: draft.type,
    owner: draft.owner,
    targets: draft.targets,
    namespaceId: draft.namespaceId,
    createdAt: now,
    pendingAt,
    updatedAt: now,
    ended: undefined,
    error: undefined,
  };
}

function settle(
  operation: OperationRecord,
  end: { readonly draft: OperationDraft; readonly failure: string | undefined; readonly now: EpochMs },
): void {
  operation.updatedAt = end.now;
  operation.ended = end.failure === undefined ? "SUCCESS" : "FAIL";
  if (end.failure === undefined) end.draft.effect();
  else operation.error = { code: end.failure, message: `${operation.type} failed: ${end.failure}` };
  end.draft.settled?.(operation.ended);
}

function operationOf(state: CloudMapState, input: GetOperationRequest): OperationRecord {
  const operation = state.operations.get(input.OperationId ?? "");
  // Operations on a shared namespace are found only when the owner's account is named.
  const owner = input.OwnerAccount ?? state.kernel.account;
  if (operation === undefined || operation.owner !== owner) {
    throw new AwsError("OperationNotFound", `Operation not found: ${input.OperationId}`);
  }
  return operation;
}

function describe(operation: OperationRecord, now: EpochMs): NonNullable<GetOperationResponse["Operation"]> {
  return {
    Id: operation.id,
    OwnerAccount: operation.owner,
    Type: operation.type as "REGISTER_INSTANCE",
    Status: statusOf(operation, now) as "PENDING",
    CreateDate: new Date(operation.createdAt),
    UpdateDate: new Date(
      isRunning(operation) && now >= operation.pendingAt ? operation.pendingAt : operation.updatedAt,
    ),
    Targets: { ...operation.targets },
    ...(operation.error && { ErrorCode: operation.error.code, ErrorMessage: operation.error.message }),
  };
}

function listOperations(state: CloudMapState, input: ListOperationsRequest): ListOperationsResponse {
  const now = state.kernel.now();
  const matching = [...state.operations.values()].filter((operation) =>
    (input.Filters ?? []).every((filter) => matches(operation, filter, now)),
  );
  const page = pageOf(matching, input, (operation) => operation.id);
  const summaries = page.items.map(({ id }) => {
    const operation = state.operations.get(id) as OperationRecord;
    return { Id: id, Status: statusOf(operation, now) as "PENDING" };
  });
  return { Operations: summaries, ...page.next };
}

function matches(operation: OperationRecord, filter: OperationFilter, now: EpochMs): boolean {
  const values = filter.Values ?? [];
  switch (filter.Name) {
    case "NAMESPACE_ID":
      return operation.namespaceId === values[0] || operation.targets["NAMESPACE"] === values[0];
    case "SERVICE_ID":
      return operation.targets["SERVICE"] === values[0];
    case "STATUS": {
      // The reference writes SUCCEED for this filter; the operation itself says SUCCESS.
      const status = statusOf(operation, now);
      return values.some((value) => (value === "SUCCEED" ? "SUCCESS" : value) === status);
    }
    case "TYPE":
      return values.includes(operation.type);
    case "UPDATE_DATE": {
      const [from = 0, until = Number.POSITIVE_INFINITY] = values.map(Number);
      return operation.updatedAt / 1_000 >= from && operation.updatedAt / 1_000 <= until;
    }
    default:
      throw invalidInput(`Filter name ${filter.Name} is not valid.`);
  }
}
