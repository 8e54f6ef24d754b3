// `fairlead kill-switch on|off`

import { Argument, Command } from "commander";
import type { Io } from "../io.ts";
import { printLines, withInstallation } from "../session.ts";

export const killSwitchCommand = (io: Io): Command =>
  new Command("kill-switch")
    .description("on: Fairlead goes on deciding and saying why, but acts on nothing")
    .addArgument(new Argument("<state>", "on or off").choices(["on", "off"]))
    .action(async (state: "on" | "off", _options: object, command: Command) => {
      await withInstallation(command, io, (installation) => installation.fleet.setKillSwitch(state === "on"));
      printLines(io, [state === "on" ? "Kill switch on: nothing is acted on." : "Kill switch off."]);
    });
