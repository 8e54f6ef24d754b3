// The `rollout` section of the manifest: how a service comes to a new revision, and back. `rollout: {}` is the
// risk-budgeted ramp with the default protection, in mode observe.

import { Cron } from "croner";
import { z } from "zod";
import { minutes, seconds } from "../../base/time.ts";
import { defaultRolloutPolicy, MAX_WAIT_MS } from "../rollout-defaults.ts";
import type { FreezeWindow, RolloutPolicy } from "../rollout-policy.ts";
import { durationText } from "./duration.ts";
import { closed, duration, isCallable, MODES, oneOf, wholeNumber, yesOrNo } from "./parts.ts";
import { analysisOf, analysisSchema } from "./rollout-analysis.ts";
import { stepFields, stepProblems, stepsOf } from "./rollout-steps.ts";

const cronFields = "a cron expression of five fields: minute hour day month weekday, such as 0 18 * * FRI";

/** Five fields only: a window that starts every second would freeze by accident. */
function isCron(text: string): boolean {
  try {
    // Never started: only its pattern is read.
    return new Cron(text, { mode: "5-part", paused: true }).nextRun() !== null;
  } catch {
    return false;
  }
}

const zoneName = "an IANA time zone, such as Europe/Berlin or UTC";

/** Offsets such as +02:00 know no daylight saving time, which is what a zone is named for. */
function isTimeZone(text: string): boolean {
  try {
    return /^[A-Za-z]/.test(text) && new Intl.DateTimeFormat("en", { timeZone: text }) !== undefined;
  } catch {
    return false;
  }
}

const windowSchema = closed({
  kind: oneOf(["deny", "allow"]).describe(
    "Deny wins over allow; where an allow window exists, outside of all of them is denied.",
  ),
  schedule: z.string(cronFields).refine(isCron, cronFields).describe("When it begins: cron, five fields."),
  duration: duration(minutes(1), MAX_WAIT_MS).describe("How long it lasts."),
  timeZone: z.string(zoneName).refine(isTimeZone, zoneName).default("UTC").describe("IANA name."),
  overrun: oneOf(["finish", "hold", "rollback"])
    .default("hold")
    .describe(
      "A rollout that is under way when the freeze begins: goes on, holds where it is, or goes back.",
    ),
});

const NOTIFIED = [
  "started",
  "step",
  "awaiting",
  "held",
  "promoted",
  "rolled-back",
  "needs-operator",
] as const;
/** A step for each weight would be noise; whoever wants it says so. */
const NOTIFIED_BY_DEFAULT = NOTIFIED.filter((event) => event !== "step");

const address = "events, or an https URL without a password in it";

const notificationSchema = closed({
  on: z
    .array(oneOf(NOTIFIED), "a list of events")
    .min(1, "at least one event")
    .default(NOTIFIED_BY_DEFAULT)
    .describe(`Any of ${NOTIFIED.join(", ")}.`),
  to: z
    .string(address)
    .refine((to) => to === "events" || isCallable(to), address)
    .describe(
      '`events`: an EventBridge event of source `fairlead`; else an https URL that takes `{"text": …}`.',
    ),
});

const groupName = "1 to 64 letters, digits, - or _";
const MAX_LIST = 20;

