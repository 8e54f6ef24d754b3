// Puts the shop on the stage of a running demo: service, policy, customers, and clears it away again.

import { readFile } from "node:fs/promises";
import type { ListServiceDeploymentsResponse } from "@aws-sdk/client-ecs";
import type { Scope } from "../../../shared/base/keys.ts";
import { parseManifest } from "../../../shared/contracts/manifest.ts";
import type { Policies } from "../../../shared/shell/operator.ts";
import type { Demo } from "../demo.ts";
import { CLUSTER } from "../fleet.ts";
import { pause, until } from "../wall-time.ts";
import type { Customers } from "./customers.ts";
import { welcomeCustomers } from "./customers.ts";
import { createShop, registerVersion, SHOP, startShop } from "./shop.ts";

const MANIFEST = new URL("./shop.yaml", import.meta.url);

export const shopPolicies = async (scope: Scope): Promise<Policies> =>
  parseManifest(await readFile(MANIFEST, "utf8"), "shop.yaml", scope).policies;

/** Fewer than the machine can do, so that a version of a few percent fails a few requests, as at its users'. */
const REQUESTS_PER_SECOND = 1_500;
/** Enough for a verdict in a minute, and the machine is free for its user. */
const REQUESTS_PER_SECOND_AFTERWARDS = 300;
const FIRST_VERSION = 1;
const START_PATIENCE_MS = 180_000;
/** What the old version's own numbers are learnt from, before anything changes. */
const HISTORY_MS = 20_000;

export interface ShopStage {
  readonly customers: Customers;
  /** What customers open. */
  readonly url: string;
  /** The play is over: fewer customers stay, so that rollouts may be tried by hand. */
  afterwards(): Promise<void>;
  close(): Promise<void>;
}

export interface ShopStageOptions {
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** Text: why it cannot be shown. The shop's policy must be applied before. */
export async function openShop(demo: Demo, options: ShopStageOptions): Promise<ShopStage | string> {
  const { clients, place, balancer } = demo;
  if (balancer === undefined) return "rollouts are shown on real HTTP only, with tasks as processes";
  const shop = await createShop(clients);
  await startShop(clients, shop, await registerVersion(clients, FIRST_VERSION));
  await balancer.ready();
  const door = balancer.endpoints().find(({ listener }) => listener.arn === shop.listenerArn);
  if (door === undefined) return "the shop's listener did not open";
  const opened = await until(() => isServing(demo), { timeoutMs: START_PATIENCE_MS, signal: options.signal });
  if (!opened) return "the shop did not open";
  const welcome = (requestsPerSecond: number) =>
    welcomeCustomers({
      door,
      requestsPerSecond,
      endpoint: place.endpoint,
      region: place.region,
      onError: options.onError,
    });
  const customers = welcome(REQUESTS_PER_SECOND);
  let present = customers;
  await pause(HISTORY_MS, options.signal);
  return {
    customers,
    url: door.url,
    afterwards: async () => {
      await present.leave();
      present = welcome(REQUESTS_PER_SECOND_AFTERWARDS);
    },
    close: () => present.leave(),
  };
}

/** Its first deployment is over. */
function isServing({ world }: Demo): boolean {
  const answer = world.call("ecs", "ListServiceDeployments", { cluster: CLUSTER, service: SHOP });
  const { serviceDeployments } = answer as ListServiceDeploymentsResponse;
  return serviceDeployments?.[0]?.status === "SUCCESSFUL";
}
