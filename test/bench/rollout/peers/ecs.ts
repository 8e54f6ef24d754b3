// Amazon ECS itself. As created, none of the strategies has an alarm and no erroring version is ever rolled back:
// those have no row, because they decide nothing. Express Mode creates its alarm.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-update-full.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-linear.html

import { alarm } from "./alarm.ts";
import { linear, staged } from "./staged.ts";

const MINUTE = 60;
const express =
  "ECS Developer Guide, express-service-update-full: 5 %, 3 min, 100 %, 3 min; over 1 % in 2 of 3 minutes";
/** 5 % for 10 min, the strategy's defaults; then as long a bake. */
const CANARY = [
  { weight: 5, seconds: 10 * MINUTE },
  { weight: 100, seconds: 10 * MINUTE },
];
/** 10 % each 6 min, the strategy's defaults; then a bake. */
const LINEAR = [...linear(10, 6 * MINUTE), { weight: 100, seconds: 10 * MINUTE }];
const EXPRESS = [
  { weight: 5, seconds: 3 * MINUTE },
  { weight: 100, seconds: 3 * MINUTE },
];
const ONE_OF_ONE = { on: "green", threshold: 0.01, points: 1, of: 1 } as const;
/** Twice the worst usual share, and not at the first minute. */
const TUNED = { on: "green", threshold: 0.02, points: 2, of: 3, slowThreshold: 0.02 } as const;
const canary = "ECS Developer Guide, canary-deployment: 5 % for 10 min";
const line = "ECS Developer Guide, deployment-type-linear: 10 % each 6 min";

export const ecs = [
  staged({
    name: "ecs-express",
    source: express,
    stages: EXPRESS,
    breach: alarm({ on: "green", threshold: 0.01, points: 2, of: 3 }),
  }),
  staged({
    name: "ecs-express-service-alarm",
    source: `${express}, alarm over the whole service`,
    stages: EXPRESS,
    breach: alarm({ on: "service", threshold: 0.01, points: 2, of: 3 }),
  }),
  staged({
    name: "ecs-canary-alarm",
    source: `${canary}; alarm over 1 % in 1 of 1 minute`,
    stages: CANARY,
    breach: alarm(ONE_OF_ONE),
  }),
  staged({
    name: "ecs-canary-tuned",
    source: `${canary}; alarms over 2 % in 2 of 3 minutes`,
    stages: CANARY,
    breach: alarm(TUNED),
  }),
  staged({
    name: "ecs-linear-alarm",
    source: `${line}; alarm over 1 % in 1 of 1 minute`,
    stages: LINEAR,
    breach: alarm(ONE_OF_ONE),
  }),
  staged({
    name: "ecs-linear-tuned",
    source: `${line}; alarms over 2 % in 2 of 3 minutes`,
    stages: LINEAR,
    breach: alarm(TUNED),
  }),
];
