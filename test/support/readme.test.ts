// The figures of the README that have a file of their own are the ones in that file.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BREAKS } from "../../local/chaos/registry.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const readme = read("README.md");

interface Counts {
  readonly steps: number;
  readonly agree: number;
  readonly oursRight: number;
  readonly witnessRight: number;
  readonly open: number;
  readonly notComparable: number;
}

interface Conformance {
  readonly witnesses: readonly Counts[];
  readonly secondClients: readonly { readonly checks: number }[];
}

describe("the README", () => {
  it("counts what the witnesses say", () => {
    const { witnesses, secondClients } = JSON.parse(read("docs/conformance.json")) as Conformance;
    const sum = (count: (one: Counts) => number): number =>
      witnesses.reduce((total, one) => total + count(one), 0);
    const compared = sum(({ steps, notComparable }) => steps - notComparable);
    expect(readme).toContain(
      `${compared} comparisons: ${sum(({ agree }) => agree)} agree, in ${sum(({ oursRight }) => oursRight)} the ` +
        `documentation is on our side, ${sum(({ witnessRight }) => witnessRight)} on theirs, ` +
        `${sum(({ open }) => open)} are not documented`,
    );
    expect(readme).toContain(`| ${secondClients.reduce((total, { checks }) => total + checks, 0)} checks |`);
  });

  it("names the models that the data file was made from", () => {
    const { source, services } = JSON.parse(read("local/models/aws-models.json")) as {
      readonly source: Readonly<Record<string, { readonly version: string }>>;
      readonly services: Readonly<Record<string, { readonly operations: object }>>;
    };
    const operations = Object.values(services).flatMap((service) => Object.keys(service.operations));
    expect(readme).toContain(`botocore ${source["botocore"]?.version}`);
    expect(readme).toContain(`aws-service-spec ${source["@aws-cdk/aws-service-spec"]?.version}`);
    expect(readme).toContain(`of ${operations.length} operations`);
  });

  it("counts what can be broken", () => {
    expect(readme).toContain(`# ${BREAKS.length} things to break`);
  });

  it("tells of rollouts what the benchmark's file says", () => {
    const { columns, rows } = JSON.parse(read("docs/rollout-benchmark.json")) as {
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (string | number | null)[])[];
    };
    const at = (row: (typeof rows)[number], column: string) => row[columns.indexOf(column)];
    const failed = (scenario: string, feed: string) => {
      const found = rows.find(
        (row) =>
          at(row, "algorithm") === "fairlead" &&
          at(row, "scenario") === scenario &&
          at(row, "feed") === feed &&
          at(row, "rps") === 100,
      );
      return found === undefined ? undefined : at(found, "meanFailed");
    };
    for (const percent of ["5", "1.5", "0.5"]) {
      const cells = `| ${failed(`bad-${percent}`, "60s")} | ${failed(`bad-${percent}`, "10s")} |`;
      expect(readme).toContain(`| fails ${percent} % ${cells}`);
    }
  });
});
