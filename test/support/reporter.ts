// The closing line of a test run, "N passed, N failed, N skipped" alone on its line: .ci/run and people
// read the verdict from it. A file that does not load and an unhandled error count as failures too.
import type { Reporter, TestModule } from "vitest/node";

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What the tally needs of vitest's TestModule. */
export type TalliedModule = Pick<TestModule, "errors" | "state"> & {
  readonly children: { allTests(): Iterable<{ result(): { readonly state: string } }> };
};

export function tallyOf(modules: readonly TalliedModule[], unhandledErrors: number): Tally {
  const tally = { passed: 0, failed: unhandledErrors, skipped: 0 };
  for (const module of modules) {
    let failedHere = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === "passed") tally.passed += 1;
      else if (state === "failed") failedHere += 1;
      else tally.skipped += 1;
    }
    // A module that failed without a failed test did not load, or a hook of it threw.
    if (failedHere === 0 && module.state() === "failed") failedHere = Math.max(1, module.errors().length);
    tally.failed += failedHere;
  }
  return tally;
}

export const closingLine = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;

export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const line = closingLine(tallyOf(modules, unhandledErrors.length));
    // The default reporter prints its summary at the same hook: the exit is the only moment after it.
    process.once("exit", () => process.stdout.write(`${line}\n`));
  }
}
