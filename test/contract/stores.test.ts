// The stores' contract over every implementation: memory, dynalite, DynamoDB Local.

import { afterAll, beforeAll, describe, it } from "vitest";
import { createMemoryStores } from "../../local/faces/ports/memory-store.ts";
import type { DynamoServer } from "./dynamo-servers.ts";
import { startDynalite, startDynamoDbLocal, storesOver, whyNoDynamoDbLocal } from "./dynamo-servers.ts";
import { describeFleetStore, describeSweepMemory, describeTimerIndex } from "./fleet-store.suite.ts";
import { describeLeaseStore } from "./lease-store.suite.ts";
import type { MakeStores } from "./state-store.suite.ts";
import { describeHistoryStore, describeStateStore } from "./state-store.suite.ts";

function describeStores(name: string, make: MakeStores): void {
  describeStateStore(name, make);
  describeHistoryStore(name, make);
  describeFleetStore(name, make);
  describeTimerIndex(name, make);
  describeSweepMemory(name, make);
  describeLeaseStore(name, make);
}

function describeOver(name: string, start: () => Promise<DynamoServer>): void {
  describe(name, () => {
    let server: DynamoServer | undefined;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.stop());
    describeStores(name, async () => storesOver(await (server as DynamoServer).table()));
  });
}

describeStores("memory", async () => createMemoryStores());
describeOver("dynalite", startDynalite);

const reason = whyNoDynamoDbLocal();
if (reason === undefined) describeOver("DynamoDB Local", startDynamoDbLocal);
else {
  console.warn(reason);
  it(reason, ({ skip }) => skip());
}
