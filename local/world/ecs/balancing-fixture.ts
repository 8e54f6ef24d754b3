// A pretended load balancer for the unit tests of this folder: targets are healthy 10 s after registration.

import { millis, seconds } from "../../../shared/base/time.ts";
import type { Balancing, Target, TargetGroupView, TargetHealthState } from "../balancing.ts";
import type { Kernel } from "../kernel.ts";

export interface BalancingFixture extends Balancing {
  addGroup(name: string, change?: Partial<TargetGroupView>): string;
  /** Sets the health of one target, or of all in the group. */
  setHealth(groupArn: string, state: TargetHealthState, target?: Target): void;
  targetsOf(groupArn: string): { readonly id: string; readonly port: number; readonly state: string }[];
  /** New targets stay `initial`. */
  holdBack: boolean;
}

interface Entry {
  readonly groupArn: string;
  readonly target: Target;
  state: TargetHealthState;
}

export function createBalancingFixture(kernel: Kernel): BalancingFixture {
  const groups = new Map<string, TargetGroupView>();
  const entries = new Map<string, Entry>();
  const listeners: Parameters<Balancing["onTargetHealth"]>[0][] = [];
  const keyOf = (groupArn: string, { id, port }: Target) => `${groupArn}|${id}|${port}`;
  const tell = ({ groupArn, target }: Entry, state: TargetHealthState | undefined) => {
    for (const listener of listeners) listener(groupArn, target, state);
  };
  const change = (entry: Entry, state: TargetHealthState) => {
    if (entry.state === state) return;
    entry.state = state;
    tell(entry, state);
  };
  const fixture: BalancingFixture = {
    holdBack: false,
    addGroup: (name, change) => {
      const arn = kernel.arn("elasticloadbalancing", `targetgroup/${name}/0123456789abcdef`);
      const group = { arn, name, targetType: "ip" as const, port: 80, deregistrationDelayMs: 60_000 };
      groups.set(arn, { ...group, loadBalancerArns: ["arn:lb"], ...change });
      return arn;
    },
    setHealth: (groupArn, state, target) => {
      for (const entry of entries.values()) {
        const isMeant = target === undefined || keyOf(groupArn, target) === keyOf(groupArn, entry.target);
        if (entry.groupArn === groupArn && isMeant && entry.state !== "draining") change(entry, state);
      }
    },
    targetsOf: (groupArn) =>
      [...entries.values()]
        .filter((entry) => entry.groupArn === groupArn)
        .map(({ target, state }) => ({ ...target, state })),
    targetGroup: (arn) => groups.get(arn),
    registerTarget: (groupArn, target) => {
      const entry: Entry = { groupArn, target, state: "initial" };
      entries.set(keyOf(groupArn, target), entry);
      tell(entry, "initial");
      if (fixture.holdBack) return;
      kernel.after(seconds(10), () => entry.state === "initial" && change(entry, "healthy"));
    },
    deregisterTarget: (groupArn, target) => {
      const entry = entries.get(keyOf(groupArn, target));
      if (entry === undefined) return;
      change(entry, "draining");
      kernel.after(millis(groups.get(groupArn)?.deregistrationDelayMs ?? 0), () => {
        if (entries.get(keyOf(groupArn, target)) !== entry) return;
        entries.delete(keyOf(groupArn, target));
        tell(entry, undefined);
      });
    },
    targetHealth: (groupArn, target) => {
      const entry = entries.get(keyOf(groupArn, target));
      return entry === undefined ? undefined : { state: entry.state };
    },
    weightsOf: () => undefined,
    setWeights: () => undefined,
    onTargetHealth: (listener) => listeners.push(listener),
  };
  return fixture;
}
