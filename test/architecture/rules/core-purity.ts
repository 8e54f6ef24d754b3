// Core is pure: no clock, chance, promise or process. The compiler refuses Node's globals there
// (shared/core/tsconfig.json); Date, Math.random and Promise belong to the language, so text is searched.
import type { FileRule, SourceFile } from "./source.ts";
import { isTestPath, lineAt, syntaxOf } from "./source.ts";

/** An e-process is a statistic, no Node object. */
const banned =
  /(?<!e-)\b(async|await|Promise|Date|Math\s*\.\s*random|process|console|setTimeout|setInterval|setImmediate|fetch|performance|globalThis)\b/g;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Comments may say "Promise"; everything else is code. */
function withoutComments(file: SourceFile): string {
  const spans: readonly Span[] = syntaxOf(file).comments;
  let text = file.text;
  for (const { start, end } of spans) {
    text = text.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, " ") + text.slice(end);
  }
  return text;
}

const isCore = (path: string): boolean => path.startsWith("shared/core/") && !isTestPath(path);

export const impureCore: FileRule = (file) =>
  isCore(file.path)
    ? [...withoutComments(file).matchAll(banned)].map(({ 0: word, index }) => ({
        path: file.path,
        message: `line ${lineAt(file.text, index)}: core must not say "${word}"`,
      }))
    : [];
