// The rules that are deployed, as `events explain` needs them: from the synthesized template, so that what it
// says is what EventBridge does.

import { readCloudAssembly } from "../local/deploy/template.ts";
import { freshAssembly } from "../local/scenario/assembly.ts";
import { compile } from "../local/world/events/matcher.ts";
import type { Io } from "./io.ts";

/** Names of the rules that take an event. */
export async function deployedRules(io: Io): Promise<(event: unknown) => readonly string[]> {
  const onProgress = (text: string) => io.stderr.write(`${text} …\n`);
  const stacks = await readCloudAssembly(await freshAssembly({ onProgress }));
  const resources = stacks.flatMap(({ template }) => Object.entries(template.Resources));
  const rules = resources.flatMap(([logicalId, { Type, Properties = {} }]) => {
    const { EventPattern, Name, State } = Properties;
    if (Type !== "AWS::Events::Rule" || EventPattern === undefined || State === "DISABLED") return [];
    return [{ name: String(Name ?? logicalId), pattern: compile(EventPattern) }];
  });
  return (event) => rules.filter(({ pattern }) => pattern.matches(event)).map(({ name }) => name);
}
