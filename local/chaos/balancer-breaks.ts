// Somebody else's hand on the weights of a listener rule, in the middle of a shift: an infrastructure-as-code
// update writes the weights of its template back (https://github.com/aws/aws-cdk/issues/36649).

import { AppError } from "../../shared/base/errors.ts";
import { millis } from "../../shared/base/time.ts";
import type { World } from "../world/world.ts";
import type { Break, ChaosContext, Undo } from "./break.ts";
import type { Given } from "./parameters.ts";

/** Rules that share traffic between groups; a listener's default rule is one. */
function weightedRules({ elb }: World): readonly string[] {
  return [...elb.traffic.listeners()].flatMap(({ arn }) =>
    (elb.operations.DescribeRules({ ListenerArn: arn }).Rules ?? []).flatMap(({ RuleArn }) =>
      RuleArn !== undefined && (elb.balancing.weightsOf(RuleArn)?.size ?? 0) > 1 ? [RuleArn] : [],
    ),
  );
}

function ruleFrom(world: World, given: Given): string {
  const typed = given.text("rule");
  if (typed !== undefined && (world.elb.balancing.weightsOf(typed)?.size ?? 0) > 1) return typed;
  const rules = weightedRules(world);
  const [only] = rules;
  if (typed === undefined && only !== undefined && rules.length === 1) return only;
  const list = rules.map((one) => `\n  ${one}`).join("") || "\n  (none)";
  const fault =
    typed === undefined ? "--rule is missing" : `--rule: "${typed}" shares no traffic between groups`;
  throw new AppError("input", `${fault}. Rules that do:${list}`);
}

function resetWeights({ world }: ChaosContext, given: Given): Undo {
  const { elb, kernel } = world;
  const rule = ruleFrom(world, given);
  const former = new Map(elb.balancing.weightsOf(rule));
  const [first] = former.keys();
  const template = new Map([...former.keys()].map((group) => [group, group === first ? 100 : 0]));
  const every = given.text("every") === undefined ? undefined : given.duration("every");
  let cancel: () => void = () => undefined;
  const reset = (): void => {
    elb.balancing.setWeights(rule, template);
    if (every !== undefined) cancel = kernel.after(millis(Math.max(1_000, every)), reset);
  };
  reset();
  return () => {
    cancel();
    const now = elb.balancing.weightsOf(rule);
    const isOurs = now !== undefined && [...template].every(([group, weight]) => now.get(group) === weight);
    if (isOurs) elb.balancing.setWeights(rule, former);
  };
}

export const balancerBreaks: readonly Break[] = [
  {
    name: "weight-reset",
    does: "an infrastructure-as-code update sets a listener rule's weights back to 100 : 0",
    parameters: [
      {
        name: "rule",
        kind: "text",
        about: "the rule's or listener's ARN; may be left out where only one shares",
      },
      { name: "every", kind: "duration", about: "again and again; without it: once" },
    ],
    apply: resetWeights,
  },
];
