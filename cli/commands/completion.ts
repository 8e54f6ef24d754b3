// `fairlead completion SHELL`, and the hidden `__complete` that the scripts ask: one place knows the answers,
// the four scripts only hand over words.

import type { Option } from "commander";
import { Argument, Command } from "commander";
import type { Io } from "../io.ts";
import { shortNames } from "../keys.ts";
import { printLines, withInstallation } from "../session.ts";

const SCRIPTS = {
  bash: `_fairlead() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(fairlead __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _fairlead fairlead`,
  zsh: `#compdef fairlead
_fairlead() {
  local -a found
  found=("\${(@f)$(fairlead __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[*]}" ]]; then compadd -a found; else _files; fi
}
compdef _fairlead fairlead`,
  fish: `complete -c fairlead -f -a '(fairlead __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
complete -c fairlead -n '__fish_seen_subcommand_from explain apply' -F`,
  powershell: `Register-ArgumentCompleter -Native -CommandName fairlead -ScriptBlock {
  param($word, $tree, $cursor)
  $words = @($tree.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += '""' }
  fairlead __complete '--' @words 2>$null | Where-Object { $_ -like "$word*" } |
    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}`,
} as const;

type Shell = keyof typeof SCRIPTS;

const HELP = `
bash:        source <(fairlead completion bash)
zsh:         source <(fairlead completion zsh)
fish:        fairlead completion fish | source
powershell:  fairlead completion powershell | Out-String | Invoke-Expression`;

export const completionCommand = (io: Io): Command =>
  new Command("completion")
    .description("a script that makes the shell complete verbs, options and live service names")
    .addArgument(new Argument("<shell>").choices(Object.keys(SCRIPTS)))
    .addHelpText("after", HELP)
    .action((shell: Shell) => printLines(io, [SCRIPTS[shell]]));

export const completeCommand = (io: Io, program: Command): Command =>
  new Command("__complete")
    .argument("[words...]", "what was typed so far; the last one is being typed")
    .action(async (words: readonly string[], _options: object, self: Command) => {
      const current = words.at(-1) ?? "";
      const { command, typed, pending } = walk(program, words.slice(0, -1));
      const found = pending === undefined ? fixedWords(command, { typed, current }) : valuesOf(pending);
      const takesKey = pending === undefined && command.registeredArguments[typed]?.name() === "key";
      const keys = takesKey && !current.startsWith("-") ? await liveKeys(self, io) : [];
      printLines(
        io,
        [...found, ...keys].filter((word) => word.startsWith(current)),
      );
    });

interface Walked {
  readonly command: Command;
  /** Arguments before the one that is being typed. */
  readonly typed: number;
  /** An option that waits for its value. */
  readonly pending: Option | undefined;
}

function walk(program: Command, words: readonly string[]): Walked {
  let command = program;
  let typed = 0;
  let pending: Option | undefined;
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined;
    } else if (word.startsWith("-")) {
      const option = optionsOf(command).find(({ short, long }) => word === short || word === long);
      pending = option?.required === true ? option : undefined;
    } else {
      const child = command.commands.find((candidate) => candidate.name() === word);
      if (child === undefined) typed += 1;
      else [command, typed] = [child, 0];
    }
  }
  return { command, typed, pending };
}

const optionsOf = (command: Command): readonly Option[] => [
  ...command.options,
  ...(command.parent === null ? [] : optionsOf(command.parent)),
];

const valuesOf = (option: Option): readonly string[] => option.argChoices ?? [];

/** What is known without asking anybody: verbs, choices, options. */
function fixedWords(
  command: Command,
  { typed, current }: { typed: number; current: string },
): readonly string[] {
  if (current.startsWith("-")) return [...optionsOf(command).map(({ long }) => long ?? ""), "--help"];
  const verbs = typed > 0 ? [] : command.commands.map((child) => child.name());
  const choices = command.registeredArguments[typed]?.argChoices ?? [];
  return [...verbs.filter((name) => !name.startsWith("__")), ...choices];
}

/** A shell must not wait for a network that does not answer; no names are no error. */
async function liveKeys(self: Command, io: Io): Promise<readonly string[]> {
  try {
    return await withInstallation(self, io, async (installation) => {
      const { allKeys } = await import("../installation.ts");
      return [...shortNames(await allKeys(installation)).values()];
    });
  } catch {
    return [];
  }
}
