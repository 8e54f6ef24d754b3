// A world's load balancing alone, for tests: programs by a table, metrics in a list.

import type { DurationMs } from "../../../shared/base/time.ts";
import { addMs, epochMs, millis } from "../../../shared/base/time.ts";
import type { Backends } from "../backends.ts";
import type { PublishedValue } from "../cloudwatch/cloudwatch.ts";
import { createKernel } from "../kernel.ts";
import type { RequestHead } from "../traffic.ts";
import type { ElbOptions } from "./context.ts";
import type { ElbOperations } from "./elb.ts";
import { createElb } from "./elb.ts";

export type Item = Readonly<Record<string, unknown>>;

export const FIXTURE_OPTIONS: ElbOptions = {
  propagation: { minMs: 2_000, maxMs: 2_000 },
  provisioning: { minMs: 60_000, maxMs: 60_000 },
  firstProbe: { minMs: 500, maxMs: 500 },
};

export const request = (change: Partial<RequestHead> = {}): RequestHead => ({
  method: "GET",
  host: "web.test",
  path: "/",
  query: "",
  headers: {},
  sourceIp: "192.0.2.1",
  ...change,
});

export function createFixture(check: (operations: ElbOperations) => ElbOperations = (given) => given) {
  const kernel = createKernel({ seed: 5, startAt: epochMs(Date.UTC(2026, 0, 1)) });
  const published: PublishedValue[] = [];
  const sick = new Set<string>();
  const backends: Backends = {
    probe: ({ id }, _probe, done) =>
      done(sick.has(id) ? { kind: "refused" } : { kind: "answered", statusCode: 200 }),
    answer: ({ id }) =>
      sick.has(id) ? { kind: "refused" } : { kind: "answered", statusCode: 200, afterMs: 10 },
  };
  const surroundings = { backends, publish: (value: PublishedValue) => published.push(value) };
  const elb = createElb(kernel, surroundings, FIXTURE_OPTIONS);
  const operations = check(elb.operations);
  const call = (operation: keyof ElbOperations, input: object): Record<string, Item[]> =>
    operations[operation](input as never) as Record<string, Item[]>;
  const first = (operation: keyof ElbOperations, input: object): Item => {
    const [list = []] = Object.values(call(operation, input));
    return list[0] ?? {};
  };
  return {
    kernel,
    elb,
    published,
    sick,
    call,
    first,
    pass: (ms: number): void => kernel.advanceTo(addMs(kernel.now(), millis(ms) as DurationMs)),
    balancer: (Name: string, change: object = {}): string =>
      String(
        first("CreateLoadBalancer", { Name, Subnets: ["subnet-0a", "subnet-0b"], ...change })[
          "LoadBalancerArn"
        ],
      ),
    group: (Name: string, change: object = {}): string => {
      const input = { Name, Protocol: "HTTP", Port: 80, VpcId: "vpc-0a", TargetType: "ip", ...change };
      return String(first("CreateTargetGroup", input)["TargetGroupArn"]);
    },
    listener: (LoadBalancerArn: string, DefaultActions: readonly object[], change: object = {}): string => {
      const input = { LoadBalancerArn, Protocol: "HTTP", Port: 80, DefaultActions, ...change };
      return String(first("CreateListener", input)["ListenerArn"]);
    },
  };
}

export const forward = (...groups: readonly (readonly [arn: string, weight: number])[]): object[] => [
  {
    Type: "forward",
    ForwardConfig: { TargetGroups: groups.map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })) },
  },
];

export const fixed = (StatusCode: string): object[] => [
  { Type: "fixed-response", FixedResponseConfig: { StatusCode } },
];
