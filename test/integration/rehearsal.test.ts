// What reconcile plays through while it starts: a whole pass, up to its commit, without touching anything.

import { expect, it } from "vitest";
import { rehearse } from "../../functions/reconcile/rehearsal.ts";
import { wireReconcile } from "../../functions/reconcile/wiring.ts";
import { ENVIRONMENT } from "../../shared/contracts/environment.ts";

// Nobody listens there: a call that leaves the process is refused at once.
const NOWHERE = "http://127.0.0.1:9";

const environment = {
  AWS_ENDPOINT_URL: NOWHERE,
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "AKIAPROBE",
  AWS_SECRET_ACCESS_KEY: "probe",
  [ENVIRONMENT.table]: "fairlead",
  [ENVIRONMENT.workQueueUrl]: `${NOWHERE}/1/work.fifo`,
  [ENVIRONMENT.delayQueueUrl]: `${NOWHERE}/1/delay`,
  [ENVIRONMENT.installation]: "test",
  [ENVIRONMENT.mode]: "act",
};

it("the rehearsal of reconcile gets as far as the commit of its pass", async () => {
  // The clients read these from the process, as they do in a function.
  Object.assign(process.env, environment);
  const wiring = wireReconcile(environment);
  const committed: string[] = [];
  const muted = {
    ...wiring.muted,
    commit: async (key: string) => {
      committed.push(key);
      return "committed" as const;
    },
  };
  await rehearse({ ...wiring, muted });
  expect(committed).toEqual(["111122223333/eu-central-1/rehearsal/rehearsal"]);
});
