// A user's own images: which programs of this machine stand for them, read from a JSON file.

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/base/errors.ts";
import { parseImageName } from "../runtime/processes/image-name.ts";
import type { LocalImage, LocalImages } from "./images.ts";

const imageSchema = z.strictObject({
  program: z.string().min(1),
  arguments: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).optional(),
  tags: z.array(z.string()).optional(),
});

const fileSchema = z.record(z.string().min(1), imageSchema);

/** The first few tell what is wrong; another kind of file has one in every line. */
const SHOWN_ISSUES = 5;

const SHAPE = '{"my/app": {"program": "./server.sh", "arguments": [], "environment": {}, "tags": ["1"]}}';

interface ImagesFile {
  /** As it was typed, for errors. */
  readonly name: string;
  readonly text: string;
  /** Programs run in it, and `./program` is looked for there. */
  readonly folder: string;
}

/** Throws an `input` error that names the file and the image. */
export function readImages(file: ImagesFile): LocalImages {
  const checked = fileSchema.safeParse(parsed(file));
  if (!checked.success) {
    const issues = checked.error.issues
      .slice(0, SHOWN_ISSUES)
      .map(({ path, message }) => `${file.name}: ${path.map(String).join(": ") || "the file"}: ${message}`);
    throw new AppError("input", [...issues, `Expected is ${SHAPE}`].join("\n"));
  }
  return new Map(Object.entries(checked.data).map(([name, image]) => entryOf(name, image, file)));
}

function parsed({ name, text }: ImagesFile): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError("input", `${name}: it is no JSON: ${(error as Error).message}`);
  }
}

function entryOf(
  name: string,
  { program, arguments: args, environment, tags }: z.infer<typeof imageSchema>,
  { name: file, folder }: ImagesFile,
): [string, LocalImage] {
  const { repository } = parseImageName(name);
  if (!name.endsWith(repository))
    throw new AppError("input", `${file}: ${name}: name the repository only, and the tags as "tags"`);
  const found = findProgram(program, folder);
  if (found === undefined)
    throw new AppError(
      "input",
      `${file}: ${name}: program: there is no program "${program}" ${program.includes("/") ? `in ${folder}` : "in PATH"}, or it may not be run`,
    );
  const image = { program: found, arguments: args, folder };
  return [repository, { ...image, ...(environment && { environment }), ...(tags && { tags }) }];
}

function findProgram(program: string, folder: string): string | undefined {
  const folders = program.includes("/") ? [folder] : (process.env["PATH"] ?? "").split(delimiter);
  const files = folders.map((one) => (program.includes("/") ? resolve(one, program) : join(one, program)));
  return files.find(canRun);
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
