// A client at the pace of its service, on the real clock.

import type { AwsClient, Paced } from "../../shared/adapters/aws/client.ts";
import { systemClock } from "../../shared/adapters/aws/clock.ts";
import type { PaceLimits } from "../../shared/adapters/aws/pace.ts";
import { createPace, waitMs } from "../../shared/adapters/aws/pace.ts";

export const paced = (client: AwsClient, limits: PaceLimits): Paced => ({
  client,
  pace: createPace({ limits, clock: systemClock, wait: waitMs }),
});
