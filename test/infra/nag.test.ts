// cdk-nag's rules over the whole installation: nothing open, and every acknowledgement says why.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { App } from "aws-cdk-lib";
import { Stack, Validations } from "aws-cdk-lib";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { describe, expect, it } from "vitest";
import type { GivenSettings } from "./synthesized.ts";
import { appOf, everySetting } from "./synthesized.ts";

interface Violation {
  readonly ruleName: string;
  readonly violatingConstructs: readonly { readonly constructPath: string }[];
}

/** Errors and warnings alike, as `rule at place`. */
function findings(app: App): readonly string[] {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  try {
    app.synth();
  } catch (error) {
    // Thrown for errors, not for warnings; the report has both.
    if (!(error instanceof Error) || error.name !== "ValidationFailed") throw error;
  }
  const report = JSON.parse(readFileSync(join(app.outdir, "validation-report.json"), "utf8")) as {
    readonly pluginReports: readonly { readonly violations: readonly Violation[] }[];
  };
  const violations = report.pluginReports.flatMap((plugin) => plugin.violations);
  return violations.flatMap(({ ruleName, violatingConstructs }) =>
    violatingConstructs.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
  );
}

const installations: readonly (readonly [string, GivenSettings])[] = [
  ["that observes", {}],
  ["that acts", { mode: "act" }],
  ["with every setting", everySetting],
];

describe("cdk-nag", () => {
  it.each(installations)("has nothing to say about an installation %s", (_name, given) => {
    expect(findings(appOf(given))).toEqual([]);
  });

  it("would say so if it had", () => {
    const app = appOf({});
    new Queue(new Stack(app, "Planted"), "Queue");
    expect(findings(app).join()).toMatch(/SQS3 at Planted\/Queue.*SQSRedrivePolicy at Planted\/Queue/);
  });

  it("is answered with a reason wherever a rule is acknowledged", () => {
    const acknowledged = appOf({ mode: "act" })
      .node.findAll()
      .flatMap(({ node }) => node.metadata)
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => (Array.isArray(data) ? data : Object.entries(data)));
    expect(acknowledged.length).toBeGreaterThan(10);
    for (const entry of acknowledged) expect(JSON.stringify(entry)).toMatch(/[a-z]+ [a-z]+ [a-z]+ [a-z]+/);
  });
});
