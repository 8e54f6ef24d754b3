// The steps of a rollout, written out or by the name of a strategy. Words as in Argo Rollouts.

import { z } from "zod";
import type { DurationMs } from "../../base/time.ts";
import { minutes, seconds } from "../../base/time.ts";
import {
  DEFAULT_APPROVAL_EXPIRES_MS,
  DEFAULT_BLUE_GREEN,
  DEFAULT_CANARY,
  DEFAULT_LINEAR,
  DEFAULT_SOAK_MS,
  DEFAULT_WEBHOOK_TIMEOUT_MS,
  defaultAutoSteps,
  MAX_WAIT_MS,
} from "../rollout-defaults.ts";
import type { AutoSteps, RolloutStep } from "../rollout-policy.ts";
import { atLeast, closed, duration, oneOf, webUrl, wholeNumber } from "./parts.ts";

const STRATEGIES = ["auto", "canary", "linear", "blueGreen", "allAtOnce"] as const;
type Strategy = (typeof STRATEGIES)[number];

/** Metrics come by the minute, or by ten seconds: a shorter wait would learn nothing. */
const MIN_WAIT = seconds(1);
const anyWait = () => duration(MIN_WAIT, MAX_WAIT_MS);
/** `webhook` steps are asked by a function that itself ends after 30 s. */
const MAX_WEBHOOK_TIMEOUT = seconds(20);
const MAX_STEPS = 50;
const MAX_HEADER_VALUES = 5;
/** ELB conditions: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html */
const headerName = "a header's name: 1 to 40 of letters, digits and !#$%&'*+-.^_`|~";
const headerValue = "a text of 1 to 128 characters";

