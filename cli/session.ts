// What the commands share: their options, the installation they talk to, looking once or again and again.

import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { Option } from "commander";
import type { Key } from "../shared/base/keys.ts";
import type { Installation, PlaceOptions } from "./installation.ts";
import type { Io, Paint } from "./io.ts";
import { paintFor } from "./io.ts";
import { resolveKey } from "./keys.ts";
import { pictureOn } from "./render/screen.ts";

export interface GlobalOptions extends PlaceOptions {
  readonly apiUrl?: string;
  /** false with --no-color. */
  readonly color: boolean;
}

export interface FormatOptions {
  readonly output: "table" | "json";
}

export interface WatchOptions extends FormatOptions {
  readonly watch?: true;
}

export const formatOption = (): Option =>
  new Option("-o, --output <format>", "table for people, json for programs")
    .choices(["table", "json"])
    .default("table");

export const watchOption = (): Option => new Option("-w, --watch", "look again every second, until Ctrl-C");

export const globalsOf = (command: Command): GlobalOptions => command.optsWithGlobals<GlobalOptions>();

export const paintOf = (command: Command, io: Io): Paint => paintFor(io.stdout, io, globalsOf(command).color);

/** Opens the installation that the options name; closes it in the end. The SDK is loaded only here. */
export async function withInstallation<T>(
  command: Command,
  io: Io,
  run: (installation: Installation) => Promise<T>,
): Promise<T> {
  const { openInstallation, placeOf } = await import("./installation.ts");
  const installation = openInstallation(placeOf(globalsOf(command), io));
  try {
    return await run(installation);
  } finally {
    installation.close();
  }
}

export async function keyFrom(typed: string, installation: Installation): Promise<Key> {
  const { allKeys } = await import("./installation.ts");
  return resolveKey(typed, await allKeys(installation));
}

export const printLines = (io: Io, lines: readonly string[]): void => {
  io.stdout.write(lines.map((line) => `${line}\n`).join(""));
};

const LOOK_EVERY_MS = 1_000;

/** On a terminal the picture is drawn over the one before; in a pipe a new picture follows when it differs. */
export async function show(look: () => Promise<readonly string[]>, io: Io, watch: boolean): Promise<void> {
  if (!watch) return printLines(io, await look());
  const draw = io.stdout.isTTY === true ? pictureOn(io.stdout) : undefined;
  let last = "";
  while (!io.interrupted.aborted) {
    const lines = await look();
    const picture = lines.join("\n");
    if (draw !== undefined) draw(lines);
    else if (picture !== last) printLines(io, lines);
    last = picture;
    await sleep(LOOK_EVERY_MS, undefined, { signal: io.interrupted }).catch(() => undefined);
  }
}

export const json = (value: unknown): readonly string[] => [JSON.stringify(value, null, 2)];
/** One line for each picture of a --watch, so that a program reads it line by line. */
export const jsonLines = (value: unknown, watch: boolean): readonly string[] =>
  watch ? [JSON.stringify(value)] : json(value);
