// The live lines of `fairlead local`: the world's own truth beside what Fairlead says of it.

import type { Demo } from "../local/scenario/demo.ts";
import { isTrue, truthOf } from "../local/scenario/truth.ts";
import type { Key } from "../shared/base/keys.ts";
import { viewOf } from "../shared/shell/key-view.ts";
import type { Installation } from "./installation.ts";
import type { Paint } from "./io.ts";
import type { ServiceLine } from "./render/local.ts";
import { renderServices } from "./render/local.ts";
import type { Screen } from "./render/screen.ts";
import { latestReason } from "./render/status.ts";

const DRAW_EVERY_MS = 500;

export interface Display {
  /** Sums over all services. */
  totals(): { readonly registered: number; readonly expected: number };
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

export function startDisplay(
  demo: Demo,
  installation: Installation,
  { screen, paint }: { readonly screen: Screen; readonly paint: Paint },
): Display {
  let drawing = Promise.resolve();
  const draw = async () => {
    const lines = await Promise.all(demo.services.map((_, index) => serviceLine(demo, installation, index)));
    screen.setLive(renderServices(lines, paint));
  };
  // A picture that fails is followed by the next one.
  const refresh = () => {
    drawing = drawing.then(draw).catch(() => undefined);
    return drawing;
  };
  const timer = setInterval(() => void refresh(), DRAW_EVERY_MS);
  return {
    refresh,
    totals: () => {
      const truths = demo.services.map((service) => truthOf(demo.world, service, demo.drained));
      const sum = (field: "registered" | "expected") =>
        truths.reduce((total, truth) => total + truth[field], 0);
      return { registered: sum("registered"), expected: sum("expected") };
    },
    stop: async () => {
      clearInterval(timer);
      await drawing;
    },
  };
}

async function serviceLine(demo: Demo, { store }: Installation, index: number): Promise<ServiceLine> {
  const service = demo.services[index];
  if (service === undefined) throw new Error(`no service ${index}`);
  const key = demo.policies
    .map(([candidate]) => candidate)
    .find((candidate) => candidate.endsWith(`/${service.name}`));
  const reason = latestReason(viewOf(await store.load(key as Key)));
  const truth = truthOf(demo.world, service, demo.drained);
  const { name, kind } = service;
  return {
    name,
    kind,
    running: truth.running,
    registered: truth.registered,
    expected: truth.expected,
    isRight: isTrue(truth),
    reason,
  };
}
