// Clients of an administrator: whoever is not a function of the deployment may do everything.

import { ECSClient } from "@aws-sdk/client-ecs";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { WireFace } from "../../local/faces/wire/server.ts";

export interface Clients {
  readonly ecs: ECSClient;
  readonly sqs: SQSClient;
  destroy(): void;
}

export function administrator({ endpoint, region }: WireFace): Clients {
  const credentials = { accessKeyId: "person", secretAccessKey: "any" };
  const config = { endpoint, region, credentials };
  const ecs = new ECSClient(config);
  const sqs = new SQSClient(config);
  return {
    ecs,
    sqs,
    destroy: () => {
      ecs.destroy();
      sqs.destroy();
    },
  };
}
