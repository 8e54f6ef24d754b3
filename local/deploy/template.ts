// Synthesized CloudFormation templates, read from cdk.out in the order of their dependencies.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../shared/base/errors.ts";

export type Properties = Readonly<Record<string, unknown>>;

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Properties;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
  readonly Metadata?: Properties;
}

export interface Template {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
  >;
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: unknown }>>;
  readonly Conditions?: Properties;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Properties>>>>;
}

export interface Stack {
  readonly name: string;
  readonly template: Template;
  /** The folder that asset paths are relative to. */
  readonly assetRoot: string;
}

interface Artifact {
  readonly type: string;
  readonly properties?: { readonly templateFile?: string; readonly stackName?: string };
  readonly dependencies?: readonly string[];
}

/** Every stack of a cloud assembly (`cdk.out`), dependencies first. */
export async function readCloudAssembly(folder: string): Promise<readonly Stack[]> {
  const manifest = (await readJson(join(folder, "manifest.json"))) as { artifacts: Record<string, Artifact> };
  const { artifacts } = manifest;
  const stackIds = Object.keys(artifacts).filter((id) => artifacts[id]?.type === "aws:cloudformation:stack");
  const ordered = inDependencyOrder(stackIds, (id) => artifacts[id]?.dependencies ?? []);
  return Promise.all(
    ordered.map(async (id) => {
      const { templateFile = `${id}.template.json`, stackName = id } = artifacts[id]?.properties ?? {};
      return {
        name: stackName,
        template: (await readJson(join(folder, templateFile))) as Template,
        assetRoot: folder,
      };
    }),
  );
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new AppError("input", `${file} cannot be read: run \`npm run synth\` first`, { cause });
  }
}

/** Depth first; names that are not among the given ones are ignored. Throws when they form a circle. */
export function inDependencyOrder(
  names: readonly string[],
  dependencies: (name: string) => readonly string[],
): readonly string[] {
  const known = new Set(names);
  const done = new Set<string>();
  const open = new Set<string>();
  const visit = (name: string) => {
    if (done.has(name) || !known.has(name)) return;
    if (open.has(name)) throw new AppError("input", `${[...open, name].join(" → ")} depend on each other`);
    open.add(name);
    for (const next of dependencies(name)) visit(next);
    open.delete(name);
    done.add(name);
  };
  for (const name of names) visit(name);
  return [...done];
}
