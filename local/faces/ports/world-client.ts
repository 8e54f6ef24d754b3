// The local world behind an SDK client's `send`: the real adapters run over it in simulation, in process
// and in virtual time. Errors come out as the SDK throws them, so adapters translate the same thing.

import type { AwsClient } from "../../../shared/adapters/aws/client.ts";
import { AwsError } from "../../world/kernel.ts";
import { checkInput } from "../wire/input-check.ts";

/** The only way into the world: AWS's operation names and shapes. May answer later, to delay or to fail. */
export interface Callable<Service extends string> {
  call(service: Service, operation: string, input: never, caller?: string): object | Promise<object>;
}

/**
 * A client of one service. Wrap `world.call` to inject faults; the adapters cannot tell. `caller` is the ARN
 * that CloudTrail names for its calls.
 */
export function createWorldClient<Service extends string>(
  world: Callable<Service>,
  service: Service,
  caller?: string,
): AwsClient {
  return {
    // Async so that a throw becomes a rejection, as the SDK's would.
    send: async (command: { readonly input: object }) => {
      const operation = command.constructor.name.replace(/Command$/, "");
      const input = withoutUndefined(command.input);
      try {
        checkInput(service, operation, input);
        return await world.call(service, operation, input as never, caller);
      } catch (error) {
        throw error instanceof AwsError ? sdkException(error) : error;
      }
    },
  };
}

/** Bytes on the wire have no `undefined`: the world never sees a member that was not set. */
const withoutUndefined = (input: object): object =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));

/** Own fields as the SDK spells them: ServiceException of @smithy/core. */
function sdkException(error: AwsError): Error {
  const exception = new Error(error.message);
  exception.name = error.name;
  return Object.assign(exception, error.fields, {
    $fault: error.status < 500 ? "client" : "server",
    $metadata: { httpStatusCode: error.status, requestId: "local", attempts: 1, totalRetryDelay: 0 },
  });
}
