// Every break that there is, by name.

import { AppError } from "../../shared/base/errors.ts";
import { alarmBreaks } from "./alarm-breaks.ts";
import { apiBreaks } from "./api-breaks.ts";
import { balancerBreaks } from "./balancer-breaks.ts";
import type { Break } from "./break.ts";
import { eventBreaks } from "./event-breaks.ts";
import { hostBreaks } from "./host-breaks.ts";
import { closestTo } from "./spelling.ts";
import { taskBreaks } from "./task-breaks.ts";
import { versionBreaks } from "./version-breaks.ts";

export const BREAKS: readonly Break[] = [
  ...taskBreaks,
  ...versionBreaks,
  ...hostBreaks,
  ...eventBreaks,
  ...apiBreaks,
  ...alarmBreaks,
  ...balancerBreaks,
];

export function breakNamed(name: string): Break {
  const found = BREAKS.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = BREAKS.map((one) => one.name);
  const guess = closestTo(name, names);
  const hint = guess === undefined ? `Known are ${names.join(", ")}.` : `Did you mean ${guess}?`;
  throw new AppError("input", `there is no break "${name}". ${hint}`);
}
