// `fairlead local`: how the registries converge, and what was measured.

import type { Measured } from "../../local/scenario/measure.ts";
import type { RolloutFigures } from "../../local/scenario/rollout/play.ts";
import type { Paint } from "../io.ts";
import { table } from "./table.ts";

export interface ServiceLine {
  readonly name: string;
  readonly kind: string;
  readonly running: number;
  readonly registered: number;
  readonly expected: number;
  readonly isRight: boolean;
  readonly reason: string;
}

export const renderServices = (services: readonly ServiceLine[], paint: Paint): readonly string[] =>
  table(
    services.map(({ name, kind, running, registered, expected, isRight, reason }) => [
      `  ${name}`,
      kind,
      `${running} running`,
      paint(isRight ? "good" : "warn", `${registered} of ${expected} registered`),
      paint("dim", reason),
    ]),
  );

/** The goals of the demo: registered within 2 s and deregistered within 1 s of the event. */
const GOALS = { registerMs: 2_000, deregisterMs: 1_000 } as const;

export function renderMeasured(measured: Measured, paint: Paint): readonly string[] {
  const { registerMs, deregisterMs, registrations, deregistrations, awsCalls } = measured;
  const calls = Object.entries(awsCalls).sort(([, a], [, b]) => b - a);
  const total = [
    "AWS calls of the functions:",
    ...table(calls.map(([name, count]) => [`  ${name}`, String(count)])),
  ];
  // Only rollouts were shown: there is nothing to say of registries.
  if (registrations + deregistrations === 0) return total;
  return [
    latency(
      "registered after the event",
      { ...registerMs, goal: GOALS.registerMs, count: registrations },
      paint,
    ),
    latency(
      "deregistered after the event",
      { ...deregisterMs, goal: GOALS.deregisterMs, count: deregistrations },
      paint,
    ),
    `events ${measured.events.in} in, ${measured.events.dropped} dropped with a reason; ` +
      `${measured.aheadOfTheirEvent} instances left ahead of their task's end (drained host); ` +
      `${measured.repaired} changes whose event was lost were repaired by the sweep`,
    ...total,
  ];
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly goal: number;
  readonly count: number;
}

function latency(what: string, { p50, p99, goal, count }: Latency, paint: Paint): string {
  const met = p99 <= goal ? paint("good", "met") : paint("bad", "missed");
  return `${what}: p50 ${p50} ms, p99 ${p99} ms over ${count} (goal p99 ${goal} ms: ${met})`;
}

export interface Outcome {
  readonly failures: readonly string[];
  readonly registered: number;
  readonly expected: number;
  readonly measured: Measured;
  /** Absent where rollouts were left out. */
  readonly rollout?: RolloutFigures;
}

export function renderRollouts({ good, bad, abortMs }: RolloutFigures, paint: Paint): string {
  const told = `${good.failed} of ${good.requests} requests failed while a good version came in; a bad one cost ${bad.failed} of ${bad.requests}; an abort was through after ${abortMs} ms`;
  return `rollouts: ${paint(good.failed === 0 ? "good" : "bad", told)}`;
}

/** The last line of stdout with --json: its shape is a contract. */
export const outcomeJson = ({ failures, registered, expected, measured, rollout }: Outcome): string =>
  JSON.stringify({
    ok: failures.length === 0,
    events: measured.events,
    discovery: {
      registered,
      expected,
      registerMs: measured.registerMs,
      deregisterMs: measured.deregisterMs,
    },
    ...(rollout !== undefined && { rollout }),
    awsCalls: measured.awsCalls,
  });
