// The way into the demo fleet from outside: an Application Load Balancer before `web`, and a name for it in DNS.

import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ModifyTargetGroupAttributesCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { AppError } from "../../shared/base/errors.ts";
import type { World } from "../world/world.ts";
import type { Clients } from "./fleet.ts";

export interface FrontDoor {
  readonly targetGroupArn: string;
  /** `demo-1234567890.us-east-1.elb.amazonaws.com`. */
  readonly dnsName: string;
}

/** Any other one where it is taken. */
const LISTENER_PORT = 8080;
const WEB_PORT = 8080;
const PRIVATE_NAMESPACE = "demo.internal";

export async function createFrontDoor({ elb }: Clients): Promise<FrontDoor> {
  const { LoadBalancers: balancers } = await elb.send(
    new CreateLoadBalancerCommand({ Name: "demo", Subnets: ["subnet-1", "subnet-2"] }),
  );
  const [balancer] = balancers ?? [];
  if (balancer?.DNSName === undefined) throw new AppError("defect", "the local AWS made no load balancer");
  const targetGroupArn = await createTargetGroup(elb, "web");
  await elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer.LoadBalancerArn,
      Protocol: "HTTP",
      Port: LISTENER_PORT,
      DefaultActions: [{ Type: "forward", TargetGroupArn: targetGroupArn }],
    }),
  );
  return { targetGroupArn, dnsName: balancer.DNSName };
}

/** For tasks of the demo: all of them listen on one port and answer `/health`. */
export async function createTargetGroup(elb: Clients["elb"], name: string): Promise<string> {
  const { TargetGroups: groups } = await elb.send(
    new CreateTargetGroupCommand({
      Name: name,
      Protocol: "HTTP",
      Port: WEB_PORT,
      VpcId: "vpc-demo",
      TargetType: "ip",
      HealthCheckPath: "/health",
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      HealthyThresholdCount: 2,
    }),
  );
  const arn = groups?.[0]?.TargetGroupArn;
  if (arn === undefined) throw new AppError("defect", "the local AWS made no target group");
  // AWS's default of 300 s would make a demo of a minute wait for the end of every task.
  const Attributes = [{ Key: "deregistration_delay.timeout_seconds", Value: "5" }];
  await elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes }));
  return arn;
}

/** `web.demo.internal`, an alias of the load balancer: Cloud Map's own way to name one. */
export function nameFrontDoor({ cloudMap }: World, { dnsName }: FrontDoor): void {
  const { id: namespaceId } = cloudMap.addNamespace({ name: PRIVATE_NAMESPACE, type: "DNS_PRIVATE" });
  const dns = { RoutingPolicy: "WEIGHTED" as const, DnsRecords: [{ Type: "A" as const, TTL: 10 }] };
  const { id } = cloudMap.addService({ namespaceId, name: "web", dns });
  cloudMap.putInstance(id, { instanceId: "balancer", attributes: { AWS_ALIAS_DNS_NAME: dnsName } });
}

/** What people type to see it; undefined: nothing is real here. */
export interface Doorstep {
  readonly url: string;
  readonly name: string;
  readonly dns: { readonly address: string; readonly port: number };
}

export const NAME = `web.${PRIVATE_NAMESPACE}`;
