// Files that people name on the command line.

import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { usageError } from "./failure.ts";

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder, a file is expected",
  EACCES: "it may not be read",
};

/** `-` is standard input. Throws an `input` error that names the file. */
export async function readInput(file: string): Promise<string> {
  if (file === "-") return text(process.stdin);
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw usageError(`${file}: ${CAUSES[code] ?? message}`);
  }
}
