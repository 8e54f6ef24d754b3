// `fairlead status`: every managed key, once or again and again.

import { Command } from "commander";
import type { KeyView } from "../../shared/shell/key-view.ts";
import { viewOf } from "../../shared/shell/key-view.ts";
import type { Installation } from "../installation.ts";
import type { Io } from "../io.ts";
import { shortNames } from "../keys.ts";
import type { FleetView } from "../render/status.ts";
import { renderStatus, statusJson } from "../render/status.ts";
import type { WatchOptions } from "../session.ts";
import { formatOption, jsonLines, paintOf, show, watchOption, withInstallation } from "../session.ts";

export const statusCommand = (io: Io): Command =>
  new Command("status")
    .description("every managed service: mode, what runs, what is registered, the latest reason")
    .addOption(formatOption())
    .addOption(watchOption())
    .action(async (options: WatchOptions, command: Command) => {
      const watch = options.watch === true;
      const paint = paintOf(command, io);
      await withInstallation(command, io, (installation) => {
        const look = async () => {
          const fleet = await fleetView(installation);
          return options.output === "json" ? jsonLines(statusJson(fleet), watch) : renderStatus(fleet, paint);
        };
        return show(look, io, watch);
      });
    });

/** DynamoDB takes many at once, the SDK keeps 50 sockets. */
const LOADS_AT_ONCE = 25;

async function fleetView(installation: Installation): Promise<FleetView> {
  const { allKeys } = await import("../installation.ts");
  const [control, keys] = await Promise.all([installation.fleet.control(), allKeys(installation)]);
  const views: KeyView[] = [];
  for (let from = 0; from < keys.length; from += LOADS_AT_ONCE) {
    const batch = keys.slice(from, from + LOADS_AT_ONCE).map((key) => installation.store.load(key));
    views.push(...(await Promise.all(batch)).map(viewOf));
  }
  return { control, keys: views, names: shortNames(keys), now: installation.clock.now() };
}
