// AWS CodeDeploy for ECS: predefined canary and linear configurations with a CloudWatch alarm.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html

import { alarm } from "./alarm.ts";
import { linear, staged } from "./staged.ts";

const MINUTE = 60;
/** Original tasks are kept for a while after the shift; alarms are watched until then. */
const AFTER = { weight: 100, seconds: 5 * MINUTE };
const CANARY = [{ weight: 10, seconds: 5 * MINUTE }, AFTER];
const LINEAR = [...linear(10, MINUTE), AFTER];
const ONE_OF_ONE = alarm({ on: "green", threshold: 0.01, points: 1, of: 1 });
const TUNED = alarm({ on: "green", threshold: 0.02, points: 2, of: 3, slowThreshold: 0.02 });

export const codedeploy = [
  staged({
    name: "codedeploy-canary",
    source: "CodeDeployDefault.ECSCanary10Percent5Minutes; alarm over 1 % in 1 of 1 minute",
    stages: CANARY,
    breach: ONE_OF_ONE,
  }),
  staged({
    name: "codedeploy-canary-tuned",
    source: "CodeDeployDefault.ECSCanary10Percent5Minutes; alarms over 2 % in 2 of 3 minutes",
    stages: CANARY,
    breach: TUNED,
  }),
  staged({
    name: "codedeploy-linear",
    source: "CodeDeployDefault.ECSLinear10PercentEvery1Minutes; alarm over 1 % in 1 of 1 minute",
    stages: LINEAR,
    breach: ONE_OF_ONE,
  }),
  staged({
    name: "codedeploy-linear-tuned",
    source: "CodeDeployDefault.ECSLinear10PercentEvery1Minutes; alarms over 2 % in 2 of 3 minutes",
    stages: LINEAR,
    breach: TUNED,
  }),
];
