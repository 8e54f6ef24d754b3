// Compares our matcher with AWS's own (event-ruler, from Maven) on the cases and on generated pairs, and
// records its answers: `node test/contract/event-patterns/oracle/record.ts [--pairs N] [--seed N] [--keep N] [--write]`.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { rewrittenCases } from "../cases.ts";
import { pairs } from "../generated-pairs.ts";
import { ourAnswer } from "../our-answer.ts";
import { trapCases } from "../trap-cases.ts";

const library = "software.amazon.event.ruler:event-ruler:2.0.1";
const cases = [...rewrittenCases, ...trapCases];
const here = import.meta.dirname;

const available = (command: string, flag: string): boolean => spawnSync(command, [flag]).status === 0;

/** Maven resolves the library and its dependencies for a project that has nothing else. */
function classpath(folder: string): string {
  const [groupId, artifactId, version] = library.split(":");
  const dependency = `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`;
  const project =
    "<modelVersion>4.0.0</modelVersion><groupId>oracle</groupId><artifactId>oracle</artifactId><version>1</version>";
  writeFileSync(
    join(folder, "pom.xml"),
    `<project>${project}<dependencies>${dependency}</dependencies></project>`,
  );
  execFileSync("mvn", ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], {
    cwd: folder,
  });
  return join(folder, "jars", "*");
}

function ask(jars: string, lines: readonly (readonly [string, string])[]): readonly string[] {
  const input = lines.map(([pattern, event]) => `${pattern}\t${event}\n`).join("");
  const java = ["-cp", jars, join(here, "Oracle.java")];
  return execFileSync("java", java, { input, encoding: "utf8", maxBuffer: 1 << 28 })
    .trim()
    .split("\n");
}

interface Asked {
  readonly pattern: string;
  readonly event: string;
  readonly answer: string;
}

function report(title: string, asked: readonly Asked[]): number {
  const count = (answer: string): number => asked.filter((one) => one.answer === answer).length;
  const wrong = asked.filter((one) => ourAnswer(one.pattern, one.event) !== one.answer);
  for (const { pattern, event, answer } of wrong.slice(0, 20)) {
    process.stdout.write(
      `DISAGREE library ${answer}, ours ${ourAnswer(pattern, event)}: ${pattern}   ${event}\n`,
    );
  }
  const counts = `${count("1")} match, ${count("0")} no match, ${count("x")} invalid`;
  process.stdout.write(`${title}: ${asked.length} asked, ${counts}, ${wrong.length} disagreements\n`);
  return wrong.length;
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

interface Recording {
  readonly seed: number;
  readonly named: readonly Asked[];
  readonly generated: readonly Asked[];
  readonly keep: number;
}

function write({ seed, named, generated, keep }: Recording): void {
  const short = generated.filter((one) => one.pattern.length + one.event.length < 260).slice(0, keep);
  const head = { library, seed, cases: cases.map(({ name }, index) => [name, named[index]?.answer]) };
  const lines = short.map(({ pattern, event, answer }) => `[${pattern},${event},"${answer}"]`);
  const file = `${JSON.stringify(head).slice(0, -1)},"pairs":[\n${lines.join(",\n")}\n]}\n`;
  writeFileSync(join(here, "..", "fixtures", "recorded.json"), file);
  process.stdout.write(
    `recorded ${head.cases.length} cases and ${short.length} pairs, ${file.length} bytes\n`,
  );
}

function main(): number {
  const { values } = parseArgs({
    options: {
      pairs: { type: "string", default: "2000" },
      keep: { type: "string", default: "1500" },
      seed: { type: "string", default: "20" },
      write: { type: "boolean", default: false },
    },
  });
  if (!available("java", "-version") || !available("mvn", "-version")) {
    process.stdout.write("skipped: the event pattern oracle needs Java 17 and Maven\n");
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), "oracle-"));
  try {
    const jars = classpath(folder);
    const seed = Number(values.seed);
    const sampled = fc.sample(pairs, { numRuns: Number(values.pairs), seed });
    const lines = [...cases, ...sampled].map(({ pattern, event }) => [text(pattern), text(event)] as const);
    const answers = ask(jars, lines);
    const asked = lines.map(([pattern, event], index) => ({ pattern, event, answer: answers[index] ?? "?" }));
    const named = asked.slice(0, cases.length);
    const generated = asked.slice(cases.length);
    const wrong = report("cases", named) + report("generated", generated);
    if (values.write) write({ seed, named, generated, keep: Number(values.keep) });
    return wrong === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

process.exitCode = main();
