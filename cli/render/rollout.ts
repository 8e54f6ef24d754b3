// `fairlead rollout get KEY`: the header, then the tree, then what comes and why.

import { callerName, NO_REVISION } from "../../shared/base/arn.ts";
import type { ActiveRolloutView, RevisionNode, RolloutView } from "../../shared/contracts/rollout-api.ts";
import { age, ahead } from "./age.ts";
import { answeredLine, inShort } from "./rollout-answers.ts";
import type { Drawing } from "./rollout-symbols.ts";
import { statusText } from "./rollout-symbols.ts";
import { treeLines } from "./rollout-tree.ts";

export function renderRollout(view: RolloutView, drawing: Drawing): readonly string[] {
  return [
    ...header(view, drawing),
    // Before the tree, which may be longer than a screen.
    ...reasons(view, drawing),
    ...waiting(view, drawing),
    "",
    ...treeLines(view, drawing),
    ...steps(view.rollout, drawing),
    ...orderLines(view, drawing),
  ];
}

const LABEL_WIDTH = 16;

const line = (label: string, value: string): string => `${`${label}:`.padEnd(LABEL_WIDTH)}${value}`;
const nested = (label: string, value: string): string => `  ${`${label}:`.padEnd(LABEL_WIDTH - 2)}${value}`;

function header(view: RolloutView, drawing: Drawing): readonly string[] {
  const { rollout } = view;
  return [
    ...(view.killSwitch === true
      ? [drawing.paint("bad", "KILL SWITCH ON: Fairlead decides and says why, but acts on nothing.")]
      : []),
    line("Name", view.key.split("/").slice(2).join("/")),
    line("Status", statusText(view.status, drawing)),
    line("Message", view.message),
    line("Strategy", `${view.strategy}, mode ${view.mode}`),
    ...(rollout === undefined ? [] : progress(rollout)),
    ...images(view),
    "Tasks:",
    ...counts(view),
    ...view.revisions.map((revision) => nested(roleName(revision), countLine(revision))),
    ...countdowns(view),
  ];
}

function progress(rollout: ActiveRolloutView): readonly string[] {
  const { actualWeight } = rollout;
  const actual =
    actualWeight === undefined
      ? "unknown"
      : `${actualWeight.percent} (${actualWeight.from === "requests" ? "of requests" : "at the load balancer"})`;
  return [
    nested("Step", stepLine(rollout)),
    nested("SetWeight", String(rollout.setWeight)),
    nested("ActualWeight", actual),
    line(
      "Rollout",
      `${rollout.id} by ${callerName(rollout.author)}, ${rollout.phase}, ${changeText(rollout)}`,
    ),
  ];
}

const changeText = ({ source, target }: ActiveRolloutView): string =>
  source === NO_REVISION ? `the first deployment: ${target}` : `${source} -> ${target}`;

/** The one under way as the list below and every refusal count it, from 1. */
function stepLine({ step, steps: all, isAuto, phase }: ActiveRolloutView): string {
  const current = all.find(({ state }) => state === "current");
  if (current !== undefined) return `${step + 1}/${all.length} ${current.text}`;
  if (phase !== "stepping") return `${Math.min(step, all.length)}/${all.length}`;
  const next = isAuto ? "the analysis says when the next comes" : "all done, the verdict is awaited";
  return `${all.length}/${all.length} ${next}`;
}

function images({ revisions }: RolloutView): readonly string[] {
  const all = revisions.flatMap(({ images: own, role }) =>
    own.map((image) => (role === "other" ? shortImage(image) : `${shortImage(image)} (${role})`)),
  );
  return all.map((image, index) =>
    index === 0 ? line("Images", image) : `${" ".repeat(LABEL_WIDTH)}${image}`,
  );
}

/** As many digits as Docker shows. */
const shortImage = (image: string): string => image.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]+/, "$1");

const counts = ({ counts: { desired, running, healthy }, revisions }: RolloutView): readonly string[] => [
  nested("Desired", String(desired)),
  nested("Running", String(running)),
  nested("Healthy", healthText(healthy, revisions)),
];

/** Of some nobody has told yet: they are not unhealthy. */
function healthText(healthy: number | undefined, revisions: readonly RevisionNode[]): string {
  if (healthy === undefined) return "unknown";
  const untold = revisions.filter(({ counts: own }) => own.healthy === undefined);
  const unknown = untold.reduce((sum, { counts: own }) => sum + own.running, 0);
  return unknown === 0 ? String(healthy) : `${healthy}, ${unknown} unknown`;
}

