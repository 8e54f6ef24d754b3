// Test projects by what they may touch; `npm test` runs them all.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** The local AWS may answer nothing that AWS's models do not have (local/models). */
const env = { FAIRLEAD_CHECK_ANSWERS: "1" };

const project = (name: string, include: string[], testTimeout = 10_000) => ({
  test: { name, include, testTimeout, hookTimeout: 60_000, environment: "node" as const, env },
});

export default defineConfig({
  test: {
    // The longest files wait more than they compute (a whole demo, processes): three at once also on two cores.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    reporters: ["default", "./test/support/reporter.ts"],
    projects: [
      project("unit", [
        "{shared,local,functions,infra,cli}/**/*.test.ts",
        "test/{support,bench,conformance}/**/*.test.ts",
      ]),
      project("contract", ["test/contract/**/*.test.ts"], 30_000),
      project("integration", ["test/integration/**/*.test.ts"], 60_000),
      project("simulation", ["test/simulation/**/*.test.ts"], 240_000),
      project("infra", ["test/infra/**/*.test.ts"], 60_000),
      project("architecture", ["test/architecture/**/*.test.ts"], 60_000),
    ],
  },
});
