// Cloud Map's quotas: https://docs.aws.amazon.com/cloud-map/latest/dg/cloud-map-limits.html and the API
// reference of RegisterInstance and DiscoverInstances.

import type { DurationMs } from "../../../shared/base/time.ts";
import { seconds } from "../../../shared/base/time.ts";

/** Not adjustable. */
export const MAX_INSTANCES_PER_SERVICE = 1_000;
/** Adjustable in an account; the world's default is AWS's. */
export const MAX_INSTANCES_PER_NAMESPACE = 2_000;
export const MAX_NAMESPACES = 50;
export const MAX_INSTANCE_ID_LENGTH = 64;
export const MAX_REQUEST_ID_LENGTH = 64;
export const MAX_CUSTOM_ATTRIBUTES = 30;
export const MAX_ATTRIBUTE_KEY_LENGTH = 255;
export const MAX_ATTRIBUTE_VALUE_LENGTH = 1_024;
export const MAX_ATTRIBUTES_LENGTH = 5_000;
export const MAX_TAGS = 50;
export const PAGE_SIZE = 100;
export const DEFAULT_DISCOVERED = 100;
export const MAX_DISCOVERED = 1_000;
/** "Cloud Map waits for 30 seconds" before a custom health status applies. */
export const CUSTOM_HEALTH_DELAY: DurationMs = seconds(30);