const roleName = ({ role, name }: RevisionNode): string =>
  role === "other" ? name.slice(name.lastIndexOf(":") + 1) : `${role[0]?.toUpperCase()}${role.slice(1)}`;

function countLine({ name, counts: { desired, running, healthy } }: RevisionNode): string {
  const health = healthy === undefined ? "" : `, ${healthy} healthy`;
  return `${name}: ${running}/${desired} running${health}`;
}

function countdowns({ countdowns: all, at }: RolloutView): readonly string[] {
  // Fairlead's own look is worth a word only where nothing else comes.
  const others = all.filter(({ what }) => what !== "looks again");
  const shown = others.length > 0 ? others : all;
  if (shown.length === 0) return [];
  return [line("Next", shown.map((next) => `${next.what} ${ahead(next.at, at)}`).join("; "))];
}

/** A ramp adds its steps as it goes: only the last ones are worth the lines. */
const MAX_STEPS = 12;

function steps(rollout: ActiveRolloutView | undefined, { paint, symbols }: Drawing): readonly string[] {
  if (rollout === undefined || rollout.steps.length === 0) return [];
  const from = Math.max(0, Math.min(rollout.step - MAX_STEPS / 2, rollout.steps.length - MAX_STEPS));
  const blank = " ".repeat(symbols.ok.length);
  const lines = rollout.steps.slice(from, from + MAX_STEPS).map(({ text, state }, index) => {
    const number = String(from + index + 1).padStart(3);
    if (state === "done") return `${number} ${paint("good", symbols.ok)} ${text}`;
    if (state === "current") return `${number} ${paint("warn", symbols.step.padEnd(blank.length))} ${text}`;
    return paint("dim", `${number} ${blank} ${text}`);
  });
  const earlier = from > 0 ? [paint("dim", `  ${from} earlier steps`)] : [];
  const hidden = rollout.steps.length - from - lines.length;
  const later = hidden > 0 ? [paint("dim", `  ${hidden} later steps`)] : [];
  return ["", paint("bold", "Steps"), ...earlier, ...lines, ...later];
}

function reasons(
  { reasons: all, analysis, message, rollout }: RolloutView,
  { paint }: Drawing,
): readonly string[] {
  const told = all.filter(({ text }) => text !== message && text !== analysis?.text);
  const lines = told.map(({ code, text }) => `  ${text} ${paint("dim", `[${code}]`)}`);
  const verdict = analysis === undefined || analysis.text === message ? [] : [`  Analysis: ${analysis.text}`];
  const problem = analysis?.problem === undefined ? [] : [paint("warn", `  Metrics: ${analysis.problem}`)];
  const waived = rollout?.waived === undefined || rollout.waived === message ? [] : [`  ${rollout.waived}`];
  const rest = [...waived, ...verdict, ...problem, ...lines];
  return rest.length === 0 ? [] : ["", paint("bold", "Why"), ...rest];
}

function waiting(view: RolloutView, { paint }: Drawing): readonly string[] {
  const { wanted, orders, awaiting, at } = view;
  const lines = [
    ...orders.map(
      ({ decision, verb, by, at: given }) =>
        `  ${decision}  ${verb} by ${callerName(by)}, ${age(given, at)} ago, not heard yet`,
    ),
    ...(wanted === undefined
      ? []
      : [
          `  ${wanted.decision}  start of ${wanted.taskDefinition} by ${callerName(wanted.by)}: ${wanted.why ?? "its turn comes"}`,
        ]),
    ...awaiting.map(({ id, text }) => `  ${id}  not done, waits for an approval or for mode act: ${text}`),
  ];
  return lines.length === 0 ? [] : ["", paint("bold", "Waiting"), ...lines];
}

/** The newest are what somebody who watches has just given. */
const ORDERS_SHOWN = 3;

function orderLines({ answered, at }: RolloutView, { paint }: Drawing): readonly string[] {
  if (answered.length === 0) return [];
  const lines = answered.slice(0, ORDERS_SHOWN).map((order) => answeredLine(inShort(order), at, paint));
  return ["", paint("bold", "Orders"), ...lines];
}
