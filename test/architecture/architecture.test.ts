// The design, checked on the repository as it is. planted.test.ts proves that each rule bites.
import { beforeAll, describe, expect, it } from "vitest";
import { root, scripts, texts } from "./project.ts";
import { impureCore } from "./rules/core-purity.ts";
import { cycles, importGraph, importsInGraph, reachableFrom } from "./rules/graph.ts";
import type { Import } from "./rules/imports.ts";
import { importsOf } from "./rules/imports.ts";
import { capabilityViolations, heavyPackages, layerOf, layerViolations } from "./rules/layers.ts";
import { missingPlatforms } from "./rules/lockfile.ts";
import { barrels, firstLine, registryHosts, unfinished, vagueClasses, vagueNames } from "./rules/naming.ts";
import { longFiles, longFunctions, manyParameters } from "./rules/sizes.ts";
import type { FileRule, SourceFile, Violation } from "./rules/source.ts";
import { isTestPath } from "./rules/source.ts";

const reported = (violations: readonly Violation[]): readonly string[] => [
  ...new Set(violations.map(({ path, message }) => `${path}: ${message}`)),
];

const applied = (rule: FileRule, files: readonly SourceFile[]): readonly string[] =>
  reported(files.flatMap((file) => rule(file)));

const project = scripts();
const inTree = project.filter(({ path }) => path.includes("/"));
const deployedPaths = inTree
  .map(({ path }) => path)
  .filter((path) => path.endsWith(".ts") && !isTestPath(path) && !path.startsWith("test/"));

describe("layers", () => {
  const textual = inTree.flatMap(importsOf);
  let graph: readonly Import[] = [];

  beforeAll(async () => {
    graph = importsInGraph(await importGraph(root, deployedPaths));
  });

  it("are judged on every file: the graph holds all of them and their imports", () => {
    const seen = new Set(graph.map(({ from }) => from));
    const importing = new Set(textual.filter(({ typeOnly }) => !typeOnly).map(({ from }) => from));
    expect(deployedPaths.length).toBeGreaterThan(20);
    expect(deployedPaths.filter((path) => importing.has(path) && !seen.has(path))).toEqual([]);
  });

  it("hold on the graph that is bundled", () => {
    expect(reported(layerViolations(graph))).toEqual([]);
  });

  it("hold for type imports, which the bundler erases", () => {
    expect(reported(layerViolations(textual))).toEqual([]);
  });

  it("have no import cycle", () => {
    expect(reported(cycles(graph))).toEqual([]);
  });

  it("keep capabilities apart", () => {
    expect(reported(capabilityViolations([...graph, ...textual]))).toEqual([]);
  });

  it("keep slow packages out of the functions", () => {
    const handlers = deployedPaths.filter((path) => /^functions\/[^/]+\/handler\.ts$/.test(path));
    expect(reported(handlers.flatMap((path) => heavyPackages(path, reachableFrom(path, graph))))).toEqual([]);
  });

  it("give every file a place", () => {
    expect(inTree.map(({ path }) => path).filter((path) => layerOf(path) === undefined)).toEqual([]);
  });
});

describe("files", () => {
  const rules: readonly (readonly [name: string, rule: FileRule, files: readonly SourceFile[]])[] = [
    ["functions of at most 60 lines", longFunctions, project],
    ["files of at most 400 lines, handlers of 40", longFiles, project],
    ["at most 3 parameters", manyParameters, project],
    ["a pure core", impureCore, project],
    ["no barrels", barrels, project],
    ["telling file names", vagueNames, texts()],
    ["telling class names", vagueClasses, project],
    ["a first line that says what the file is for", firstLine, project],
    ["nothing left unfinished", unfinished, texts()],
    ["no package registry by name", registryHosts, texts()],
  ];

  it.each(rules)("have %s", (_name, rule, files) => {
    expect(files.length).toBeGreaterThan(20);
    expect(applied(rule, files)).toEqual([]);
  });
});

describe("the lockfile", () => {
  it("names the native builds of every platform", () => {
    const text = texts().find(({ path }) => path === "package-lock.json")?.text ?? "";
    expect(reported(missingPlatforms(JSON.parse(text)))).toEqual([]);
  });
});
