// Calls of the deployed functions that the virtual AWS makes itself: the lifecycle hooks of deployments.

import type { FunctionInvoker, FunctionOutcome } from "../world/functions.ts";
import type { DeployedFunction } from "./site.ts";

/** Made before the world, connected when functions and a clock exist: earlier calls fail. */
export interface FunctionCalls {
  readonly invoker: FunctionInvoker;
  /** `enter` runs what has an effect on the world, at the world's present time. */
  connect(functions: readonly DeployedFunction[], enter: (run: () => void) => void): void;
  /** Answers that are still under way reach nobody any more. */
  stop(): void;
}

interface Connection {
  readonly functions: readonly DeployedFunction[];
  readonly enter: (run: () => void) => void;
}

export function createFunctionCalls(): FunctionCalls {
  let connection: Connection | undefined;
  return {
    invoker: {
      invoke: (functionArn, payload, done) => {
        const called = connection;
        void outcomeOf(called?.functions ?? [], functionArn, payload).then((outcome) => {
          if (called !== undefined && called === connection) called.enter(() => done(outcome));
        });
      },
    },
    connect: (functions, enter) => {
      connection = { functions, enter };
    },
    stop: () => {
      connection = undefined;
    },
  };
}

async function outcomeOf(
  functions: Connection["functions"],
  functionArn: string,
  payload: object,
): Promise<FunctionOutcome> {
  // A version or alias (`:live`) leads to the only code there is.
  const unqualified = functionArn.split(":").slice(0, 7).join(":");
  const lambda = functions.find(({ arn }) => arn === unqualified)?.lambda;
  if (lambda === undefined) {
    return { kind: "failed", error: `ResourceNotFoundException: Function not found: ${functionArn}` };
  }
  try {
    const { result, error } = await lambda.invoke(payload);
    return error === undefined
      ? { kind: "answered", payload: result }
      : { kind: "failed", error: `${error.errorType}: ${error.errorMessage}` };
  } catch (error) {
    return {
      kind: "failed",
      error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    };
  }
}
