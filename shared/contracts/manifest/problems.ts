// What is wrong with a manifest, as a person can act on it: `file:line: path: found …, expected …`.

import type { Document, LineCounter } from "yaml";
import type { z } from "zod";
import { AppError } from "../../base/errors.ts";
import { shown } from "../guards.ts";

export interface Place {
  readonly fileName: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly content: unknown;
}

type Path = readonly PropertyKey[];

export const problems = (fileName: string, texts: readonly string[]): AppError =>
  new AppError("input", texts.join("\n"), { detail: { file: fileName, problems: texts.length } });

/** One for each name that a closed object does not know, else one. */
export function issueTexts(issue: z.core.$ZodIssue, place: Place): readonly string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => {
      const path = [...issue.path, name];
      return `${where(path, place)}: found a name that is not known, expected one of ${issue.message}`;
    });
  }
  if (issue.code === "invalid_key") {
    const expected = issue.issues.map(({ message }) => message).join("; ");
    return [`${where(issue.path, place)}: found the name ${shown(issue.path.at(-1))}, expected ${expected}`];
  }
  return [problemAt(issue.path, issue.message, place)];
}

export const problemAt = (path: Path, expected: string, place: Place): string =>
  `${where(path, place)}: found ${shown(valueAt(place.content, path))}, expected ${expected}`;

function where(path: Path, { fileName, document, lines }: Place): string {
  // A missing name has no line of its own: the object that lacks it has.
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as
      | { range?: readonly [number, ...unknown[]] }
      | undefined;
    if (node?.range !== undefined && node.range !== null) {
      return `${fileName}:${lines.linePos(node.range[0]).line}: ${pathText(path)}`;
    }
  }
  return `${fileName}: ${pathText(path)}`;
}

const pathText = (path: Path): string =>
  path.reduce<string>((text, part) => text + partText(part, text === ""), "") || "(the whole file)";

function partText(part: PropertyKey, first: boolean): string {
  if (typeof part === "number") return `[${part}]`;
  const name = String(part);
  if (!/^[A-Za-z_][\w-]*$/.test(name)) return `[${JSON.stringify(name)}]`;
  return first ? name : `.${name}`;
}

function valueAt(content: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined),
    content,
  );
}
