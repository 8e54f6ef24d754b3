// What goes wrong between EventBridge and its targets. Everything that Fairlead hears comes this way.

import { millis } from "../../shared/base/time.ts";
import type { Break } from "./break.ts";
import { shareOf } from "./parameters.ts";

const eventLoss: Break = {
  name: "event-loss",
  does: "EventBridge loses deliveries without a trace",
  parameters: [shareOf("percent of the deliveries")],
  apply: ({ world }, given) => {
    world.events.setFaults({ drop: given.share() });
    return () => world.events.setFaults({ drop: 0 });
  },
};

const eventDuplication: Break = {
  name: "event-duplication",
  does: "EventBridge delivers twice, as at-least-once delivery may",
  parameters: [shareOf("percent of the deliveries")],
  apply: ({ world }, given) => {
    world.events.setFaults({ duplicate: given.share() });
    return () => world.events.setFaults({ duplicate: 0 });
  },
};

const NO_DELAY = { probability: 0, minMs: millis(0), maxMs: millis(0) };

const eventDelay: Break = {
  name: "event-delay",
  does: "EventBridge delivers late, so that events also overtake each other",
  parameters: [
    shareOf("percent of the deliveries"),
    { name: "least", kind: "duration", about: "the shortest delay", default: "1s" },
    { name: "most", kind: "duration", about: "the longest delay", default: "30s" },
  ],
  apply: ({ world }, given) => {
    const minMs = given.duration("least");
    const maxMs = millis(Math.max(minMs, given.duration("most")));
    world.events.setFaults({ delay: { probability: given.share(), minMs, maxMs } });
    return () => world.events.setFaults({ delay: NO_DELAY });
  },
};

export const eventBreaks: readonly Break[] = [eventLoss, eventDuplication, eventDelay];
