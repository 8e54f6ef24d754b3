// `fairlead local`: a local AWS with Fairlead deployed on it and a fleet that lives through a scenario.

import { dirname, resolve } from "node:path";
import { Command, Option } from "commander";
import type { LocalImages } from "../../local/images/images.ts";
import type { Demo } from "../../local/scenario/demo.ts";
import type { Failures, ScenarioOptions } from "../../local/scenario/scenario.ts";
import { Found, usageError } from "../failure.ts";
import type { Installation } from "../installation.ts";
import type { Io, Paint, Stream } from "../io.ts";
import { paintFor } from "../io.ts";
import type { Show } from "../local-rollout.ts";
import { readInput } from "../read-input.ts";
import { renderChange } from "../render/break.ts";
import type { Outcome } from "../render/local.ts";
import { outcomeJson, renderMeasured, renderRollouts } from "../render/local.ts";
import type { Screen } from "../render/screen.ts";
import { createScreen } from "../render/screen.ts";
import { globalsOf } from "../session.ts";
import { breakCommand, mendCommand } from "./break.ts";
import { logsCommand } from "./logs.ts";
import { wholeNumber } from "./why.ts";

interface LocalOptions {
  readonly once?: true;
  readonly json?: true;
  readonly port?: number;
  readonly processes: boolean;
  readonly seed: number;
  readonly images?: string;
  readonly part: Part;
  readonly requests: number;
}

const PARTS = ["all", "discovery", "rollout"] as const;
type Part = (typeof PARTS)[number];
/** What the promise is measured on: no request fails while a good version comes in. */
const DEFAULT_REQUESTS = 100_000;
const MAX_REQUESTS = 10_000_000;

const MAX_PORT = 65_535;
const MAX_SEED = 4_294_967_295;

const HELP = `
Tasks are processes of this machine: a program stands for an image. Those of example/web, example/api,
example/edge and example/shop are there; --images adds yours, by repository:

  {"my/app": {"program": "./server.sh", "arguments": ["--quiet"], "environment": {"MODE": "demo"}}}

A program listens on $HOST at $PORT: each task has an address of its own. It gets $IMAGE_TAG and the task
definition's environment, runs in the folder of the JSON file, and ends on SIGTERM.`;

export const localCommand = (io: Io): Command =>
  new Command("local")
    .description("start a local AWS, deploy Fairlead on it, and run a fleet through a scenario")
    .option("--once", "end after the scenario: exit code 0, or 1 and what failed")
    .option("--json", "the last line of stdout is the result as one JSON object; the rest goes to stderr")
    .option("--port <number>", "the port of the local AWS; default: any free one", wholeNumber(1, MAX_PORT))
    .option("--no-processes", "tasks and load balancers are modelled: no processes, no HTTP, no DNS")
    .option("--images <file>", "a JSON file with the programs that run for images of yours")
    .addOption(
      new Option("--part <name>", "discovery: the fleet lives; rollout: versions come in and go back")
        .choices(PARTS)
        .default("all"),
    )
    .option(
      "--requests <number>",
      "so many at least go to the shop while a good version rolls out",
      wholeNumber(1, MAX_REQUESTS),
      DEFAULT_REQUESTS,
    )
    .option("--seed <number>", "the chance of the local AWS", wholeNumber(0, MAX_SEED), 1)
    .addHelpText("after", HELP)
    .action(async (options: LocalOptions, command: Command) => {
      const stream = options.json === true ? io.stderr : io.stdout;
      const paint = paintFor(stream, io, globalsOf(command).color);
      await runLocal(options, {
        io,
        stream,
        paint,
        screen: createScreen(stream),
        onCommand: { isBroken: false },
      });
    })
    .addCommand(breakCommand(io))
    .addCommand(mendCommand(io))
    .addCommand(logsCommand(io));

interface Stage {
  readonly io: Io;
  readonly stream: Stream;
  readonly paint: Paint;
  readonly screen: Screen;
  /** Whether somebody broke something: the scenario does not come out as it is written then. */
  readonly onCommand: { isBroken: boolean };
}

async function runLocal(options: LocalOptions, stage: Stage): Promise<void> {
  const { startDemo } = await import("../../local/scenario/demo.ts");
  const { io, screen, paint, onCommand } = stage;
  const images = options.images === undefined ? undefined : await imagesFrom(options.images, options);
  const { seed, port, processes: isReal } = options;
  const demo = await startDemo({
    seed,
    isReal,
    onNotice: (text) => io.stderr.write(`${text}\n`),
    ...(port !== undefined && { port }),
    ...(images !== undefined && { images }),
    onProgress: (text) => io.stderr.write(`${text} …\n`),
    onError: (error) =>
      screen.log(paint("bad", `local AWS: ${error instanceof Error ? error.message : String(error)}`)),
    onChaos: ({ what, broken }) => {
      onCommand.isBroken ||= what === "broken";
      screen.log(renderChange(what, broken, paint));
    },
  });
  try {
    const failures = await live(demo, options, stage);
    if (failures.length > 0) throw new Found(failures.join("\n"));
  } finally {
    screen.end();
    io.stderr.write("stopping …\n");
    await demo.stop();
  }
}

async function imagesFrom(file: string, { processes }: LocalOptions): Promise<LocalImages> {
  if (!processes) throw usageError("--images needs processes: leave --no-processes out");
  const { readImages } = await import("../../local/images/read-images.ts");
  return readImages({ name: file, text: await readInput(file), folder: dirname(resolve(file)) });
}

