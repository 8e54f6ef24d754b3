// A rule that never fires guards nothing: each one is fed a violation, and its innocent neighbour.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { impureCore } from "./rules/core-purity.ts";
import { cycles, importGraph, importsInGraph, reachableFrom } from "./rules/graph.ts";
import { importsOf } from "./rules/imports.ts";
import type { Layer } from "./rules/layers.ts";
import { capabilityViolations, heavyPackages, LAYERS, layerViolations, RULES } from "./rules/layers.ts";
import { missingPlatforms } from "./rules/lockfile.ts";
import { barrels, firstLine, registryHosts, unfinished, vagueClasses, vagueNames } from "./rules/naming.ts";
import { longFiles, longFunctions, manyParameters } from "./rules/sizes.ts";
import type { FileRule } from "./rules/source.ts";

const fileIn = (layer: Layer): string => {
  if (layer === "local-world") return "local/world/planted.ts";
  if (["functions", "local", "cli", "console", "infra", "test"].includes(layer)) return `${layer}/planted.ts`;
  return `shared/${layer}/planted.ts`;
};

const edge = (from: string, to: string, typeOnly = false) => ({ from, to, typeOnly });
const lines = (count: number): string => "\n".repeat(count);

describe("the layer table", () => {
  const pairs = LAYERS.flatMap((from) => LAYERS.filter((to) => to !== from).map((to) => ({ from, to })));

  it.each(pairs)("judges $from → $to", ({ from, to }) => {
    const allowed = RULES[from].values.includes(to);
    const typesAllowed = allowed || RULES[from].types?.includes(to) === true;
    expect(layerViolations([edge(fileIn(from), fileIn(to))])).toHaveLength(allowed ? 0 : 1);
    expect(layerViolations([edge(fileIn(from), fileIn(to), true)])).toHaveLength(typesAllowed ? 0 : 1);
  });

  // Written out, so that a careless edit of the table is caught.
  it.each([
    ["shared/core/scaling/decide.ts", "shared/shell/reconcile.ts"],
    ["shared/core/scaling/decide.ts", "shared/ports/clock.ts"],
    ["shared/core/scaling/decide.ts", "zod"],
    ["shared/core/scaling/decide.ts", "node:fs"],
    ["shared/base/time.ts", "shared/contracts/facts.ts"],
    ["shared/shell/reconcile.ts", "@aws-sdk/client-ecs"],
    ["shared/shell/reconcile.ts", "shared/adapters/aws/tasks.ts"],
    ["shared/adapters/aws/tasks.ts", "local/world/kernel.ts"],
    ["functions/ingest/handler.ts", "local/runtime/run.ts"],
    ["functions/ingest/handler.ts", "shared/core/registry.ts"],
    ["infra/app.ts", "local/deploy/template.ts"],
    ["infra/app.ts", "functions/ingest/handler.ts"],
    ["local/world/kernel.ts", "shared/shell/reconcile.ts"],
    ["local/world/kernel.ts", "local/faces/ports.ts"],
    ["local/deploy/deploy.ts", "infra/app.ts"],
    ["cli/main.ts", "infra/app.ts"],
    ["shared/shell/reconcile.ts", "test/support/builders.ts"],
    ["stray/file.ts", "shared/base/time.ts"],
  ])("forbids %s → %s", (from, to) => {
    expect(layerViolations([edge(from, to)])).toHaveLength(1);
  });

  it("lets core know contracts by type only", () => {
    const [from, to] = ["shared/core/capability.ts", "shared/contracts/facts.ts"];
    expect(layerViolations([edge(from, to, true)])).toEqual([]);
    expect(layerViolations([edge(from, to)])).toHaveLength(1);
  });

  it("lets the local world know the SDK's types, not its code", () => {
    const [from, to] = ["local/world/ecs/model.ts", "@aws-sdk/client-ecs"];
    expect(layerViolations([edge(from, to, true)])).toEqual([]);
    expect(layerViolations([edge(from, to), edge(from, "node:http"), edge(from, "zod", true)])).toHaveLength(
      3,
    );
  });

  it("lets a test beside its code import what it needs", () => {
    const imports = [edge("shared/core/scaling/decide.test.ts", "vitest")];
    expect(layerViolations([...imports, edge("shared/core/a/b.test.ts", "shared/shell/x.ts")])).toEqual([]);
  });

  it("keeps capabilities apart, and out of the registry", () => {
    const from = "shared/core/scaling/decide.ts";
    const bad = [
      "shared/core/rollout/state.ts",
      "shared/core/arbitration/arbitrate.ts",
      "shared/core/registry.ts",
    ];
    expect(capabilityViolations(bad.map((to) => edge(from, to)))).toHaveLength(3);
    const good = ["shared/core/scaling/state.ts", "shared/core/capability.ts", "shared/base/time.ts"];
    expect(capabilityViolations(good.map((to) => edge(from, to)))).toEqual([]);
    expect(capabilityViolations([edge("shared/core/registry.ts", "shared/core/scaling/decide.ts")])).toEqual(
      [],
    );
  });

  it("finds a slow package behind a chain of imports", () => {
    const chain = [edge("functions/a/handler.ts", "shared/shell/a.ts"), edge("shared/shell/a.ts", "zod")];
    expect(
      heavyPackages("functions/a/handler.ts", reachableFrom("functions/a/handler.ts", chain)),
    ).toHaveLength(1);
    expect(heavyPackages("functions/a/handler.ts", new Set(["zod-free", "@middy/core"]))).toEqual([]);
  });
});

