// `fairlead local logs`: which programs there are, and what they wrote.

import type { ContainerOutput } from "../../local/runtime/processes/output.ts";
import type { Paint } from "../io.ts";
import { table } from "./table.ts";

/** Enough to tell tasks apart. */
const SHORT_ID = 8;

const ownerOf = ({ cluster, service }: ContainerOutput): string =>
  service === undefined ? cluster : `${cluster}/${service}`;

export function renderWriters(outputs: readonly ContainerOutput[], paint: Paint): readonly string[] {
  if (outputs.length === 0) return ["No program has run yet."];
  const header = ["SERVICE", "TASK", "CONTAINER", "IMAGE", "STATE", "LINES"].map((name) =>
    paint("bold", name),
  );
  return table([
    header,
    ...outputs.map((one) => [
      ownerOf(one),
      one.taskId,
      one.container,
      one.image,
      one.hasEnded ? paint("dim", "ended") : paint("good", "runs"),
      String(one.lines.length),
    ]),
  ]);
}

/** Each line behind the task that wrote it. */
export const renderOutputs = (outputs: readonly ContainerOutput[], paint: Paint): readonly string[] =>
  outputs.flatMap((one) => {
    const who = paint("dim", `${ownerOf(one)} ${one.taskId.slice(0, SHORT_ID)} ${one.container} |`);
    const state = one.hasEnded ? "(ended)" : one.lines.length === 0 ? "(nothing was written yet)" : undefined;
    const notes = state === undefined ? [] : [`${who} ${paint("dim", state)}`];
    return [...one.lines.map((line) => `${who} ${printable(line)}`), ...notes];
  });

/** A program may write what steers a terminal; colours stay. */
const printable = (line: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
  line.replaceAll(/\u001b\[[\d;]*m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (found) =>
    found.length > 1 ? found : "",
  );
