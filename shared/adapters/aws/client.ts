// What the adapters need of an AWS SDK client, no more, so that simulation can put the local world behind
// the same adapters; and the options that all real clients share.

import { translateError } from "./errors.ts";
import type { Pace } from "./pace.ts";

/** An SDK command, seen only for its output's type. */
export interface AwsCommand<Output> {
  readonly input: object;
  resolveMiddleware(
    stack: never,
    configuration: never,
    options: never,
  ): (args: never) => Promise<{ output: Output }>;
}

/** Every SDK v3 client fits, and so does the local world's (local/faces/ports/world-client.ts). */
export interface AwsClient {
  send(command: never, options?: { readonly abortSignal: AbortSignal }): Promise<unknown>;
}

/** A client and the pace of its service: what an adapter is built from. */
export interface Paced {
  readonly client: AwsClient;
  readonly pace: Pace;
}

/** The only place where a call leaves for AWS: paced, and its failure translated to an AppError. */
export function send<Output>(to: Paced, command: AwsCommand<Output>): Promise<Output> {
  return to.pace.run(async () => {
    try {
      return (await to.client.send(command as never)) as Output;
    } catch (error) {
      throw translateError(error, operationOf(command));
    }
  });
}

/**
 * A client whose calls are serialized and signed like any other, and end before they reach the network: what
 * a starting function rehearses its writes with, so that their code is compiled. Every call rejects.
 */
export const rehearsing = (client: AwsClient): AwsClient => ({
  send: (command) => client.send(command, { abortSignal: AbortSignal.abort() }),
});

/** Class names are minified in the bundles; an operation's schema keeps AWS's own: [9, namespace, name, …]. */
function operationOf(command: object): string {
  const schema: unknown = Reflect.get(command, "schema");
  const name: unknown = Array.isArray(schema) ? schema[2] : undefined;
  return typeof name === "string" ? name : command.constructor.name;
}

export interface ClientSettings {
  /** From one attempt to its answer. The pipeline repeats work itself, so it rather fails soon. */
  readonly requestTimeoutMs: number;
  readonly maxAttempts: number;
}

/** DynamoDB and SQS answer in milliseconds: a slow answer is a lost one. */
export const DATA_PLANE: ClientSettings = { requestTimeoutMs: 2_000, maxAttempts: 2 };
/** ECS, Cloud Map, EC2 and SSM take up to seconds; what they throttle, our own pace slows down. */
export const CONTROL_PLANE: ClientSettings = { requestTimeoutMs: 5_000, maxAttempts: 1 };

/**
 * Options for an SDK client's constructor. With an endpoint override the SDK must not prefix the host
 * (`data-servicediscovery.…` for DiscoverInstances): the local AWS has one host.
 */
export function clientOptions(
  settings: ClientSettings,
  environment: Readonly<Record<string, string | undefined>>,
) {
  return {
    maxAttempts: settings.maxAttempts,
    // Node's agent keeps connections alive here by default: a new TLS connection costs 3 times the call.
    requestHandler: {
      connectionTimeout: 1_000,
      requestTimeout: settings.requestTimeoutMs,
      // Without this the SDK only logs a warning: https://github.com/smithy-lang/smithy-typescript (httpHandlerInitialization).
      throwOnRequestTimeout: true,
    },
    ...(environment["AWS_ENDPOINT_URL"] ? { disableHostPrefix: true } : {}),
  };
}

/** A client that is made at its first call: what most passes never use costs no cold start. */
export function lazyClient(make: () => AwsClient): AwsClient {
  let made: AwsClient | undefined;
  return {
    send: (command, options) => {
      made ??= make();
      return made.send(command, options);
    },
  };
}