const stepSchema = closed({
  setWeight: wholeNumber(0, 100).optional().describe("So many percent of production on the new revision."),
  pause: closed({ duration: anyWait().optional().describe("How long.") })
    .optional()
    .describe("Waits so long, or with `{}` until somebody promotes."),
  analysis: closed({ duration: anyWait().optional().describe("How long at least.") })
    .optional()
    .describe("Waits until the analysis is sure, at least so long."),
  setScale: wholeNumber(1, 100)
    .optional()
    .describe("Capacity of the new revision, percent of the desired count. Task sets only."),
  headerRoute: closed({
    header: z
      .string(headerName)
      .regex(/^[\w!#$%&'*+.^`|~-]{1,40}$/, headerName)
      .describe("The header's name."),
    values: z
      .array(z.string(headerValue).min(1, headerValue).max(128, headerValue), "a list of texts")
      .max(MAX_HEADER_VALUES, `at most ${MAX_HEADER_VALUES} values`)
      .default([])
      .describe("Any of these values; `*` and `?` as Elastic Load Balancing takes them."),
  })
    .optional()
    .describe("Requests with this header go to the new revision, whatever the weight; no values end it."),
  webhook: closed({
    url: webUrl().describe("An https URL; it gets key, rollout, step, weight, target and source."),
    timeout: duration(seconds(1), MAX_WEBHOOK_TIMEOUT).optional().describe("Then it is asked again."),
  })
    .optional()
    .describe('Asks a program of yours: `{"verdict": …, "reason": …}` with pass, fail or wait.'),
  approve: closed({
    expires: duration(minutes(1), MAX_WAIT_MS).optional().describe("How long it may be given."),
  })
    .optional()
    .describe("Somebody else than the author must say yes."),
});

type WrittenStep = z.output<typeof stepSchema>;
type StepName = keyof WrittenStep;

const STEP_NAMES = Object.keys(stepSchema.shape) as StepName[];
const oneStep = `exactly one of ${STEP_NAMES.join(", ")}`;

const stepNames = (step: WrittenStep): readonly StepName[] =>
  STEP_NAMES.filter((name) => step[name] !== undefined);

export const stepFields = {
  strategy: oneOf(STRATEGIES)
    .optional()
    .describe(
      "`auto` (default without `steps`): the next weight follows from what has been learnt. The others are written out as steps; their options stand below under their own names.",
    ),
  auto: closed({
    riskBudget: atLeast(0.1, 1_000_000)
      .optional()
      .describe("Failed requests that may be put at risk between two looks at the metrics."),
    firstWeight: wholeNumber(1, 50).optional().describe("The first weight, percent."),
    soak: anyWait()
      .optional()
      .describe(
        "The weight grows by the same factor each minute, to everything after so long at the soonest.",
      ),
  })
    .optional()
    .describe("Options of `strategy: auto`."),
  canary: closed({
    weight: wholeNumber(1, 99).optional().describe("The one step's weight, percent."),
    duration: anyWait().optional().describe("How long at least."),
  })
    .optional()
    .describe("Options of `strategy: canary`: one step, then everything."),
  linear: closed({
    step: wholeNumber(1, 50).optional().describe("Percent of each step."),
    interval: anyWait().optional().describe("How long each step lasts."),
  })
    .optional()
    .describe("Options of `strategy: linear`: equal steps."),
  blueGreen: closed({
    approve: duration(minutes(1), MAX_WAIT_MS)
      .optional()
      .describe("Asks for an approval before production moves; it expires after so long."),
    duration: anyWait().optional().describe("How long the old revision is kept and compared at least."),
  })
    .optional()
    .describe("Options of `strategy: blueGreen`: everything but the control share at once."),
  steps: z
    .array(
      stepSchema.superRefine((step, context) => {
        if (stepNames(step).length !== 1) context.addIssue({ code: "custom", message: oneStep });
      }),
      "a list of steps",
    )
    .min(1, "at least one step, or `strategy: allAtOnce`")
    .max(MAX_STEPS, `at most ${MAX_STEPS} steps`)
    .optional()
    .describe("Steps written out, each with exactly one name; in place of `strategy`."),
};

const stepsShape = closed(stepFields);
export type WrittenSteps = z.output<typeof stepsShape>;

const OPTIONS = ["auto", "canary", "linear", "blueGreen"] as const;

export interface StepProblem {
  readonly path: readonly PropertyKey[];
  readonly expected: string;
}

/** What does not go together: two ways to say the steps, options of another strategy, weights out of reach. */
export function stepProblems(written: WrittenSteps, maxWeight: number): readonly StepProblem[] {
  const found: StepProblem[] = [];
  const { steps, strategy } = written;
  if (steps !== undefined && strategy !== undefined)
    found.push({ path: ["strategy"], expected: "either strategy or steps, not both" });
  for (const name of OPTIONS) {
    if (written[name] === undefined || name === (strategy ?? (steps === undefined ? "auto" : undefined)))
      continue;
    found.push({ path: [name], expected: `these options only with strategy: ${name}` });
  }
  for (const [index, step] of (steps ?? []).entries()) {
    if (step.setWeight === undefined || step.setWeight <= maxWeight) continue;
    const expected = `at most maxWeight, which is ${maxWeight}: the rest follows by itself after the last step`;
    found.push({ path: ["steps", index, "setWeight"], expected });
  }
  return found;
}

export function stepsOf(written: WrittenSteps, maxWeight: number): AutoSteps | readonly RolloutStep[] {
  if (written.steps !== undefined) return written.steps.map(stepOf);
  return presetOf(written.strategy ?? "auto", written, maxWeight);
}

function presetOf(
  strategy: Strategy,
  written: WrittenSteps,
  maxWeight: number,
): AutoSteps | readonly RolloutStep[] {
  switch (strategy) {
    case "auto": {
      const {
        riskBudget = defaultAutoSteps.riskBudget,
        firstWeight = defaultAutoSteps.firstWeight,
        soak: soakMs = DEFAULT_SOAK_MS,
      } = written.auto ?? {};
      return { kind: "auto", riskBudget, firstWeight: Math.min(firstWeight, maxWeight), soakMs };
    }
    case "canary": {
      const { weight = DEFAULT_CANARY.weight, duration: durationMs = DEFAULT_CANARY.durationMs } =
        written.canary ?? {};
      return [setWeight(Math.min(weight, maxWeight)), analysis(durationMs)];
    }
    case "linear": {
      const { step = DEFAULT_LINEAR.step, interval = DEFAULT_LINEAR.intervalMs } = written.linear ?? {};
      return linearSteps({ step, interval, maxWeight });
    }
    case "blueGreen": {
      const { approve, duration: durationMs = DEFAULT_BLUE_GREEN.durationMs } = written.blueGreen ?? {};
      const asked: readonly RolloutStep[] =
        approve === undefined ? [] : [{ kind: "approve", expiresMs: approve }];
      return [...asked, setWeight(maxWeight), analysis(durationMs)];
    }
    case "allAtOnce":
      return [];
  }
}

interface Linear {
  readonly step: number;
  readonly interval: DurationMs;
  readonly maxWeight: number;
}

/** Each step waits its time; the last one also until the analysis is sure. */
function linearSteps({ step, interval, maxWeight }: Linear): readonly RolloutStep[] {
  const last = Math.min(maxWeight, 99);
  const weights = Array.from({ length: Math.floor(last / step) }, (_, index) => (index + 1) * step);
  const reached = weights.length === 0 ? [last] : weights;
  return reached.flatMap((weight, index) => [
    setWeight(weight),
    index === reached.length - 1 ? analysis(interval) : ({ kind: "pause", durationMs: interval } as const),
  ]);
}

const setWeight = (weight: number): RolloutStep => ({ kind: "setWeight", weight });
const analysis = (durationMs: DurationMs): RolloutStep => ({ kind: "analysis", durationMs });

function stepOf(step: WrittenStep): RolloutStep {
  const { pause, analysis: looked, headerRoute, webhook, approve } = step;
  if (step.setWeight !== undefined) return setWeight(step.setWeight);
  if (step.setScale !== undefined) return { kind: "setScale", percent: step.setScale };
  if (pause !== undefined) return { kind: "pause", ...lasting(pause.duration) };
  if (looked !== undefined) return { kind: "analysis", ...lasting(looked.duration) };
  if (headerRoute !== undefined) return { kind: "headerRoute", ...headerRoute };
  if (webhook !== undefined)
    return { kind: "webhook", url: webhook.url, timeoutMs: webhook.timeout ?? DEFAULT_WEBHOOK_TIMEOUT_MS };
  return { kind: "approve", expiresMs: approve?.expires ?? DEFAULT_APPROVAL_EXPIRES_MS };
}

const lasting = (durationMs: DurationMs | undefined): { readonly durationMs?: DurationMs } =>
  durationMs === undefined ? {} : { durationMs };