export const rolloutSchema = closed({
  mode: oneOf(MODES)
    .default(defaultRolloutPolicy.mode)
    .describe("`observe` says what it would do, `approve` does it once approved, `act` does it."),
  ...stepFields,
  weights: oneOf(["rule", "strategy"])
    .default(defaultRolloutPolicy.weights)
    .describe(
      "`rule`: Fairlead writes the listener rule's weights; `strategy`: ECS alone does, in equal steps.",
    ),
  maxWeight: wholeNumber(1, 100)
    .default(defaultRolloutPolicy.maxWeight)
    .describe("Percent of production that the new revision gets at most before it is promoted."),
  controlShare: wholeNumber(0, 99)
    .default(defaultRolloutPolicy.controlShare)
    .describe("Percent that stays on the old revision until the verdict, to be compared with."),
  progressDeadline: duration(seconds(30), MAX_WAIT_MS)
    .prefault(durationText(defaultRolloutPolicy.progressDeadlineMs))
    .describe("A step that makes no progress for so long fails; waiting for people does not count."),
  onDeadline: oneOf(["rollback", "hold"]).default(defaultRolloutPolicy.onDeadline).describe("And then."),
  rollbackWindow: wholeNumber(0, 20)
    .default(defaultRolloutPolicy.rollbackWindow)
    .describe("A start towards one of so many last good revisions skips the steps."),
  scaleDownDelay: duration(seconds(0), MAX_WAIT_MS)
    .prefault(durationText(defaultRolloutPolicy.scaleDownDelayMs))
    .describe("The old revision keeps its tasks so long after its last request."),
  drainSlices: wholeNumber(1, 20)
    .default(defaultRolloutPolicy.drainSlices)
    .describe("Slices in which an old task set goes away; 1 = at once."),
  baseline: yesOrNo()
    .default(defaultRolloutPolicy.baseline)
    .describe("Also starts fresh tasks of the old version, to compare like with like. Task sets only."),
  dryRun: yesOrNo()
    .default(defaultRolloutPolicy.dryRun)
    .describe("A verdict is told on every deployment, also plain rolling ones; nothing is touched."),
  freeze: z
    .array(windowSchema, "a list of windows")
    .max(MAX_LIST, `at most ${MAX_LIST} windows`)
    .default([])
    .describe("When no rollout may begin, as Argo CD's sync windows."),
  group: closed({
    name: z
      .string(groupName)
      .regex(/^[\w-]{1,64}$/, groupName)
      .describe("The group."),
    lockstep: yesOrNo()
      .default(true)
      .describe("No member takes a step before all members have finished the one before."),
  })
    .optional()
    .describe("Services of this file with the same group name go together: one fails, all go back."),
  dependsOn: z
    .array(z.string("a service as cluster/service"), "a list of services")
    .max(MAX_LIST, `at most ${MAX_LIST} services`)
    .default([])
    .describe("Services whose rollouts must have ended well before this one begins."),
  onNewer: oneOf(["supersede", "queue", "refuse"])
    .default(defaultRolloutPolicy.onNewer)
    .describe("A newer revision while one rolls out takes over, waits for its turn, or is refused."),
  onDrift: oneOf(["hold", "repair"])
    .default(defaultRolloutPolicy.onDrift)
    .describe("Weights that somebody else changed: hold and tell, or write ours again."),
  analysis: analysisSchema.optional().describe("What is compared, and how sure a verdict must be."),
  notifications: z
    .array(notificationSchema, "a list of notifications")
    .max(MAX_LIST, `at most ${MAX_LIST} notifications`)
    .default([])
    .describe("Who is told what."),
}).superRefine((written, context) => {
  for (const { path, expected } of stepProblems(written, written.maxWeight)) {
    context.addIssue({ code: "custom", path: [...path], message: expected });
  }
});

export type WrittenRollout = z.output<typeof rolloutSchema>;

/** Without `group` and `dependsOn`, which need the whole file: see relations.ts. */
export function rolloutOf(written: WrittenRollout): Omit<RolloutPolicy, "group"> {
  return {
    mode: written.mode,
    steps: stepsOf(written, written.maxWeight),
    weights: written.weights,
    maxWeight: written.maxWeight,
    controlShare: written.controlShare,
    progressDeadlineMs: written.progressDeadline,
    onDeadline: written.onDeadline,
    rollbackWindow: written.rollbackWindow,
    scaleDownDelayMs: written.scaleDownDelay,
    drainSlices: written.drainSlices,
    baseline: written.baseline,
    dryRun: written.dryRun,
    freeze: written.freeze.map(
      ({ duration: durationMs, ...rest }): FreezeWindow => ({ ...rest, durationMs }),
    ),
    dependsOn: [],
    onNewer: written.onNewer,
    onDrift: written.onDrift,
    analysis: analysisOf(written.analysis),
    notifications: written.notifications,
  };
}
