// How the virtual AWS calls Lambda functions (lifecycle hooks of deployments): the functions themselves are
// run by whoever made the world.

export type FunctionOutcome =
  | { readonly kind: "answered"; readonly payload: unknown }
  /** Thrown, timed out, throttled, or not there. */
  | { readonly kind: "failed"; readonly error: string };

export interface FunctionInvoker {
  /** Answers exactly once, now or later, in the world's own time. */
  invoke(functionArn: string, payload: object, done: (outcome: FunctionOutcome) => void): void;
}

export const NO_FUNCTIONS: FunctionInvoker = {
  invoke: (functionArn, _payload, done) =>
    done({ kind: "failed", error: `ResourceNotFoundException: Function not found: ${functionArn}` }),
};
