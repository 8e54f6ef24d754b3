// Node's own modules, reached by a call instead of an import: an ES import of node:http evaluates its lazy
// WebSocket getter and thereby loads undici, 36 ms where the call costs 4.
// https://github.com/nodejs/node/issues/59686

import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";

const NAMESPACE = "node-builtin";

export const nodeBuiltins: Plugin = {
  name: "node-builtins",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(node:)?[a-z_]+(\/[a-z_]+)*$/ }, ({ path }) =>
      isBuiltin(path) ? { path, namespace: NAMESPACE } : undefined,
    );
    onLoad({ filter: /./, namespace: NAMESPACE }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: "js",
    }));
  },
};
