// Health checks as real requests to the target's address.

import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import type { Backends, HealthProbe, ProbeResult } from "../../world/backends.ts";
import type { Target } from "../../world/balancing.ts";
import type { After } from "./exchange.ts";

export interface ProbeOptions {
  readonly enter: (tell: () => void) => void;
  readonly addressOf?: (target: Target) => string;
  /** Another clock than the machine's. */
  readonly after?: After;
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
const USER_AGENT = "ELB-HealthChecker/2.0";

/** What answers at a target's address is a real program: nothing here can answer without bytes. */
export function createRealBackends(options: ProbeOptions): Backends {
  const { enter, addressOf = ({ id }) => id, after = afterRealTime } = options;
  // A connection for each check, as load balancers do.
  const agent = new Agent({ keepAlive: false });
  return {
    probe: (target, probe, done) => {
      let isTold = false;
      const tell = (result: ProbeResult) => {
        if (isTold) return;
        isTold = true;
        enter(() => done(result));
      };
      const place = { host: addressOf(target), port: probe.port, after };
      if (probe.protocol === "TCP") probeConnection(place, probe, tell);
      else probeAnswer({ ...place, agent }, probe, tell);
    },
    answer: () => ({ kind: "refused" }),
  };
}

const afterRealTime: After = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};

interface Place {
  readonly after: After;
  readonly host: string;
  readonly port: number;
}

function probeConnection(
  place: Place,
  { timeoutMs }: HealthProbe,
  tell: (result: ProbeResult) => void,
): void {
  const { after, ...address } = place;
  const socket = connect(address);
  const cancel = after(timeoutMs, () => {
    tell({ kind: "timed-out" });
    socket.destroy();
  });
  socket.once("close", cancel);
  socket.once("error", () => tell({ kind: "refused" }));
  socket.once("connect", () => {
    tell({ kind: "connected" });
    socket.destroy();
  });
}

function probeAnswer(
  place: Place & { readonly agent: Agent },
  { path, timeoutMs }: HealthProbe,
  tell: (result: ProbeResult) => void,
): void {
  const headers = { "User-Agent": USER_AGENT, Host: `${place.host}:${place.port}`, Connection: "close" };
  const { after, ...address } = place;
  const request = httpRequest({ ...address, path, headers });
  const cancel = after(timeoutMs, () => {
    tell({ kind: "timed-out" });
    request.destroy();
  });
  request.once("close", cancel);
  request.on("error", () => tell({ kind: "refused" }));
  request.once("response", (answer) => {
    answer.resume();
    tell({ kind: "answered", statusCode: answer.statusCode ?? 0 });
  });
  request.end();
}
