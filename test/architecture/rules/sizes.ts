// Limits of size: what grows past them gets split, not exempted. Tests may have long functions (a table of
// cases is one), but not long files.
import { Visitor } from "oxc-parser";
import type { FileRule, SourceFile, Violation } from "./source.ts";
import { isTestPath, lineAt, lineCount, syntaxOf } from "./source.ts";

const FUNCTION_LINES_MAX = 60;
const FILE_LINES_MAX = 400;
const HANDLER_LINES_MAX = 40;
const PARAMETERS_MAX = 3;

interface FunctionSize {
  readonly line: number;
  readonly lines: number;
  readonly parameters: number;
}

interface FunctionNode {
  readonly start: number;
  readonly end: number;
  readonly params: readonly unknown[];
}

function functionSizes(file: SourceFile): readonly FunctionSize[] {
  const found: FunctionSize[] = [];
  const measure = ({ start, end, params }: FunctionNode): void => {
    const lines = lineCount(file.text.slice(start, end));
    found.push({ line: lineAt(file.text, start), lines, parameters: params.length });
  };
  new Visitor({
    ArrowFunctionExpression: measure,
    FunctionDeclaration: measure,
    FunctionExpression: measure,
  }).visit(syntaxOf(file).program);
  return found;
}

export const longFunctions: FileRule = (file) =>
  isTestPath(file.path)
    ? []
    : functionSizes(file)
        .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
        .map(({ line, lines }) => violation(file, `line ${line}: function of ${lines} lines`));

export const manyParameters: FileRule = (file) =>
  isTestPath(file.path)
    ? []
    : functionSizes(file)
        .filter(({ parameters }) => parameters > PARAMETERS_MAX)
        .map(({ line, parameters }) => violation(file, `line ${line}: ${parameters} parameters`));

export const longFiles: FileRule = (file) => {
  const isHandler = /^functions\/[^/]+\/handler\.ts$/.test(file.path);
  const limit = isHandler ? HANDLER_LINES_MAX : FILE_LINES_MAX;
  const lines = lineCount(file.text);
  return lines > limit ? [violation(file, `${lines} lines, at most ${limit}`)] : [];
};

const violation = ({ path }: SourceFile, message: string): Violation => ({ path, message });
