// The real import graph: what esbuild resolves and would bundle, from every file that is not a test.
import type { Metafile } from "esbuild";
import { build } from "esbuild";
import type { Import } from "./imports.ts";
import type { Violation } from "./source.ts";

/** One build over all entries, nothing written. Packages stay outside. */
export async function importGraph(root: string, entries: readonly string[]): Promise<Metafile> {
  const { metafile } = await build({
    stdin: {
      contents: entries.map((entry) => `import ${JSON.stringify(`./${entry}`)};`).join("\n"),
      resolveDir: root,
      sourcefile: "all-entries.ts",
    },
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    logLevel: "silent",
    metafile: true,
    packages: "external",
    platform: "node",
    write: false,
  });
  return metafile;
}

/** The edges between files and to packages; the artificial entry is left out. */
export const importsInGraph = (metafile: Metafile): readonly Import[] =>
  Object.entries(metafile.inputs)
    .filter(([from]) => from !== "all-entries.ts")
    .flatMap(([from, input]) => input.imports.map(({ path }) => ({ from, to: path, typeOnly: false })));

/** Each import that closes a cycle of value imports: such modules see each other half-made. */
export function cycles(imports: readonly Import[]): readonly Violation[] {
  const targets = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports) {
    if (!typeOnly) targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  const found: Violation[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      found.push({ path, message: `import cycle: ${[...trail.slice(start), path].join(" → ")}` });
      return;
    }
    if (done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return found;
}

/** Everything a file pulls in at run time, itself included. */
export function reachableFrom(entry: string, imports: readonly Import[]): ReadonlySet<string> {
  const reached = new Set([entry]);
  // A Set visits what is added while it is walked.
  for (const path of reached) {
    for (const edge of imports) if (edge.from === path && !edge.typeOnly) reached.add(edge.to);
  }
  return reached;
}
