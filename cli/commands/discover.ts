// `fairlead discover KEY`

import { Command } from "commander";
import { viewOf } from "../../shared/shell/key-view.ts";
import type { Io } from "../io.ts";
import { renderDiscover } from "../render/discover.ts";
import type { WatchOptions } from "../session.ts";
import {
  formatOption,
  jsonLines,
  keyFrom,
  paintOf,
  show,
  watchOption,
  withInstallation,
} from "../session.ts";

export const discoverCommand = (io: Io): Command =>
  new Command("discover")
    .description("each registry of a service: registered against running and healthy, and what holds it up")
    .argument("<key>", "a managed service, as cluster/service")
    .addOption(formatOption())
    .addOption(watchOption())
    .action(async (typed: string, options: WatchOptions, command: Command) => {
      const watch = options.watch === true;
      const paint = paintOf(command, io);
      await withInstallation(command, io, async (installation) => {
        const key = await keyFrom(typed, installation);
        const look = async () => {
          const view = viewOf(await installation.store.load(key));
          if (options.output === "table") return renderDiscover(view, installation.clock.now(), paint);
          const { condition, mode, registries, drains, leavingHosts } = view;
          return jsonLines({ key, state: condition, mode, registries, drains, leavingHosts }, watch);
        };
        return show(look, io, watch);
      });
    });
