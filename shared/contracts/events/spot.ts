// EC2 says that a Spot instance goes away in two minutes, or that it is likely to.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html

import type { SpotFact } from "../facts.ts";
import type { Mutable } from "../guards.ts";
import { keep, maybeTextAt, textAt } from "../guards.ts";
import type { Envelope } from "./envelope.ts";
import type { Reading } from "./route.ts";
import { routed, scopeOf } from "./route.ts";

export const readSpotInterruption = (envelope: Envelope): Reading => readSpot(envelope, "interruption");
export const readRebalance = (envelope: Envelope): Reading => readSpot(envelope, "rebalance");

/** The ARN in `resources` names an Availability Zone and no account here: only the envelope scopes it. */
function readSpot(envelope: Envelope, notice: SpotFact["notice"]): Reading {
  const { detail, at } = envelope;
  const ec2InstanceId = textAt(detail, "instance-id", "detail");
  const fact: Mutable<SpotFact> = { kind: "spot", notice, ec2InstanceId, at };
  keep(fact, "action", maybeTextAt(detail, "instance-action", "detail"));
  return routed({ kind: "host", id: ec2InstanceId, ...scopeOf(envelope) }, fact);
}
