// `fairlead status`: the fleet, one line for each key.

import type { Key } from "../../shared/base/keys.ts";
import type { Control } from "../../shared/contracts/policy.ts";
import type { Condition, KeyView } from "../../shared/shell/key-view.ts";
import type { Paint, Tone } from "../io.ts";
import { age, ahead } from "./age.ts";
import { table } from "./table.ts";

export interface FleetView {
  readonly control: Control;
  readonly keys: readonly KeyView[];
  readonly names: ReadonlyMap<Key, string>;
  readonly now: number;
}

const HEAD = ["SERVICE", "MODE", "RUNNING", "REGISTERED", "STATE", "DECIDED", "FAILURES", "WHY"];

const TONES: Readonly<Record<Condition, Tone>> = {
  quarantined: "bad",
  paused: "warn",
  held: "warn",
  converging: "warn",
  settled: "good",
  unseen: "dim",
};

export function renderStatus(fleet: FleetView, paint: Paint): readonly string[] {
  const lines = switches(fleet, paint);
  if (fleet.keys.length === 0)
    return [...lines, "No service is managed yet: `fairlead apply -f FILE` adds some."];
  const rows = fleet.keys.map((view) => [
    fleet.names.get(view.key) ?? view.key,
    view.mode,
    String(view.running),
    view.modes["discovery"] === undefined ? "-" : `${view.registered}/${view.expected}`,
    paint(TONES[view.condition], view.condition),
    view.decidedAt === undefined ? "-" : age(view.decidedAt, fleet.now),
    String(view.failures),
    paint("dim", latestReason(view)),
  ]);
  return [...lines, ...table([HEAD.map((name) => paint("bold", name)), ...rows])];
}

function switches({ control, now }: FleetView, paint: Paint): readonly string[] {
  const lines: string[] = [];
  if (control.killSwitch)
    lines.push(paint("bad", "KILL SWITCH ON: Fairlead decides and says why, but acts on nothing."));
  if (control.slowUntil > now)
    lines.push(
      paint("warn", `Slowed down: AWS throttled; full pace again ${ahead(control.slowUntil, now)}.`),
    );
  return lines;
}

export const latestReason = (view: Pick<KeyView, "reasons">): string =>
  Object.values(view.reasons)[0]?.[0]?.text ?? "";

/** The stable form for programs. */
export const statusJson = ({ control, keys, names, now }: FleetView): object => ({
  killSwitch: control.killSwitch,
  slowed: control.slowUntil > now,
  services: keys.map((view) => ({
    key: view.key,
    name: names.get(view.key) ?? view.key,
    mode: view.mode,
    state: view.condition,
    running: view.running,
    registered: view.registered,
    expected: view.expected,
    failures: view.failures,
    decidedAt: view.decidedAt ?? null,
    awaiting: view.awaiting.length,
    why: latestReason(view),
  })),
});
