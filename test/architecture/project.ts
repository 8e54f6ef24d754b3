// The files of the repository as the rules see them: read from the disk, so that a new file needs no list.
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SourceFile } from "./rules/source.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

const read = (path: string): SourceFile => ({ path, text: readFileSync(`${root}/${path}`, "utf8") });

/** node_modules and outputs lie outside of these folders. */
const found = (patterns: readonly string[]): readonly SourceFile[] =>
  globSync([...patterns], { cwd: root, exclude: ["**/node_modules/**", "**/dist/**", "**/cdk.out/**"] })
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
    .map(read);

export const scripts = (): readonly SourceFile[] =>
  found(["{functions,shared,infra,local,cli,console,test}/**/*.{ts,mjs,js}", "*.ts"]);

/** Everything people wrote, prose and settings included. */
export const texts = (): readonly SourceFile[] => [
  ...scripts(),
  ...found([
    "*.{md,json}",
    "docs/**/*.md",
    "{functions,shared,infra,local,cli,console,test}/**/*.md",
    ".ci/run",
  ]),
];
