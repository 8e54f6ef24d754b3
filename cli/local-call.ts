// Calls to what a running `fairlead local` offers besides AWS: JSON over its loopback port.

import { AppError } from "../shared/base/errors.ts";
import { usageError } from "./failure.ts";
import type { Io } from "./io.ts";
import { readLocalState } from "./local-state.ts";

/** Without an order it only asks. */
export async function askLocal<T>(io: Io, path: string, order?: object): Promise<T> {
  const state = readLocalState(io.environment);
  if (state === undefined)
    throw usageError("no `fairlead local` is running: start it with `npm start` in another terminal first");
  try {
    const response = await fetch(`${state.endpoint}${path}`, {
      headers: { "content-type": "application/json", connection: "close" },
      ...(order !== undefined && { method: "POST", body: JSON.stringify(order) }),
    });
    return (await response.json()) as T;
  } catch (error) {
    throw new AppError("transient", `${state.endpoint} does not answer`, { cause: error });
  }
}
