// What passes between the runtime and the worker thread of an execution environment.

export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export interface EnvironmentSettings {
  readonly codeFile: string;
  readonly exportName: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
  readonly logStream: string;
}

export interface InvokeMessage {
  readonly requestId: string;
  /** JSON, as Lambda hands it over. */
  readonly event: string;
  readonly deadlineAt: number;
}

export type EnvironmentReport =
  | { readonly kind: "ready"; readonly initMs: number }
  | { readonly kind: "init-failed"; readonly error: FunctionError }
  | { readonly kind: "done"; readonly requestId: string; readonly result: string }
  | { readonly kind: "failed"; readonly requestId: string; readonly error: FunctionError }
  | { readonly kind: "log"; readonly requestId: string | undefined; readonly line: string };
