// The imports that a file's text names, those of types included: bundlers erase type imports, but a layer
// that knows the types of another depends on it all the same.
import { posix } from "node:path";
import { Visitor } from "oxc-parser";
import type { SourceFile } from "./source.ts";
import { syntaxOf } from "./source.ts";

export interface Import {
  readonly from: string;
  /** A path in the project for relative imports, else the specifier: `zod`, `node:fs`. */
  readonly to: string;
  readonly typeOnly: boolean;
}

const resolved = (from: string, specifier: string): string =>
  specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : specifier;

/**
 * Static and dynamic imports, re-exports, and `import("…")` types. `import { type A }` is a value import:
 * with verbatimModuleSyntax the module still runs.
 */
export function importsOf(file: SourceFile): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: unknown, typeOnly: boolean): void => {
    if (typeof specifier !== "string") return;
    found.push({ from: file.path, to: resolved(file.path, specifier), typeOnly });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source.value, node.importKind === "type"),
    ExportNamedDeclaration: (node) => add(node.source?.value, node.exportKind === "type"),
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind === "type"),
    ImportExpression: (node) => add("value" in node.source ? node.source.value : undefined, false),
    TSImportType: (node) => add(node.source.value, true),
  }).visit(syntaxOf(file).program);
  return found;
}
