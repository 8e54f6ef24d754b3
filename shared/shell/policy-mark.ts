// Tells one policy from another without keeping it twice.

import { fingerprint } from "../base/fingerprint.ts";
import type { ServicePolicy } from "../contracts/policy.ts";

export const policyMarkOf = (policy: ServicePolicy | undefined): string =>
  fingerprint(JSON.stringify(policy ?? null)).slice(0, 16);
