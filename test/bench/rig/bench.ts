// What every figure that runs Lambda functions shares.

import type { Prng } from "../../../shared/base/prng.ts";
import { ENVIRONMENT } from "../../../shared/contracts/environment.ts";
import type { AwsStub } from "./aws-stub.ts";
import type { FunctionName, PeerName } from "./bundles.ts";
import { FUNCTIONS, peerFolder, productFolder } from "./bundles.ts";
import type { LambdaProcess } from "./lambda.ts";
import { startLambda } from "./lambda.ts";
import type { RuntimeClient } from "./prepare.ts";

export interface Bench {
  readonly client: RuntimeClient;
  readonly stub: AwsStub;
  readonly rounds: number;
  readonly chance: Prng;
  /** For people, on stderr. */
  readonly say: (line: string) => void;
}

export type Variant = FunctionName | PeerName;

const isProduct = (variant: Variant): variant is FunctionName =>
  (FUNCTIONS as readonly string[]).includes(variant);

/** As infra/ sets it. SQS is called at the host of the queue's URL. */
function productEnvironment(endpoint: string): Readonly<Record<string, string>> {
  const queue = (name: string): string => `${endpoint}/111122223333/fairlead-${name}`;
  const names = ["ingress", "urgent", "delay", "work"];
  const pairOf = (name: string): string => {
    const suffix = name === "work" ? ".fifo" : "";
    return `${queue(`${name}-dead${suffix}`)}=${queue(`${name}${suffix}`)}`;
  };
  return {
    [ENVIRONMENT.table]: "fairlead",
    [ENVIRONMENT.workQueueUrl]: queue("work.fifo"),
    [ENVIRONMENT.delayQueueUrl]: queue("delay"),
    [ENVIRONMENT.deadLetterQueues]: names.map(pairOf).join(","),
    [ENVIRONMENT.mode]: "act",
    [ENVIRONMENT.installation]: "fairlead",
    [ENVIRONMENT.retentionDays]: "30",
  };
}

export const start = (
  { client, stub }: Bench,
  variant: Variant,
  extra: Readonly<Record<string, string>> = {},
): Promise<LambdaProcess> =>
  startLambda({
    folder: isProduct(variant) ? productFolder(variant) : peerFolder(variant),
    client,
    environment: {
      ...stub.environment,
      ...(isProduct(variant) ? productEnvironment(stub.endpoint) : {}),
      ...extra,
    },
  });
