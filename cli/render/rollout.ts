// `fairlead rollout get KEY`: the header, then the tree, then what comes and why.

import type {
  ActiveRolloutView,
  CountView,
  RevisionNode,
  RolloutView,
} from "../../shared/contracts/rollout-api.ts";
import { age, ahead } from "./age.ts";
import type { Drawing } from "./rollout-symbols.ts";
import { statusText } from "./rollout-symbols.ts";
import { treeLines } from "./rollout-tree.ts";

export function renderRollout(view: RolloutView, drawing: Drawing): readonly string[] {
  return [
    ...header(view, drawing),
    "",
    ...treeLines(view, drawing),
    ...steps(view.rollout, drawing),
    ...reasons(view, drawing),
    ...waiting(view, drawing),
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
    ...counts(view.counts),
    ...view.revisions.map((revision) => nested(roleName(revision), countLine(revision))),
    ...countdowns(view),
  ];
}

function progress(rollout: ActiveRolloutView): readonly string[] {
  const { step, steps: all, actualWeight } = rollout;
  const current = all[step];
  const actual =
    actualWeight === undefined
      ? "unknown"
      : `${actualWeight.percent} (${actualWeight.from === "requests" ? "of requests" : "at the load balancer"})`;
  return [
    nested(
      "Step",
      `${Math.min(step, all.length)}/${all.length}${current === undefined ? "" : ` ${current.text}`}`,
    ),
    nested("SetWeight", String(rollout.setWeight)),
    nested("ActualWeight", actual),
    line(
      "Rollout",
      `${rollout.id} by ${rollout.author}, ${rollout.phase}, ${rollout.source} -> ${rollout.target}`,
    ),
  ];
}

function images({ revisions }: RolloutView): readonly string[] {
  const all = revisions.flatMap(({ images: own, role }) =>
    own.map((image) => (role === "other" ? image : `${image} (${role})`)),
  );
  return all.map((image, index) =>
    index === 0 ? line("Images", image) : `${" ".repeat(LABEL_WIDTH)}${image}`,
  );
}

const counts = ({ desired, running, healthy }: CountView): readonly string[] => [
  nested("Desired", String(desired)),
  nested("Running", String(running)),
  nested("Healthy", healthy === undefined ? "no health check" : String(healthy)),
];

const roleName = ({ role, name }: RevisionNode): string =>
  role === "other" ? name.slice(name.lastIndexOf(":") + 1) : `${role[0]?.toUpperCase()}${role.slice(1)}`;

function countLine({ name, counts: { desired, running, healthy } }: RevisionNode): string {
  const health = healthy === undefined ? "" : `, ${healthy} healthy`;
  return `${name}: ${running}/${desired} running${health}`;
}

function countdowns({ countdowns: all, at }: RolloutView): readonly string[] {
  if (all.length === 0) return [];
  return [line("Next", all.map((next) => `${next.what} ${ahead(next.at, at)}`).join("; "))];
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

function reasons({ reasons: all, analysis, message }: RolloutView, { paint }: Drawing): readonly string[] {
  const told = all.filter(({ text }) => text !== message);
  const lines = told.map(({ code, text }) => `  ${text} ${paint("dim", `[${code}]`)}`);
  const verdict = analysis === undefined || analysis.text === message ? [] : [`  Analysis: ${analysis.text}`];
  const problem = analysis?.problem === undefined ? [] : [paint("warn", `  Metrics: ${analysis.problem}`)];
  const rest = [...verdict, ...problem, ...lines];
  return rest.length === 0 ? [] : ["", paint("bold", "Why"), ...rest];
}

function waiting(view: RolloutView, { paint }: Drawing): readonly string[] {
  const { wanted, orders, awaiting, at } = view;
  const lines = [
    ...orders.map(
      ({ decision, verb, by, at: given }) =>
        `  ${decision}  ${verb} by ${by}, ${age(given, at)} ago, not heard yet`,
    ),
    ...(wanted === undefined
      ? []
      : [
          `  ${wanted.decision}  start of ${wanted.taskDefinition} by ${wanted.by}: ${wanted.why ?? "its turn comes"}`,
        ]),
    ...awaiting.map(({ id, text }) => `  ${id}  not done, waits for an approval or for mode act: ${text}`),
  ];
  return lines.length === 0 ? [] : ["", paint("bold", "Waiting"), ...lines];
}
