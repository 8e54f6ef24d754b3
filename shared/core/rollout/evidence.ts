// What the metrics said: answers of the feed are learnt, then judged. No data is never a pass.

import { reason } from "../../base/reasons.ts";
import { addMs, elapsedMs } from "../../base/time.ts";
import type { MetricsFact } from "../../contracts/facts.ts";
import type { AnalysisState, Verdict } from "./analysis/analysis.ts";
import { judge } from "./analysis/judge.ts";
import { initialAnalysis, learn, learnBaseline } from "./analysis/learn.ts";
import { binsOf, historyOf, metricPoliciesOf } from "./metrics.ts";
import type { Pass } from "./pass.ts";
import { ask, say, wake } from "./pass.ts";
import { BASELINE_PATIENCE_MS } from "./policy.ts";
import type { Active, Rollout } from "./state.ts";

/** The rollout with everything that this pass's answers teach, and the verdict that follows. */
export function withEvidence(pass: Pass, active: Active): Active {
  if (!isJudged(active)) return active;
  const { policy } = pass.input;
  const started = withClock(active.rollout, pass);
  const based = withBaseline(pass, started);
  const answers = pass.input.observation.facts.filter((fact) => isAnswerTo(fact, based));
  const learnt = answers.reduce((rollout, answer) => withAnswer(rollout, answer as MetricsFact, pass), based);
  const verdict = verdictOf(learnt, pass);
  if (verdict === undefined) return { ...active, rollout: learnt };
  say(pass, reason(`analysis-${verdict.kind}`, verdict.text, { failed: verdict.failed }));
  wake(pass, deadlineOf(learnt, policy.analysis.deadlineMs, pass));
  return { ...active, rollout: { ...learnt, verdict } };
}

/** While both revisions are there: on the way forward, and until the old one is gone. */
const isJudged = ({ phase, rollout }: Active): boolean =>
  rollout.trafficSince !== undefined &&
  (phase === "preparing" || phase === "stepping" || phase === "finishing");

export const hasMetrics = (pass: Pass, rollout: Rollout): boolean =>
  metricPoliciesOf(rollout, pass.input.policy).length > 0;

const isAnswerTo = (fact: { kind: string }, { id }: Rollout): boolean =>
  fact.kind === "metrics" && (fact as MetricsFact).rollout === id;

/** The analysis' clock starts with the traffic. */
function withClock(rollout: Rollout, { input }: Pass): Rollout {
  if (rollout.analysis.since !== undefined || rollout.trafficSince === undefined) return rollout;
  const begun = initialAnalysis(input.policy.analysis, rollout.trafficSince);
  return { ...rollout, analysis: { ...begun, ...rollout.analysis, since: rollout.trafficSince } };
}

/** The old revision's half hour before: dispersion, and what is slow. A failed read is asked again for a while. */
function withBaseline(pass: Pass, rollout: Rollout): Rollout {
  if (rollout.baselined === true || !hasMetrics(pass, rollout)) return rollout;
  const { observation, policy, now } = pass.input;
  if (ask(pass, "baseline")) return rollout;
  const { baseline } = observation;
  if (baseline?.ok !== true) {
    const gaveUp = elapsedMs(rollout.trafficSince ?? now, now) > BASELINE_PATIENCE_MS;
    const why = baseline === undefined ? "" : ` (${baseline.code}: ${baseline.message})`;
    say(pass, reason("baseline-unread", `The old revision's history could not be read${why}.`));
    return gaveUp ? { ...rollout, baselined: true } : rollout;
  }
  const { p99Seconds, series } = baseline.value;
  const slow = p99Seconds === undefined ? {} : { slowSeconds: p99Seconds };
  const knowing: Rollout = { ...rollout, analysis: { ...rollout.analysis, ...slow } };
  const history = historyOf(series, { rollout: knowing, policy });
  const analysis = learnBaseline(knowing.analysis, history, policy.analysis);
  return { ...knowing, analysis, baselined: true };
}

function withAnswer(rollout: Rollout, fact: MetricsFact, { input }: Pass): Rollout {
  const { policy } = input;
  const answer = binsOf(fact, { rollout, policy });
  const { problem } = answer;
  const analysis: AnalysisState = learn(rollout.analysis, answer.bins, {
    policy: policy.analysis,
    now: answer.answeredAt ?? fact.at,
    ...(problem === undefined ? {} : { problem }),
  });
  return { ...rollout, analysis };
}

function verdictOf(rollout: Rollout, { input }: Pass): Verdict | undefined {
  const { policy, now } = input;
  if (rollout.trafficSince === undefined) return undefined;
  const deadlineAt = addMs(rollout.trafficSince, policy.analysis.deadlineMs);
  return judge(rollout.analysis, { policy: policy.analysis, now, deadlineAt });
}

function deadlineOf({ trafficSince }: Rollout, deadlineMs: number, { input }: Pass) {
  if (trafficSince === undefined) return undefined;
  const at = addMs(trafficSince, deadlineMs as Parameters<typeof addMs>[1]);
  return at > input.now ? at : undefined;
}
