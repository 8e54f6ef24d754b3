// All known deviations: by party, then as they come up in the scenarios. Of the local AWS there is none.

import type { Deviation } from "./deviation.ts";
import { ministackCompute } from "./deviations/ministack-compute.ts";
import { ministackRest } from "./deviations/ministack-rest.ts";
import { motoCompute } from "./deviations/moto-compute.ts";
import { motoRest } from "./deviations/moto-rest.ts";

export const DEVIATIONS: readonly Deviation[] = [
  ...ministackCompute,
  ...ministackRest,
  ...motoCompute,
  ...motoRest,
];
