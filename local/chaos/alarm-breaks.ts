// An alarm that cannot make up its mind.

import { AppError } from "../../shared/base/errors.ts";
import type { Break, ChaosContext, Undo } from "./break.ts";
import type { Given } from "./parameters.ts";

function flap({ world }: ChaosContext, given: Given): Undo {
  const name = given.text("alarm");
  if (name === undefined) throw new AppError("input", "--alarm is missing: the name of a CloudWatch alarm");
  if (world.cloudWatch.alarmState(name) === undefined)
    throw new AppError("input", `--alarm: there is no alarm "${name}" in the local AWS`);
  const everyMs = given.duration("every");
  if (everyMs < 1_000) throw new AppError("input", "--every: expected at least 1s");
  const set = world.cloudWatch.operations["SetAlarmState"] as (input: object) => object;
  let cancel: () => void = () => undefined;
  const turn = (): void => {
    const StateValue = world.cloudWatch.alarmState(name) === "ALARM" ? "OK" : "ALARM";
    set({ AlarmName: name, StateValue, StateReason: "alarm-flapping: turned by hand" });
    cancel = world.kernel.after(everyMs, turn);
  };
  turn();
  return () => {
    cancel();
    if (world.cloudWatch.alarmState(name) === "ALARM")
      set({ AlarmName: name, StateValue: "OK", StateReason: "alarm-flapping: ended" });
  };
}

export const alarmBreaks: readonly Break[] = [
  {
    name: "alarm-flapping",
    does: "a CloudWatch alarm goes to ALARM and back to OK, again and again",
    parameters: [
      { name: "alarm", kind: "text", about: "the alarm's name" },
      { name: "every", kind: "duration", about: "the time between two changes", default: "30s" },
    ],
    apply: flap,
  },
];
