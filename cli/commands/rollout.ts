// `fairlead rollout …`: what rollouts do, and the operator's word to them. All of it goes through the API, signed
// with the caller's credentials: who gives an order is who signed it.

import { Command } from "commander";
import type { Key } from "../../shared/base/keys.ts";
import type { RolloutVerb } from "../../shared/contracts/policy.ts";
import type {
  OrderAnswer,
  OrderRequest,
  RolloutHistory,
  RolloutList,
  RolloutView,
} from "../../shared/contracts/rollout-api.ts";
import type { ApiPlace } from "../api.ts";
import type { Io } from "../io.ts";
import { resolveKey, shortNames } from "../keys.ts";
import { renderRollout } from "../render/rollout.ts";
import { renderAnalysis, renderHistory, renderList } from "../render/rollout-lists.ts";
import type { Drawing } from "../render/rollout-symbols.ts";
import { symbolsFor } from "../render/rollout-symbols.ts";
import type { FormatOptions, WatchOptions } from "../session.ts";
import {
  formatOption,
  globalsOf,
  json,
  jsonLines,
  paintOf,
  printLines,
  show,
  watchOption,
} from "../session.ts";
import { wholeNumber } from "./why.ts";

const KEY_HELP = "a managed service, as cluster/service";

const AFTER_HELP = `
Every order prints its decision id; \`fairlead rollout get\` and \`fairlead why\` name it in their reasons.
The API is found by --api-url or FAIRLEAD_API_URL, or it is that of the running \`fairlead local\`, where
AWS_ACCESS_KEY_ID names the user: who began a rollout does not approve it.

Examples:
  fairlead rollout start shop/web web:42
  fairlead rollout get shop/web --watch
  AWS_ACCESS_KEY_ID=ada fairlead rollout approve shop/web
  fairlead rollout abort shop/web`;

export const rolloutCommand = (io: Io): Command =>
  new Command("rollout")
    .description("bring a service to a new revision in steps: start, watch, promote, approve, abort, undo")
    .addHelpText("after", AFTER_HELP)
    .addCommand(listCommand(io))
    .addCommand(getCommand(io))
    .addCommand(historyCommand(io))
    .addCommand(analyzeCommand(io))
    .addCommand(startCommand(io))
    .addCommand(promoteCommand(io))
    .addCommand(undoCommand(io))
    .addCommand(
      orderCommand(io, "approve", "say yes to the step that asks for it; not for one's own rollout"),
    )
    .addCommand(
      orderCommand(io, "abort", "go back: old capacity first, then all traffic; wins over everything"),
    )
    .addCommand(
      orderCommand(io, "retry", "roll the last revision that went back out again, from its first step"),
    )
    .addCommand(orderCommand(io, "pause", "stay at this weight; a bad verdict still rolls back"))
    .addCommand(orderCommand(io, "resume", "end the pause"));

// --- looking ------------------------------------------------------------------------------------------------

/** The SDK's signer is loaded only when something is signed. */
async function placeOf(command: Command, io: Io): Promise<ApiPlace> {
  const { apiPlaceOf } = await import("../api.ts");
  return apiPlaceOf(globalsOf(command), io);
}

async function get<T>(place: ApiPlace, path: string): Promise<T> {
  const { callApi } = await import("../api.ts");
  return callApi<T>(place, { method: "GET", path });
}

async function wholeList(place: ApiPlace): Promise<RolloutList> {
  let list = await get<RolloutList>(place, "/rollouts");
  while (list.next !== undefined) {
    const { next, rollouts, ...rest } = list;
    const more = await get<RolloutList>(place, `/rollouts?after=${encodeURIComponent(next)}`);
    list = {
      ...rest,
      rollouts: [...rollouts, ...more.rollouts],
      ...(more.next !== undefined && { next: more.next }),
    };
  }
  return list;
}

/** Services without a rollout policy are none of the list: they may well be managed otherwise. */
const NO_POLICY = "names no service with a rollout policy. Those that have one";

/** A whole key needs no list to be found. */
const wholeKey = /^\d{12}\/[a-z0-9-]+\/[\w-]+\/[\w-]+$/;

async function keyOf(typed: string, place: ApiPlace): Promise<Key> {
  if (wholeKey.test(typed)) return typed as Key;
  const { rollouts } = await wholeList(place);
  const keys = rollouts.map(({ key }) => key);
  return resolveKey(typed, keys, NO_POLICY);
}

const drawingOf = (command: Command, io: Io): Drawing => ({
  paint: paintOf(command, io),
  symbols: symbolsFor(io.stdout, io, globalsOf(command).color),
});

const listCommand = (io: Io): Command =>
  new Command("list")
    .description("every service with a rollout policy")
    .addOption(formatOption())
    .addOption(watchOption())
    .action(async (options: WatchOptions, command: Command) => {
      const watch = options.watch === true;
      const place = await placeOf(command, io);
      const drawing = drawingOf(command, io);
      const look = async () => {
        const list = await wholeList(place);
        if (options.output === "json") return jsonLines(list, watch);
        return renderList(list, shortNames(list.rollouts.map(({ key }) => key)), drawing);
      };
      await show(look, io, watch);
    });

const getCommand = (io: Io): Command =>
  new Command("get")
    .description(
      "one service: status, step, weights, revisions and their tasks, analysis, what comes, and why",
    )
    .argument("<key>", KEY_HELP)
    .addOption(formatOption())
    .addOption(watchOption())
    .action(async (typed: string, options: WatchOptions, command: Command) => {
      const watch = options.watch === true;
      const place = await placeOf(command, io);
      const key = await keyOf(typed, place);
      const drawing = drawingOf(command, io);
      const look = async () => {
        const view = await get<RolloutView>(place, `/rollouts/${key}`);
        return options.output === "json" ? jsonLines(view, watch) : renderRollout(view, drawing);
      };
      await show(look, io, watch);
    });

