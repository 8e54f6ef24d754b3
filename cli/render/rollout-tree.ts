// The tree of `fairlead rollout get`: service → revisions → deployments or task sets → tasks.

import type {
  AnalysisView,
  CountView,
  RevisionNode,
  RolloutTaskView,
  RolloutView,
  TaskGroupView,
} from "../../shared/contracts/rollout-api.ts";
import type { Tone } from "../io.ts";
import { age } from "./age.ts";
import type { Drawing, Symbols } from "./rollout-symbols.ts";
import { statusText } from "./rollout-symbols.ts";
import { table } from "./table.ts";

/** One line of the tree and what hangs below it. */
interface Node {
  /** NAME, KIND, STATUS, AGE, INFO */
  readonly cells: readonly [string, string, string, string, string];
  readonly children: readonly Node[];
}

const HEAD = ["NAME", "KIND", "STATUS", "AGE", "INFO"];

export function treeLines(view: RolloutView, drawing: Drawing): readonly string[] {
  const rows = rowsOf(serviceNode(view, drawing), drawing.symbols);
  return table([HEAD.map((head) => drawing.paint("bold", head)), ...rows]);
}

function rowsOf({ cells, children }: Node, symbols: Symbols): readonly (readonly string[])[] {
  const below = children.flatMap((child, index) => {
    const isLast = index === children.length - 1;
    const [first, ...rest] = rowsOf(child, symbols);
    const indented = (row: readonly string[], lead: string) => [`${lead}${row[0] ?? ""}`, ...row.slice(1)];
    return [
      indented(first ?? [], isLast ? symbols.lastBranch : symbols.branch),
      ...rest.map((row) => indented(row, isLast ? symbols.gap : symbols.stem)),
    ];
  });
  return [cells, ...below];
}

function serviceNode(view: RolloutView, drawing: Drawing): Node {
  const { symbols } = drawing;
  const started = view.rollout?.startedAt;
  const name = view.key.slice(view.key.lastIndexOf("/") + 1);
  const info = view.rollout === undefined ? "" : `${view.rollout.id}, ${view.rollout.driver}`;
  const analysis = view.analysis === undefined ? [] : [analysisNode(view.analysis, view.at, drawing)];
  return {
    cells: [
      `${symbols.service}${name}`,
      "Service",
      statusText(view.status, drawing),
      started === undefined ? "-" : age(started, view.at),
      info,
    ],
    children: [...view.revisions.map((revision) => revisionNode(revision, view.at, drawing)), ...analysis],
  };
}

function revisionNode(revision: RevisionNode, now: number, drawing: Drawing): Node {
  const { role, weight, counts } = revision;
  const share = weight === undefined ? [] : [`${weight} %`];
  return {
    cells: [
      `${drawing.symbols.revision}${revision.name}`,
      "Revision",
      countText(counts, drawing),
      "",
      [...(role === "other" ? [] : [role]), ...share].join(", "),
    ],
    children: revision.groups.map((group) => groupNode(group, now, drawing)),
  };
}

const KINDS = { "task-set": "TaskSet", deployment: "Deployment", tasks: "Tasks" } as const;
const MAX_TASKS = 10;

function groupNode(group: TaskGroupView, now: number, drawing: Drawing): Node {
  // Those with a problem first: they are what somebody looks for.
  const tasks = [...group.tasks].sort((a, b) => Number(isFine(a)) - Number(isFine(b)));
  const shown = tasks.slice(0, MAX_TASKS).map((task) => taskNode(task, now, drawing));
  const hidden = tasks.length - shown.length;
  const more: readonly Node[] =
    hidden > 0 ? [{ cells: [`${hidden} more`, "", "", "", ""], children: [] }] : [];
  return {
    cells: [
      `${drawing.symbols.group}${group.name}`,
      KINDS[group.kind],
      countText(group.counts, drawing),
      "",
      "",
    ],
    children: [...shown, ...more],
  };
}

const isFine = ({ status, health }: RolloutTaskView): boolean =>
  status === "RUNNING" && health !== "UNHEALTHY";

function taskNode(task: RolloutTaskView, now: number, drawing: Drawing): Node {
  const { symbols, paint } = drawing;
  const isEnding = ["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED", "DELETED"].includes(task.status);
  const [sign, tone]: readonly [string, Tone] = isFine(task)
    ? [symbols.ok, "good"]
    : isEnding || task.health === "UNHEALTHY"
      ? [symbols.bad, "bad"]
      : [symbols.moving, "warn"];
  return {
    cells: [
      `${symbols.task}${task.id.slice(0, 12)}`,
      "Task",
      paint(tone, `${sign} ${task.status}`),
      task.startedAt === undefined ? "-" : age(task.startedAt, now),
      task.stoppedReason ?? (task.health === "UNKNOWN" ? "" : task.health),
    ],
    children: [],
  };
}

function countText({ desired, running, healthy }: CountView, { symbols, paint }: Drawing): string {
  if (desired === 0 && running === 0) return paint("dim", "none");
  const good = healthy ?? running;
  const word = healthy === undefined ? "running" : "healthy";
  return good >= desired
    ? paint("good", `${symbols.ok} ${good}/${desired} ${word}`)
    : paint("warn", `${symbols.moving} ${good}/${desired} ${word}`);
}

const VERDICT_SIGNS: Readonly<Record<string, readonly [keyof Symbols, Tone]>> = {
  bad: ["bad", "bad"],
  good: ["ok", "good"],
  pending: ["moving", "warn"],
};

export function verdictText(kind: string, { symbols, paint }: Drawing): string {
  const [sign, tone] = VERDICT_SIGNS[kind] ?? ["unknown", "warn"];
  return paint(tone, `${symbols[sign]} ${kind}`);
}

/** ✔ and ✖ are requests of the new revision, as they are measurements in Argo's tree. */
function analysisNode(analysis: AnalysisView, now: number, drawing: Drawing): Node {
  const { symbols } = drawing;
  const children = analysis.metrics.map((metric): Node => {
    const { total, bad } = metric.candidate;
    const counts = `${symbols.ok} ${total - bad}, ${symbols.bad} ${bad}`;
    return { cells: [metric.name, "Metric", verdictText(metric.kind, drawing), "", counts], children: [] };
  });
  return {
    cells: [
      `${symbols.analysis}analysis`,
      "Analysis",
      verdictText(analysis.kind, drawing),
      analysis.since === undefined ? "-" : age(analysis.since, now),
      "",
    ],
    children,
  };
}
