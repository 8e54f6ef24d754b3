// Every algorithm of the comparison, in the order of the table.

import { ablations } from "./ablations.ts";
import { fairlead } from "./fairlead.ts";
import { argo } from "./peers/argo.ts";
import { codedeploy } from "./peers/codedeploy.ts";
import { ecs } from "./peers/ecs.ts";
import { flaggers } from "./peers/flagger.ts";
import { kayenta } from "./peers/kayenta.ts";
import { pipecd } from "./peers/pipecd.ts";
import type { Algorithm } from "./replay.ts";

export const ALGORITHMS: readonly Algorithm[] = [
  fairlead,
  ...ecs,
  ...codedeploy,
  ...argo,
  ...flaggers,
  ...pipecd,
  ...kayenta,
  ...ablations,
];
