// Calls that AWS refuses on command: throttled or answered with a server error, by service or operation. The
// wire face asks before it serves a call, a world in process through `withApiFaults`.

import type { Prng } from "../../shared/base/prng.ts";
import { AwsError } from "../world/kernel.ts";
import { throttlingError } from "../world/throttle.ts";
import type { World } from "../world/world.ts";

export interface ApiFault {
  /** `ecs` or `ecs.DescribeTasks`, as IAM and the SDK write them. */
  readonly scope: string;
  readonly kind: "throttling" | "outage";
  /** In [0, 1]: how many of the calls are refused. */
  readonly share: number;
}

export interface ApiFaults {
  /** Returns the end of the fault. */
  add(fault: ApiFault): () => void;
  /** Throws the error that AWS would answer with. */
  check(call: { readonly service: string; readonly operation: string }): void;
  /** Calls that were refused since the start. */
  refused(): number;
}

export function createApiFaults(chance: Prng): ApiFaults {
  const faults = new Set<ApiFault>();
  let refused = 0;
  const hits = ({ share }: ApiFault): boolean => share >= 1 || chance.chance(share);
  return {
    add: (fault) => {
      faults.add(fault);
      return () => void faults.delete(fault);
    },
    check: ({ service, operation }) => {
      for (const fault of faults) {
        const isMeant = fault.scope === service || fault.scope === `${service}.${operation}`;
        if (!isMeant || !hits(fault)) continue;
        refused += 1;
        throw fault.kind === "outage" ? outage(service) : throttlingError(service, operation);
      }
    },
    refused: () => refused,
  };
}

/** Names by the API references ("Errors" of each operation, and the common ones). */
const SERVER_ERRORS: Readonly<Record<string, string>> = {
  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html#API_DescribeTasks_Errors
  ecs: "ServerException",
  dynamodb: "InternalServerError",
  ssm: "InternalServerError",
  ec2: "InternalError",
  s3: "InternalError",
};

const outage = (service: string): AwsError =>
  new AwsError(SERVER_ERRORS[service] ?? "InternalFailure", "Service is unable to process the request.", {
    status: 500,
  });

/** The same world whose calls are refused as the faults say. */
export const withApiFaults = (world: World, faults: ApiFaults): World => ({
  ...world,
  call: (...call) => {
    const [service, operation] = call;
    faults.check({ service, operation });
    return world.call(...call);
  },
});
