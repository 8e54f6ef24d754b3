// The environment of the functions: names in one place, read by functions/, set by infra/.
// Values are plain text; lists are separated by commas, pairs by `=`.

import { AppError } from "../base/errors.ts";
import type { Mode } from "./policy.ts";

export const ENVIRONMENT = {
  table: "FAIRLEAD_TABLE",
  workQueueUrl: "FAIRLEAD_WORK_QUEUE_URL",
  delayQueueUrl: "FAIRLEAD_DELAY_QUEUE_URL",
  /** `deadLetterUrl=sourceUrl` pairs: where the sweep finds what gave up, and where it goes back to. */
  deadLetterQueues: "FAIRLEAD_DEAD_LETTER_QUEUES",
  /** observe | act: what the installation may do at most; a service's own mode may be stricter. */
  mode: "FAIRLEAD_MODE",
  /** Names this installation in ownership marks; two installations never touch each other's instances. */
  installation: "FAIRLEAD_INSTALLATION",
  retentionDays: "FAIRLEAD_RETENTION_DAYS",
  /** watch | deployments | traffic: what rollouts may do at most where the mode is act. */
  rollouts: "FAIRLEAD_ROLLOUTS",
} as const;

export type EnvironmentName = (typeof ENVIRONMENT)[keyof typeof ENVIRONMENT];
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a required variable. Throws an `input` error naming it. */
export function required(environment: Environment, name: EnvironmentName): string {
  const value = environment[name];
  if (value === undefined || value === "") {
    throw new AppError("input", `environment variable ${name} is not set: deploy with infra/ or set it`);
  }
  return value;
}

/** A number, or the given default where the variable is not set. */
export function optionalNumber(environment: Environment, name: EnvironmentName, otherwise: number): number {
  const text = environment[name];
  if (text === undefined || text === "") return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value))
    throw new AppError("input", `environment variable ${name} is "${text}": a number is expected`);
  return value;
}

export function requiredMode(environment: Environment): Mode {
  const mode = required(environment, ENVIRONMENT.mode);
  if (mode === "observe" || mode === "act") return mode;
  throw new AppError(
    "input",
    `environment variable ${ENVIRONMENT.mode} is "${mode}": observe or act is expected`,
  );
}

/** `a=b,c=d` as pairs. */
export const pairs = (text: string): readonly (readonly [string, string])[] =>
  text.split(",").map((pair) => {
    const [left = "", right = ""] = pair.split("=");
    return [left.trim(), right.trim()] as const;
  });

/** Where people's programs find the API: no function has it. */
export const API_URL = "FAIRLEAD_API_URL";
