// `npm run simulate -- --replay FILE [--policy fleet.yaml]`: reads the files and prints what was decided.

import { readFileSync } from "node:fs";
import { plain } from "../../cli/io.ts";
import { renderWhy } from "../../cli/render/why.ts";
import { readRecording } from "../../local/recording/format.ts";
import { isoInstant } from "../../shared/base/time.ts";
import { parseManifest } from "../../shared/contracts/manifest.ts";
import type { ReplayResult } from "./replay.ts";
import { replay } from "./replay.ts";

export interface ReplayFiles {
  readonly recording: string;
  readonly policy: string | undefined;
}

/** Throws an `input` error when a file is not what it should be. */
export async function replayFile({ recording: file, policy }: ReplayFiles): Promise<ReplayResult> {
  const recording = readRecording(readFileSync(file, "utf8"), file);
  const { header } = recording;
  if (policy === undefined) return replay({ recording });
  const { policies } = parseManifest(readFileSync(policy, "utf8"), policy, header);
  return replay({ recording, policies });
}

export function renderReplay({ keys, faults, unmanaged, endedAt, calls }: ReplayResult): readonly string[] {
  const managed = keys.flatMap(({ view, history }) => [
    `${view.key}`,
    ...renderWhy({ view, history, now: endedAt }, plain).map((line) => `  ${line}`),
    "",
  ]);
  const left =
    unmanaged.length === 0
      ? []
      : ["In the recording, without a policy:", ...unmanaged.map((key) => `  ${key}`), ""];
  const verdict =
    faults.length === 0
      ? `No invariant was broken in ${calls} calls, until ${isoInstant(endedAt)}.`
      : `${faults.length} faults:`;
  return [...managed, ...left, verdict, ...faults.map((fault) => `  ${fault}`)];
}
