// Runs one scenario against one party and writes down, step by step, what was not as expected.

import { setTimeout as sleep } from "node:timers/promises";
import type { Clients } from "./clients.ts";
import { ACCOUNT, REGION } from "./clients.ts";
import type { Saved } from "./observe.ts";
import { at, differences, fill, MissingName, steady } from "./observe.ts";
import type { Observations, Scenario, Step, Value, ValueMap } from "./scenario.ts";

export interface StepResult {
  readonly scenario: string;
  readonly step: string;
  readonly call: string;
  /** `blocked`: an earlier step did not bring what this one needs. */
  readonly outcome: "agrees" | "deviates" | "blocked";
  readonly differences: readonly string[];
  /** The error that the call ended with. */
  readonly error?: string;
}

export interface Subject {
  readonly clients: Clients;
  /** How long a step with `until` may take. */
  readonly patienceMs: number;
}

const POLL_MS = 60;

export async function runScenario(scenario: Scenario, subject: Subject): Promise<StepResult[]> {
  const saved = new Map<string, Value>([
    ["account", ACCOUNT],
    ["region", REGION],
    ...(await network(subject.clients)),
  ]);
  const results: StepResult[] = [];
  for (const step of scenario.steps) {
    const result = await runStep(step, { ...subject, saved });
    results.push({ scenario: scenario.name, step: step.name, call: step.call, ...result });
  }
  return results;
}

const NETWORK: readonly (readonly [name: string, call: string, path: string, fallback: string])[] = [
  ["vpc", "ec2.DescribeVpcs", "Vpcs.0.VpcId", "vpc-0a1b2c3d"],
  ["subnet", "ec2.DescribeSubnets", "Subnets.0.SubnetId", "subnet-0d0eab1bb38d5ca64"],
  ["subnet2", "ec2.DescribeSubnets", "Subnets.1.SubnetId", "subnet-0d0eab1bb38d5ca65"],
  ["securityGroup", "ec2.DescribeSecurityGroups", "SecurityGroups.0.GroupId", "sg-0a1b2c3d"],
];

/** What the party has from the start; ours, which has no such calls, takes any. */
async function network(clients: Clients): Promise<[string, string][]> {
  const names: [string, string][] = [["address", "172.31.0.10"]];
  for (const [name, call, path, fallback] of NETWORK) {
    const answer = await clients.call(call, {}).catch(() => ({}));
    names.push([name, String(at(answer, path) ?? fallback)]);
  }
  return names;
}

interface Run extends Subject {
  readonly saved: Map<string, Value>;
}

type Outcome = Pick<StepResult, "outcome" | "differences" | "error">;

async function runStep(step: Step, run: Run): Promise<Outcome> {
  try {
    const input = fill(step.input ?? {}, run.saved) as ValueMap;
    const seen = step.until === undefined ? await once(step, input, run) : await polled(step, input, run);
    const found = judge(step, seen, run.saved);
    if (seen.answer !== undefined) keep(step, seen.answer, run.saved);
    const outcome = found.length === 0 ? "agrees" : "deviates";
    return { outcome, differences: found, ...(seen.error && { error: seen.error.name }) };
  } catch (error) {
    if (error instanceof MissingName) return { outcome: "blocked", differences: [] };
    throw error;
  }
}

interface Seen {
  readonly answer?: object;
  readonly error?: { readonly name: string; readonly status: number; readonly message: string };
}

async function once(step: Step, input: ValueMap, { clients }: Run): Promise<Seen> {
  try {
    return { answer: await clients.call(step.call, input) };
  } catch (error) {
    if (error instanceof TypeError && error.message.includes("client has no")) throw error;
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
    return { error: { name, status, message } };
  }
}

async function polled(step: Step, input: ValueMap, run: Run): Promise<Seen> {
  const deadline = performance.now() + run.patienceMs;
  for (;;) {
    const seen = await once(step, input, run);
    const isReached =
      seen.answer !== undefined && differences(seen.answer, step.until ?? {}, run.saved).length === 0;
    // An answer that is not there yet may come; an operation that does not exist never will.
    if (isReached || performance.now() > deadline || (seen.error?.status ?? 0) >= 400) return seen;
    await sleep(POLL_MS);
  }
}

function judge(step: Step, { answer, error }: Seen, saved: Saved): string[] {
  if (step.fails !== undefined) return judgeFailure(step.fails, error);
  if (error !== undefined || answer === undefined) return [`${nameOf(error)} instead of an answer`];
  const wanted: Observations = { ...step.until, ...step.expect };
  return differences(answer, wanted, saved).map((line) => steady(line, saved));
}

/** A page of HTML with status 500 reaches us as the parser's SyntaxError: that name says nothing. */
const nameOf = (error: Seen["error"]): string => {
  if (error === undefined) return "nothing";
  return error.name === "SyntaxError" ? `no JSON (${error.status})` : `${error.name} (${error.status})`;
};

function judgeFailure([name, status]: readonly [string, number], error: Seen["error"]): string[] {
  if (error?.name === name && error.status === status) return [];
  return [`${error === undefined ? "an answer" : nameOf(error)} instead of ${name} (${status})`];
}

function keep(step: Step, answer: object, saved: Map<string, Value>): void {
  for (const [name, path] of Object.entries(step.saves ?? {})) {
    const value = at(answer, String(fill(path, saved)));
    if (value !== undefined) saved.set(name, value as Value);
  }
}
