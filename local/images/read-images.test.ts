// Whoever writes an images file is told what is wrong with it, and where.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readImages } from "./read-images.ts";

const folder = mkdtempSync(join(tmpdir(), "fairlead-images-"));
writeFileSync(join(folder, "server.sh"), "#!/bin/sh\n", { mode: 0o755 });
writeFileSync(join(folder, "notes.txt"), "", { mode: 0o644 });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (content: unknown) =>
  readImages({
    name: "images.json",
    folder,
    text: typeof content === "string" ? content : JSON.stringify(content),
  });

it("finds programs beside the file and in PATH", () => {
  const images = read({
    "my/app": { program: "./server.sh", arguments: ["-v"], environment: { A: "1" }, tags: ["1"] },
    "registry.example.com/team/job": { program: "sh" },
  });
  expect([...images.keys()]).toEqual(["my/app", "team/job"]);
  expect(images.get("my/app")).toEqual({
    program: join(folder, "server.sh"),
    arguments: ["-v"],
    environment: { A: "1" },
    tags: ["1"],
    folder,
  });
  expect(images.get("team/job")?.program).toMatch(/^\/.*\/sh$/);
});

it.each([
  ["no JSON", "{", /^images\.json: it is no JSON: /],
  ["a list", [], /^images\.json: the file: .*\nExpected is \{"my\/app"/],
  ["no program", { a: {} }, /^images\.json: a: program: /],
  ["a word that nobody knows", { a: { program: "sh", args: [] } }, /^images\.json: a: .*"args"/],
  ["arguments as a text", { a: { program: "sh", arguments: "-v" } }, /^images\.json: a: arguments: /],
  ["a tag in the name", { "a:1": { program: "sh" } }, /^images\.json: a:1: name the repository only/],
  [
    "a program that is not there",
    { a: { program: "./no" } },
    /a: program: there is no program "\.\/no" in \//,
  ],
  ["one that PATH lacks", { a: { program: "no-such-program" } }, /"no-such-program" in PATH/],
  ["a file that cannot run", { a: { program: "./notes.txt" } }, /"\.\/notes\.txt" .* may not be run$/],
])("refuses %s", (_case, content, message) => {
  expect(() => read(content)).toThrow(message);
});
