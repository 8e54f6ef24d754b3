// Requests of clients, without bytes: a batch every second, answered by the modelled applications. What each
// target group answered is the truth that verdicts are held against.

import type { World } from "../../../local/world/world.ts";
import { seconds } from "../../../shared/base/time.ts";
import type { Scene } from "./scene.ts";

export interface Counted {
  requests: number;
  /** 5xx of the application, or of the load balancer for want of one. */
  failed: number;
}

export interface Load {
  /** Requests a second, from the next second on. */
  rate: number;
  readonly byGroup: ReadonlyMap<string, Counted>;
  /** Answers that no target gave: 503 of an empty group. */
  readonly unserved: Counted;
  readonly all: Counted;
}

const HEAD = { method: "GET", host: "web.test", path: "/", query: "", headers: {}, sourceIp: "192.0.2.1" };

const tally = (counted: Counted, statusCode: number): void => {
  counted.requests += 1;
  if (statusCode >= 500) counted.failed += 1;
};

export function startLoad(world: World, { traffic }: Scene, rate: number): Load {
  const byGroup = new Map<string, Counted>();
  const load = { rate, byGroup, unserved: { requests: 0, failed: 0 }, all: { requests: 0, failed: 0 } };
  if (traffic === undefined) return load;
  const answered = (group: string | undefined, statusCode: number): void => {
    tally(load.all, statusCode);
    const counted = group === undefined ? load.unserved : (byGroup.get(group) ?? { requests: 0, failed: 0 });
    if (group !== undefined) byGroup.set(group, counted);
    tally(counted, statusCode);
  };
  let owed = 0;
  const second = (): void => {
    world.kernel.after(seconds(1), second);
    owed += load.rate;
    for (; owed >= 1; owed -= 1) {
      world.elb.offer(traffic.listener, HEAD, ({ statusCode, targetGroupArn }) =>
        answered(targetGroupArn, statusCode),
      );
    }
  };
  world.kernel.after(seconds(1), second);
  return load;
}
