// What every rule looks at: a file as path and text, parsed once. TypeScript 7 exports no compiler API, so
// the syntax comes from oxc-parser.
import type { ParseResult } from "oxc-parser";
import { parseSync } from "oxc-parser";

export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  readonly message: string;
}

/** A rule for one file at a time. */
export type FileRule = (file: SourceFile) => readonly Violation[];

const parsed = new WeakMap<SourceFile, ParseResult>();

/** Throws where the file does not parse: a rule that saw nothing must not pass. */
export function syntaxOf(file: SourceFile): ParseResult {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const result = parseSync(file.path, file.text);
  const [error] = result.errors;
  if (error !== undefined) throw new Error(`${file.path} does not parse: ${error.message}`);
  parsed.set(file, result);
  return result;
}

export const isScript = ({ path }: SourceFile): boolean => /\.m?[jt]s$/.test(path);
/** A contract suite is a test without a runner: each implementation calls it. A fixture serves tests only. */
export const isTestPath = (path: string): boolean => /(\.test|\.suite|[/-]fixture)\.ts$/.test(path);

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let index = 0; index < offset; index += 1) if (text.charCodeAt(index) === 10) line += 1;
  return line;
}

/** Lines as an editor numbers them: a final line break ends the last line, it does not begin another. */
export const lineCount = (text: string): number => text.replace(/\n$/, "").split("\n").length;