interface HistoryOptions extends FormatOptions {
  readonly limit: number;
}

const DEFAULT_HISTORY = 20;
const MAX_HISTORY = 200;

const historyCommand = (io: Io): Command =>
  new Command("history")
    .description("rollouts that have ended, with their verdicts, and what was done")
    .argument("<key>", KEY_HELP)
    .addOption(formatOption())
    .option("-n, --limit <count>", "decisions of the past", wholeNumber(1, MAX_HISTORY), DEFAULT_HISTORY)
    .action(async (typed: string, options: HistoryOptions, command: Command) => {
      const place = await placeOf(command, io);
      const key = await keyOf(typed, place);
      const history = await get<RolloutHistory>(place, `/rollouts/${key}/history?limit=${options.limit}`);
      printLines(
        io,
        options.output === "json" ? json(history) : renderHistory(history, drawingOf(command, io)),
      );
    });

interface AnalyzeOptions extends FormatOptions {
  readonly now?: true;
}

const analyzeCommand = (io: Io): Command =>
  new Command("analyze")
    .description("the analysis in detail: counts of both revisions, evidence, bounds, the least possible")
    .argument("<key>", KEY_HELP)
    .addOption(formatOption())
    .option("--now", "also order the metrics to be read and judged again now")
    .action(async (typed: string, options: AnalyzeOptions, command: Command) => {
      const place = await placeOf(command, io);
      const key = await keyOf(typed, place);
      if (options.now === true) {
        const given = await give(place, { key, verb: "analyze", request: {} });
        // The answer of the order is told beside the analysis, so that JSON stays one value.
        io.stderr.write(`${given.decision}  ${given.next}\n`);
      }
      const view = await get<RolloutView>(place, `/rollouts/${key}`);
      const { analysis = null, at, rollout } = view;
      printLines(
        io,
        options.output === "json"
          ? json({ key, at, rollout: rollout?.id ?? null, analysis })
          : renderAnalysis(view, drawingOf(command, io)),
      );
    });

// --- orders -------------------------------------------------------------------------------------------------

interface Order {
  readonly key: Key;
  readonly verb: RolloutVerb;
  readonly request: OrderRequest;
}

async function give(place: ApiPlace, { key, verb, request }: Order): Promise<OrderAnswer> {
  const { callApi } = await import("../api.ts");
  return callApi<OrderAnswer>(place, { method: "POST", path: `/rollouts/${key}/${verb}`, body: request });
}

/** The decision id first, so that it is easy to cut out. */
function printAnswer(io: Io, answer: OrderAnswer, { output }: FormatOptions): void {
  printLines(io, output === "json" ? json(answer) : [`${answer.decision}  ${answer.next}`]);
}

const startCommand = (io: Io): Command =>
  new Command("start")
    .description("roll a task definition out")
    .argument("<key>", KEY_HELP)
    .argument("<task-definition>", "family:revision, or an ARN")
    .addOption(formatOption())
    .action(async (...given: readonly [string, string, FormatOptions, Command]) => {
      const [typed, taskDefinition, options, command] = given;
      const place = await placeOf(command, io);
      const key = await keyOf(typed, place);
      printAnswer(io, await give(place, { key, verb: "start", request: { taskDefinition } }), options);
    });

const promoteCommand = (io: Io): Command =>
  new Command("promote")
    .description("go on from the step under way without waiting")
    .argument("<key>", KEY_HELP)
    .option("--full", "skip all other steps too; a bad verdict still rolls back")
    .addOption(formatOption())
    .action(async (typed: string, options: FormatOptions & { readonly full?: true }, command: Command) => {
      const verb = options.full === true ? "promote-full" : "promote";
      await orderAsSeen({ typed, verb, options, command }, io);
    });

const undoCommand = (io: Io): Command =>
  new Command("undo")
    .description("go back to the revision before the last promotion, or to another")
    .argument("<key>", KEY_HELP)
    .option("--to <task-definition>", "family:revision, or an ARN")
    .addOption(formatOption())
    .action(async (typed: string, options: FormatOptions & { readonly to?: string }, command: Command) => {
      const place = await placeOf(command, io);
      const key = await keyOf(typed, place);
      const request = options.to === undefined ? {} : { taskDefinition: options.to };
      printAnswer(io, await give(place, { key, verb: "undo", request }), options);
    });

type SimpleVerb = Extract<RolloutVerb, "approve" | "abort" | "retry" | "pause" | "resume">;

const orderCommand = (io: Io, verb: SimpleVerb, description: string): Command =>
  new Command(verb)
    .description(description)
    .argument("<key>", KEY_HELP)
    .addOption(formatOption())
    .action(async (typed: string, options: FormatOptions, command: Command) => {
      await orderAsSeen({ typed, verb, options, command }, io);
    });

interface Seen {
  readonly typed: string;
  readonly verb: RolloutVerb;
  readonly options: FormatOptions;
  readonly command: Command;
}

/** Verbs that are about a step name the one that was there when the order was given. */
const ABOUT_A_STEP: readonly RolloutVerb[] = ["approve", "promote", "promote-full"];

async function orderAsSeen({ typed, verb, options, command }: Seen, io: Io): Promise<void> {
  const place = await placeOf(command, io);
  const key = await keyOf(typed, place);
  let request: OrderRequest = {};
  if (ABOUT_A_STEP.includes(verb)) {
    const { rollout } = await get<RolloutView>(place, `/rollouts/${key}`);
    if (rollout !== undefined)
      request = { rollout: rollout.id, step: rollout.step, revision: rollout.target };
  }
  printAnswer(io, await give(place, { key, verb, request }), options);
}
