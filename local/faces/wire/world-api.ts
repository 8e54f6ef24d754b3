// What a face needs of the virtual AWS: one call with AWS's own operation names and shapes.

import type { World, WorldService } from "../../world/world.ts";

/** Dates are Date objects. Throws AwsError with AWS's error name. */
export type WorldApi = Pick<World, "call">;

/** The services that local/world models; DynamoDB, SQS, SNS and S3 are other people's programs. */
export type ModelledService = WorldService;
