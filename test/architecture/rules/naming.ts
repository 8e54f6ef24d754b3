// Names and first lines: a reader finds a thing by its name and learns from the first line what it is for.
import { Visitor } from "oxc-parser";
import type { FileRule, SourceFile } from "./source.ts";
import { isScript, lineAt, syntaxOf } from "./source.ts";

const vague = /(^|\/)(utils?|common|helpers?|misc)(\.|\/|$)/;

export const vagueNames: FileRule = ({ path }) =>
  vague.test(path) ? [{ path, message: "a name that says nothing: name it after what it is for" }] : [];

export const vagueClasses: FileRule = (file) => {
  const names: string[] = [];
  const note = ({ id }: { readonly id: { readonly name: string } | null }): void => {
    if (id !== null && /(Manager|Helper|Service)$/.test(id.name)) names.push(id.name);
  };
  new Visitor({ ClassDeclaration: note, ClassExpression: note }).visit(syntaxOf(file).program);
  return names.map((name) => ({ path: file.path, message: `class ${name}: say what it does instead` }));
};

const comment = /^(\/\/|\/\*\*?|#)\s*\S+(\s+\S+){2,}/;

/** Behind a shebang the second line counts. */
export const firstLine: FileRule = ({ path, text }) => {
  const [first = "", second = ""] = text.split("\n");
  const line = first.startsWith("#!") ? second : first;
  return comment.test(line)
    ? []
    : [{ path, message: "the first line must be a comment: what the file is for" }];
};

/** Split, so that this file does not find itself. */
const leftovers = new RegExp(
  `\\b(${["TO", "FIX"].map((start) => start + (start === "TO" ? "DO" : "ME")).join("|")})\\b`,
);
const registryHost = /registry\.(npmjs|yarnpkg|npmmirror)\b|npm\.pkg\.|pypi\.org|static\.crates\b/;

const linesMatching = ({ path, text }: SourceFile, pattern: RegExp, message: string) => {
  const match = pattern.exec(text);
  return match === null ? [] : [{ path, message: `line ${lineAt(text, match.index)}: ${message}` }];
};

export const unfinished: FileRule = (file) => linesMatching(file, leftovers, "finish it, or file an issue");

export const registryHosts: FileRule = (file) =>
  linesMatching(file, registryHost, "names a package registry: installs must work behind any mirror");

type Statement = ReturnType<typeof syntaxOf>["program"]["body"][number];

const isReExport = (statement: Statement): boolean =>
  statement.type === "ExportAllDeclaration" ||
  (statement.type === "ExportNamedDeclaration" && statement.declaration === null);

/** A file that only passes on what others export hides where things live and drags everything in. */
export const barrels: FileRule = (file) => {
  if (!isScript(file)) return [];
  const { body } = syntaxOf(file).program;
  const exporting = body.filter(isReExport);
  const rest = body.filter((statement) => !isReExport(statement) && statement.type !== "ImportDeclaration");
  const passesOn =
    exporting.some((statement) => statement.type === "ExportAllDeclaration") ||
    (exporting.length > 0 && (rest.length === 0 || /(^|\/)index\.m?[jt]s$/.test(file.path)));
  return passesOn ? [{ path: file.path, message: "a barrel: import from the file that defines it" }] : [];
};