describe("the import scan", () => {
  it("sees every way to import, and tells types from values", () => {
    const text = [
      'import type { A } from "../../contracts/a.ts";',
      'import { type B } from "../b.ts";',
      'import "./c.ts";',
      'export { d } from "./d.ts";',
      'export type { E } from "./e.ts";',
      'type F = import("./f.ts").F;',
      'const g = await import("./g.ts");',
      'import { z } from "zod";',
    ].join("\n");
    const found = importsOf({ path: "shared/core/x/planted.ts", text });
    expect(found.map(({ to, typeOnly }) => `${to}${typeOnly ? " (type)" : ""}`).sort()).toEqual([
      "shared/contracts/a.ts (type)",
      "shared/core/b.ts",
      "shared/core/x/c.ts",
      "shared/core/x/d.ts",
      "shared/core/x/e.ts (type)",
      "shared/core/x/f.ts (type)",
      "shared/core/x/g.ts",
      "zod",
    ]);
  });

  it("refuses to judge what does not parse", () => {
    expect(() => importsOf({ path: "shared/core/planted.ts", text: "import {" })).toThrow("does not parse");
  });
});

describe("the import graph", () => {
  it("comes from real files, and shows their cycle", async () => {
    const folder = mkdtempSync(join(tmpdir(), "planted-"));
    writeFileSync(join(folder, "a.ts"), 'import { b } from "./b.ts"; export const a = () => b;');
    writeFileSync(
      join(folder, "b.ts"),
      'import { a } from "./a.ts"; import "zod"; export const b = () => a;',
    );
    const graph = await importGraph(folder, ["a.ts", "b.ts"]);
    rmSync(folder, { recursive: true });
    const imports = importsInGraph(graph);
    const edges = [edge("a.ts", "b.ts"), edge("b.ts", "a.ts"), edge("b.ts", "zod")];
    expect(imports).toHaveLength(edges.length);
    expect(imports).toEqual(expect.arrayContaining(edges));
    expect(cycles(imports)).toHaveLength(1);
  });

  it("takes neither a diamond nor a type import for a cycle", () => {
    const diamond = [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d"), edge("d", "a", true)];
    expect(cycles(diamond)).toEqual([]);
  });

  it("finds a cycle of three behind an innocent entry", () => {
    const found = cycles([edge("main", "a"), edge("a", "b"), edge("b", "c"), edge("c", "a")]);
    expect(found.map(({ message }) => message)).toEqual(["import cycle: a → b → c → a"]);
  });
});

interface Case {
  readonly rule: FileRule;
  readonly path?: string;
  readonly bad: string;
  readonly good: string;
}

const core = "shared/core/scaling/planted.ts";

const cases: Readonly<Record<string, Case>> = {
  "long functions": {
    rule: longFunctions,
    bad: `const f = () => {${lines(60)}};`,
    good: `const f = () => {${lines(59)}};`,
  },
  "long methods": {
    rule: longFunctions,
    bad: `class A { m() {${lines(60)}} }`,
    good: `class A {${lines(80)}}`,
  },
  "four parameters": {
    rule: manyParameters,
    bad: "function f(a: 1, b: 2, c: 3, d: 4) {}",
    good: "const f = (a: 1, b: 2, ...c: 3[]) => a;",
  },
  "long files": { rule: longFiles, bad: lines(401), good: lines(400) },
  "long handlers": {
    rule: longFiles,
    path: "functions/ingest/handler.ts",
    bad: lines(41),
    good: lines(40),
  },
  async: { rule: impureCore, path: core, bad: "const f = async () => 1;", good: "// async is not for core" },
  await: { rule: impureCore, path: core, bad: "const x = await f();", good: "const x = f(); // await" },
  Promise: { rule: impureCore, path: core, bad: "type A = Promise<1>;", good: "const promised = 1;" },
  Date: { rule: impureCore, path: core, bad: "const d = new Date(0);", good: "const updatedAt = 1;" },
  "Math.random": { rule: impureCore, path: core, bad: "const r = Math.random();", good: "Math.max(1, 2);" },
  process: { rule: impureCore, path: core, bad: "const e = process.env;", good: "const processed = 1;" },
  console: { rule: impureCore, path: core, bad: "console.log(1);", good: "const consoles = 1;" },
  setTimeout: { rule: impureCore, path: core, bad: "setTimeout(f, 1);", good: "const timeout = 1;" },
  fetch: { rule: impureCore, path: core, bad: "fetch(url);", good: "const fetched = 1;" },
  "export everything": {
    rule: barrels,
    bad: 'export * from "./a.ts"; export const b = 1;',
    good: 'import { a } from "./a.ts"; export const b = a;',
  },
  "a file that only re-exports": {
    rule: barrels,
    bad: 'import { a } from "./a.ts"; export { a };',
    good: "const a = 1; export { a };",
  },
  "an index that re-exports": {
    rule: barrels,
    path: "shared/base/index.ts",
    bad: 'export { a } from "./a.ts"; export const b = 1;',
    good: "export const b = 1;",
  },
  "class names": { rule: vagueClasses, bad: "class TaskManager {}", good: "class ServiceTable {}" },
  "class expressions": {
    rule: vagueClasses,
    bad: "const a = class RetryHelper {};",
    good: "const a = class {};",
  },
  "first lines": { rule: firstLine, bad: "export const a = 1;", good: "// What this file is for." },
  "empty first comments": {
    rule: firstLine,
    bad: "// planted",
    good: "#!/usr/bin/env node\n// Starts the CLI.",
  },
  "unfinished work": { rule: unfinished, bad: `// ${"TO"}${"DO"}: later`, good: "// todos are a table" },
  "broken work": { rule: unfinished, bad: `// ${"FIX"}${"ME"}`, good: "// fix me not" },
  "registry hosts": {
    rule: registryHosts,
    bad: `"resolved": "https://registry.${"npmjs"}.org/zod"`,
    good: '"image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/web"',
  },
};

describe("the rules for files", () => {
  it.each(Object.entries(cases))(
    "find %s",
    (_name, { rule, path = "shared/shell/planted.ts", bad, good }) => {
      expect(rule({ path, text: bad })).not.toEqual([]);
      expect(rule({ path, text: good })).toEqual([]);
    },
  );

  it.each([
    "shared/utils/a.ts",
    "shared/base/helpers.ts",
    "cli/common/a.ts",
    "local/misc.ts",
    "test/util/a.ts",
  ])("find the vague name %s", (path) => {
    expect(vagueNames({ path, text: "" })).toHaveLength(1);
  });

  it("let telling names that contain vague words pass", () => {
    for (const path of [
      "shared/base/commonmark.ts",
      "docs/miscount.md",
      "shared/core/scaling/utilisation.ts",
    ]) {
      expect(vagueNames({ path, text: "" })).toEqual([]);
    }
  });

  it("exempt tests from the function rules, not from the file rule", () => {
    const path = "shared/core/scaling/planted.test.ts";
    expect(longFunctions({ path, text: `const f = () => {${lines(99)}};` })).toEqual([]);
    expect(manyParameters({ path, text: "const f = (a: 1, b: 2, c: 3, d: 4) => a;" })).toEqual([]);
    expect(impureCore({ path, text: "await f();" })).toEqual([]);
    expect(longFiles({ path, text: lines(401) })).toHaveLength(1);
  });

  it("name the line", () => {
    expect(
      impureCore({ path: core, text: "// Date\n/* Date */ const a = 1;\nconst d = Date.now();" }),
    ).toEqual([{ path: core, message: 'line 3: core must not say "Date"' }]);
  });
});

describe("the rule for the lockfile", () => {
  const wants = { optionalDependencies: { "tool-linux": "1.0.0", "tool-darwin": "1.0.0" } };

  it("finds a platform that is missing", () => {
    const packages = { "node_modules/tool": wants, "node_modules/tool-linux": {} };
    expect(missingPlatforms({ packages }).map(({ message }) => message)).toEqual([
      "tool-darwin@1.0.0, wanted by node_modules/tool, is missing: node test/support/complete-lockfile.ts",
    ]);
  });

  it("knows nested packages", () => {
    const tool = "node_modules/a/node_modules/tool";
    const packages = {
      [tool]: wants,
      "node_modules/tool-linux": {},
      [`${tool}/node_modules/tool-darwin`]: {},
    };
    expect(missingPlatforms({ packages })).toEqual([]);
  });
});
