// `fairlead apply -f FILE`

import { Command } from "commander";
import { parseManifest } from "../../shared/contracts/manifest.ts";
import { applyPolicies } from "../../shared/shell/operator.ts";
import { Found } from "../failure.ts";
import type { Installation } from "../installation.ts";
import type { Io } from "../io.ts";
import { readInput } from "../read-input.ts";
import type { PolicyChange } from "../render/policy-diff.ts";
import { isChange, renderPolicyChange } from "../render/policy-diff.ts";
import { paintOf, printLines, withInstallation } from "../session.ts";

interface ApplyOptions {
  readonly file: string;
  readonly dryRun?: true;
}

export const applyCommand = (io: Io): Command =>
  new Command("apply")
    .description("check a fleet manifest and store its policies; services it does not name keep theirs")
    .requiredOption("-f, --file <file>", "the manifest, YAML or JSON; - reads standard input")
    .option("--dry-run", "show the differences and store nothing; exit code 1 when there are any")
    .action(async (options: ApplyOptions, command: Command) => {
      const text = await readInput(options.file);
      await withInstallation(command, io, async (installation) => {
        const { policies } = parseManifest(text, options.file, installation.place.scope);
        const changes = await changesOf(policies, installation);
        const paint = paintOf(command, io);
        printLines(
          io,
          changes.flatMap((change) => renderPolicyChange(change, paint)),
        );
        const changed = changes.filter(isChange);
        if (options.dryRun !== true) {
          const told = changed.map(({ key, after }) => [key, after] as const);
          await applyPolicies(told, installation);
          printLines(io, [`${changed.length} of ${changes.length} policies stored`]);
        } else if (changed.length > 0) {
          throw new Found(
            `dry run: ${changed.length} of ${changes.length} policies differ, nothing was stored`,
          );
        }
      });
    });

const changesOf = (
  policies: Parameters<typeof applyPolicies>[0],
  { store }: Installation,
): Promise<readonly PolicyChange[]> =>
  Promise.all(policies.map(async ([key, after]) => ({ key, before: (await store.load(key)).policy, after })));
