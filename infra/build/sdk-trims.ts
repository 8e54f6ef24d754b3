// What the AWS SDK ships and no function needs, taken out while bundling. Each trim is text surgery on one
// generated file and keeps the meaning of every call that Fairlead makes; test/infra runs the bundles.

import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/** Each SDK client imports its whole package.json to learn its own version; the rest is left out. */
export const versionOnly: Plugin = {
  name: "version-only",
  setup: ({ onLoad }) => {
    onLoad({ filter: /node_modules\/@aws-sdk\/[^/]+\/package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, "utf8")) as { version: string };
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
  },
};

/**
 * Exceptions are told apart by name alone (shared/adapters/aws/errors.ts), so none gets a class: one that is
 * not registered still has its name, message and members as AWS sent them. 45 KB less for SSM's 150 classes.
 */
export const trimmedSchemas: Plugin = {
  name: "trimmed-schemas",
  setup: ({ onLoad }) => {
    const filter = /node_modules\/@aws-sdk\/[^/]+\/dist-es\/schemas\/schemas_\d+\.js$/;
    onLoad({ filter }, async ({ path }) => {
      const source = withLiteralKeys(await readFile(path, "utf8"));
      return { contents: withoutErrorClasses(source), loader: "js" };
    });
  },
};

/**
 * Schemas write trait names as `{ [_xN]: … }`. A computed key may have side effects, so esbuild keeps every
 * schema of the service: 537 KB for EC2. With the constant written out, unused ones fall away.
 */
function withLiteralKeys(source: string): string {
  const constants = new Map<string, string>();
  for (const [, name = "", text = ""] of source.matchAll(/^const (\w+) = ("[^"\\]*");$/gm)) {
    constants.set(name, text);
  }
  return source.replace(/\[(_\w+)\]:/g, (whole, name: string) => {
    const text = constants.get(name);
    return text === undefined ? whole : `${text}:`;
  });
}

/** The service's base exception stays, in its registry `_s_registry`. */
const withoutErrorClasses = (source: string): string =>
  source.replace(/^n0_registry\.registerError\(.*\);$/gm, "");

/**
 * A setting that the environment does not name is looked for in ~/.aws/config; no function has that file.
 * `tryNextLink` is how a source says that it does not know, and the default comes next.
 */
export const noConfigFiles: Plugin = {
  name: "no-config-files",
  setup: ({ onLoad }) => {
    onLoad({ filter: /@smithy\/core\/dist-es\/.*\/fromSharedConfigFiles\.js$/ }, () => ({
      contents:
        'const unknown = Object.assign(new Error("no config files"), { tryNextLink: true });' +
        "export const fromSharedConfigFiles = () => () => Promise.reject(unknown);",
      loader: "js",
    }));
  },
};
