// The drivers' contract over the local world, through the real adapters.

import { rolloutDriverContract } from "./rollout-drivers.suite.ts";

rolloutDriverContract("ECS, with our weights", { kind: "native", driver: "native" });
rolloutDriverContract("ECS, with its own weights", {
  kind: "strategy",
  driver: "native",
  // What ECS's strategies can say: equal steps.
  policy: {
    steps: [
      { kind: "setWeight", weight: 10 },
      { kind: "setWeight", weight: 20 },
      { kind: "setWeight", weight: 30 },
      { kind: "setWeight", weight: 40 },
      { kind: "setWeight", weight: 50 },
    ],
  },
});
rolloutDriverContract("task sets", { kind: "task-sets", driver: "task-sets" });