async function live(demo: Demo, options: LocalOptions, stage: Stage): Promise<Failures> {
  const [{ openInstallation }, { writeLocalState }, { startDisplay }, { applyPolicies }, scenario] =
    await Promise.all([
      import("../installation.ts"),
      import("../local-state.ts"),
      import("../local-display.ts"),
      import("../../shared/shell/operator.ts"),
      import("../../local/scenario/scenario.ts"),
    ]);
  const { account, region } = demo.place;
  const installation = openInstallation({ ...demo.place, isLocal: true, scope: { account, region } });
  const forget = await writeLocalState(demo.place, stage.io.environment);
  introduce(demo, { ...stage, isFound: forget !== undefined });
  const display = startDisplay(demo, installation, stage);
  let show: Show | undefined;
  try {
    await applyPolicies(demo.policies, installation);
    const started = performance.now();
    const onStep = (text: string) =>
      stage.screen.log(`${seconds(performance.now() - started)}  ${stage.paint("bold", text)}`);
    const timeline = { signal: stage.io.interrupted, onStep };
    const found = options.part === "rollout" ? [] : await scenario.runScenario(demo, timeline);
    show = await rollouts(demo, installation, { ...timeline, options, stage, found });
    const { played } = show;
    await display.refresh();
    if (stage.io.interrupted.aborted) return endedEarly(options);
    const failures = [...found, ...played.failures];
    const rollout = played.figures;
    conclude(
      { ...display.totals(), failures, measured: demo.meter.result(), ...(rollout && { rollout }) },
      options,
      stage,
    );
    if (options.once === true) return failures;
    if (rollout !== undefined) byHand(stage);
    await goOn(() => scenario.churn(demo, timeline), failures, stage);
    return stage.onCommand.isBroken ? [] : failures;
  } finally {
    await show?.close();
    await display.stop();
    forget?.();
    installation.close();
  }
}

interface RolloutPart extends ScenarioOptions {
  readonly options: LocalOptions;
  readonly stage: Stage;
  /** What the part before it found. */
  readonly found: Failures;
}

async function rollouts(
  demo: Demo,
  installation: Installation,
  { options, stage, found, ...timeline }: RolloutPart,
): Promise<Show> {
  const nothing = (...failures: readonly string[]): Show => ({
    played: { failures },
    close: async () => undefined,
  });
  const { part, requests, processes } = options;
  if (part === "discovery" || found.length > 0 || timeline.signal.aborted) return nothing();
  if (!processes || demo.balancer === undefined) {
    if (part === "rollout") throw usageError("--part rollout needs processes: leave --no-processes out");
    stage.screen.log("Rollouts are left out: they are shown on real HTTP, with tasks as processes.");
    return nothing();
  }
  const { showRollouts } = await import("../local-rollout.ts");
  const onError = (error: unknown) =>
    stage.screen.log(stage.paint("bad", `shop: ${error instanceof Error ? error.message : String(error)}`));
  return showRollouts(demo, installation, { ...timeline, requests, onError });
}

/** Whoever asked for the whole scenario must not take half of it for a success. */
const endedEarly = ({ once }: LocalOptions): Failures =>
  once === true ? ["interrupted before the end of the scenario"] : [];

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1).padStart(5)}s`;

function introduce(
  { place, doorstep }: Demo,
  { screen, paint, isFound }: Stage & { readonly isFound: boolean },
): void {
  const { endpoint, region } = place;
  const credentials = "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local";
  screen.log(
    `The local AWS listens on ${paint("bold", endpoint)} (${region}). Any AWS client works with it:`,
  );
  screen.log(
    `  ${credentials} aws --endpoint-url ${endpoint} --region ${region} ecs list-tasks --cluster demo`,
  );
  screen.log(
    isFound
      ? "In another terminal: npx fairlead status, events, why demo/web, discover demo/api, local break, local logs"
      : `Another fairlead local runs: the commands find that one. This one: --table ${place.table} --work-queue-url ${place.workQueueUrl} --endpoint-url ${endpoint}`,
  );
  if (doorstep !== undefined) {
    const { url, name, dns } = doorstep;
    screen.log(`Tasks are processes. The load balancer of web: ${paint("bold", `curl ${url}`)}`);
    screen.log(`DNS answers on ${dns.address}:${dns.port}: dig @${dns.address} -p ${dns.port} ${name}`);
  }
  screen.log(
    paint(
      "dim",
      "Fargate tasks start in 2-4 s here, not 24 s, to keep the demo short; every other delay is the model's own.",
    ),
  );
}

function conclude(outcome: Outcome, { json }: LocalOptions, { io, screen, paint }: Stage): void {
  for (const line of renderMeasured(outcome.measured, paint)) screen.log(line);
  for (const failure of outcome.failures) screen.log(paint("bad", `failed: ${failure}`));
  if (outcome.rollout !== undefined) screen.log(renderRollouts(outcome.rollout, paint));
  if (outcome.failures.length === 0) screen.log(paint("good", "The registries equal the tasks that run."));
  screen.end();
  if (json === true) io.stdout.write(`${outcomeJson(outcome)}\n`);
}

/** The shop runs its second version, its customers stay, and what the play registered is there to be rolled out. */
function byHand({ screen }: Stage): void {
  screen.log("Try rollouts by hand: version 4 is good, version 3 fails 5 % of its requests.");
  screen.log(
    "  npx fairlead rollout start demo/shop shop:4, then get demo/shop --watch, pause, promote, abort, undo",
  );
}

/** Whoever breaks something, or wants to see why something failed, needs it running. */
async function goOn(
  run: () => Promise<void>,
  failures: Failures,
  { screen, onCommand }: Stage,
): Promise<void> {
  if (failures.length > 0)
    screen.log(
      onCommand.isBroken
        ? "The rest of the scenario is left out: something was broken on command while it ran."
        : "The rest of the scenario is left out. Look around: npx fairlead status, why, local logs.",
    );
  screen.log("It goes on, with a crash now and then, until Ctrl-C.");
  await run();
}
