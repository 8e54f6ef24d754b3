// What every TrafficReader and TrafficWriter must do, whatever is underneath.

import type { Action, Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import { describe, expect, it } from "vitest";
import { failure } from "./aws-set-up.ts";
import type { RolloutImplementation, RolloutSetUp } from "./rollout-set-up.ts";
import { setUpRollout, trafficOf } from "./rollout-set-up.ts";

type Make = () => Promise<RolloutSetUp>;

const ELB = "elasticloadbalancing";

const rulesOf = (set: RolloutSetUp): readonly Rule[] =>
  set.aws(ELB, "DescribeRules", { ListenerArn: trafficOf(set).listener })["Rules"] ?? [];

const ruleOf = (set: RolloutSetUp): Rule =>
  rulesOf(set).find(({ RuleArn }) => RuleArn === trafficOf(set).rule) ?? {};

const shares = (set: RolloutSetUp, blue: number, green: number) => ({
  [trafficOf(set).blue]: blue,
  [trafficOf(set).green]: green,
});

const write = (set: RolloutSetUp, Actions: readonly object[]) =>
  set.aws(ELB, "ModifyRule", { RuleArn: trafficOf(set).rule, Actions });

const COGNITO = {
  Type: "authenticate-cognito",
  Order: 1,
  AuthenticateCognitoConfig: {
    UserPoolArn: "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_a",
    UserPoolClientId: "client",
    UserPoolDomain: "domain",
  },
};

const OIDC = {
  Type: "authenticate-oidc",
  Order: 1,
  AuthenticateOidcConfig: {
    Issuer: "https://example.com",
    AuthorizationEndpoint: "https://example.com/a",
    TokenEndpoint: "https://example.com/t",
    UserInfoEndpoint: "https://example.com/u",
    ClientId: "id",
    ClientSecret: "secret",
  },
};

const forward = (set: RolloutSetUp, blue: number, green: number, more: object = {}) => ({
  Type: "forward",
  Order: 2,
  ForwardConfig: {
    TargetGroups: Object.entries(shares(set, blue, green)).map(([TargetGroupArn, Weight]) => ({
      TargetGroupArn,
      Weight,
    })),
    ...more,
  },
});

export function describeTraffic(name: string, implementation: RolloutImplementation): void {
  const make = () => setUpRollout(implementation, "native");
  describe(`TrafficReader over ${name}`, () => describeReader(make));
  describe(`TrafficWriter.setWeights over ${name}`, () => describeWeights(make));
  describe(`what setWeights keeps over ${name}`, () => describeKept(make));
  describe(`header routes over ${name}`, () => describeHeaderRoutes(make));
}

function describeReader(make: Make): void {
  it("tells a rule's weights, its listener and its load balancer", async () => {
    const set = await make();
    const { rule, listener } = trafficOf(set);
    const view = await set.trafficReader.rule(rule);
    expect(set.calls()).toEqual(["DescribeRules"]);
    expect(view).toMatchObject({ arn: rule, listenerArn: listener, sticky: false, otherActions: [] });
    expect(view.weights).toEqual(shares(set, 100, 0));
    expect(view.loadBalancer).toMatch(/^app\/web\/[0-9a-f]+$/);
  });

  it("tells a listener's default action under the listener's own ARN", async () => {
    const set = await make();
    const { listener } = trafficOf(set);
    const DefaultActions = [{ Type: "forward", TargetGroupArn: trafficOf(set).blue }];
    set.aws(ELB, "ModifyListener", { ListenerArn: listener, DefaultActions });
    const view = await set.trafficReader.rule(listener);
    expect(set.calls()).toEqual(["DescribeListeners"]);
    expect(view).toMatchObject({ arn: listener, listenerArn: listener });
    expect(view.weights).toEqual({ [trafficOf(set).blue]: 1 });
  });

  it("tells the health of each group with one call for each", async () => {
    const set = await make();
    const { blue, green } = trafficOf(set);
    expect(await set.trafficReader.health([blue, green])).toEqual([
      { targetGroupArn: blue, healthy: 2, unhealthy: 0, other: 0 },
      { targetGroupArn: green, healthy: 0, unhealthy: 0, other: 0 },
    ]);
    expect(set.calls()).toEqual(["DescribeTargetHealth", "DescribeTargetHealth"]);
  });

  it("finds the rule of a group that nobody named: the one that gives it most", async () => {
    const set = await make();
    const { blue, green, rule, testRule } = trafficOf(set);
    await set.trafficWriter.setWeights({
      rule: testRule ?? "",
      weights: shares(set, 0, 100),
      stickiness: "keep",
    });
    expect((await set.trafficReader.ruleOf(blue))?.arn).toBe(rule);
    expect((await set.trafficReader.ruleOf(green))?.arn).toBe(testRule);
    const lonely = set.aws(ELB, "CreateTargetGroup", {
      Name: "lonely",
      Protocol: "HTTP",
      Port: 80,
      VpcId: "vpc-0a",
    });
    const [group] = lonely["TargetGroups"] as unknown as readonly { readonly TargetGroupArn: string }[];
    expect(await set.trafficReader.ruleOf(group?.TargetGroupArn ?? "")).toBeUndefined();
  });

  it("says what is missing", async () => {
    const set = await make();
    const { rule, listener, blue } = trafficOf(set);
    const other = (arn: string) => arn.replace(/[0-9a-f]{4}$/, "0000");
    expect(await failure(set.trafficReader.rule(other(rule)))).toMatchObject({ code: "missing" });
    expect(await failure(set.trafficReader.rule(other(listener)))).toMatchObject({ code: "missing" });
    expect(await failure(set.trafficReader.health([other(blue)]))).toMatchObject({ code: "missing" });
    expect(await failure(set.trafficReader.rule("web"))).toMatchObject({ code: "input" });
  });
}

function describeWeights(make: Make): void {
  it("writes them after a fresh read, and not again where they stand", async () => {
    const set = await make();
    const { rule } = trafficOf(set);
    const change = { rule, weights: shares(set, 95, 5), stickiness: "keep" } as const;
    await set.trafficWriter.setWeights(change);
    expect(set.calls()).toEqual(["DescribeRules", "ModifyRule"]);
    expect((await set.trafficReader.rule(rule)).weights).toEqual(shares(set, 95, 5));
    set.calls();
    await set.trafficWriter.setWeights(change);
    expect(set.calls()).toEqual(["DescribeRules"]);
  });

  it("takes shares for the same whatever they add up to", async () => {
    const set = await make();
    write(set, [forward(set, 1, 1)]);
    const { rule } = trafficOf(set);
    await set.trafficWriter.setWeights({ rule, weights: shares(set, 50, 50), stickiness: "keep" });
    expect(set.calls()).toEqual(["DescribeRules"]);
  });

  it("writes nothing over weights that are not the expected ones", async () => {
    const set = await make();
    write(set, [forward(set, 70, 30)]);
    const { rule } = trafficOf(set);
    const change = { rule, weights: shares(set, 95, 5), stickiness: "keep" } as const;
    const expected = shares(set, 100, 0);
    expect(await failure(set.trafficWriter.setWeights({ ...change, expected }))).toMatchObject({
      code: "conflict",
    });
    expect((await set.trafficReader.rule(rule)).weights).toEqual(shares(set, 70, 30));
    await set.trafficWriter.setWeights({ ...change, expected: shares(set, 7, 3) });
    // A retry after a lost answer expects what was there before its own write.
    await set.trafficWriter.setWeights({ ...change, expected: shares(set, 7, 3) });
    expect((await set.trafficReader.rule(rule)).weights).toEqual(shares(set, 95, 5));
    await set.trafficWriter.setWeights({ ...change, weights: shares(set, 100, 0) });
    expect((await set.trafficReader.rule(rule)).weights).toEqual(shares(set, 100, 0));
  });

  it("writes a listener's default action on the listener, by its own ARN or by its default rule's", async () => {
    const set = await make();
    const { listener, blue } = trafficOf(set);
    set.aws(ELB, "ModifyListener", {
      ListenerArn: listener,
      DefaultActions: [{ Type: "forward", TargetGroupArn: blue }],
    });
    await set.trafficWriter.setWeights({ rule: listener, weights: shares(set, 90, 10), stickiness: "keep" });
    expect(set.calls()).toEqual(["DescribeListeners", "ModifyListener"]);
    const byRule = rulesOf(set).find(({ IsDefault }) => IsDefault)?.RuleArn ?? "";
    await set.trafficWriter.setWeights({ rule: byRule, weights: shares(set, 80, 20), stickiness: "keep" });
    expect(set.calls()).toEqual(["DescribeRules", "ModifyListener"]);
    expect((await set.trafficReader.rule(listener)).weights).toEqual(shares(set, 80, 20));
  });

  it("names a group that is to have nothing, so that its targets are checked at all", async () => {
    const set = await make();
    const { rule, blue, green } = trafficOf(set);
    write(set, [{ Type: "forward", TargetGroupArn: blue }]);
    await set.trafficWriter.setWeights({ rule, weights: shares(set, 100, 0), stickiness: "keep" });
    expect(Object.keys((await set.trafficReader.rule(rule)).weights)).toContain(green);
  });

  it("says what is missing and what forwards nothing", async () => {
    const set = await make();
    const { rule, listener } = trafficOf(set);
    const change = { weights: shares(set, 50, 50), stickiness: "keep" } as const;
    const gone = rule.replace(/[0-9a-f]{4}$/, "0000");
    expect(await failure(set.trafficWriter.setWeights({ ...change, rule: gone }))).toMatchObject({
      code: "missing",
    });
    // The listener's default action answers 404 by itself.
    expect(await failure(set.trafficWriter.setWeights({ ...change, rule: listener }))).toMatchObject({
      code: "input",
    });
  });
}

function describeKept(make: Make): void {
  const actionsOf = (set: RolloutSetUp): readonly Action[] => ruleOf(set).Actions ?? [];

  it("keeps who signs in before, the conditions and the priority", async () => {
    const set = await make();
    write(set, [COGNITO, forward(set, 100, 0)]);
    const before = ruleOf(set);
    const { rule } = trafficOf(set);
    expect((await set.trafficReader.rule(rule)).otherActions).toEqual(["authenticate-cognito"]);
    await set.trafficWriter.setWeights({ rule, weights: shares(set, 75, 25), stickiness: "keep" });
    const after = ruleOf(set);
    expect(after.Actions?.[0]).toEqual(before.Actions?.[0]);
    expect(after.Conditions).toEqual(before.Conditions);
    expect(after.Priority).toBe(before.Priority);
    expect((await set.trafficReader.rule(rule)).weights).toEqual(shares(set, 75, 25));
  });

  it("asks ELB to keep the client secret that it never tells", async () => {
    const set = await make();
    write(set, [OIDC, forward(set, 100, 0)]);
    const { rule } = trafficOf(set);
    await set.trafficWriter.setWeights({ rule, weights: shares(set, 75, 25), stickiness: "keep" });
    expect(actionsOf(set)[0]?.AuthenticateOidcConfig).toMatchObject({
      ClientId: "id",
      UseExistingClientSecret: true,
    });
  });

  it("keeps stickiness, or ends it where a rollback says so", async () => {
    const set = await make();
    const sticky = { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 600 } };
    write(set, [forward(set, 50, 50, sticky)]);
    const { rule } = trafficOf(set);
    await set.trafficWriter.setWeights({ rule, weights: shares(set, 40, 60), stickiness: "keep" });
    expect(actionsOf(set)[0]?.ForwardConfig).toMatchObject(sticky);
    // The weights stand already: it is the cookie that has to go.
    await set.trafficWriter.setWeights({ rule, weights: shares(set, 40, 60), stickiness: "off" });
    expect((await set.trafficReader.rule(rule)).sticky).toBe(false);
    await set.trafficWriter.setWeights({ rule, weights: shares(set, 100, 0), stickiness: "off" });
    expect((await set.trafficReader.rule(rule)).weights).toEqual(shares(set, 100, 0));
  });
}

function describeHeaderRoutes(make: Make): void {
  const routeOf = (set: RolloutSetUp, changes: object = {}) => ({
    listener: trafficOf(set).listener,
    rule: trafficOf(set).rule,
    header: "x-canary",
    values: ["always"],
    targetGroupArn: trafficOf(set).green,
    rollout: "r-0000000a",
    ...changes,
  });
  const made = (set: RolloutSetUp, before: readonly Rule[]): readonly Rule[] =>
    rulesOf(set).filter(({ RuleArn }) => !before.some((one) => one.RuleArn === RuleArn));

  it("sends the header's requests to the new group, before the production rule, and says whose it is", async () => {
    const set = await make();
    const before = rulesOf(set);
    await set.trafficWriter.setHeaderRoute(routeOf(set));
    const [route, ...more] = made(set, before);
    expect(more).toEqual([]);
    expect(Number(route?.Priority)).toBe(Number(ruleOf(set).Priority) - 1);
    expect(route?.Conditions).toMatchObject([
      ...(ruleOf(set).Conditions ?? []),
      { Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "x-canary", Values: ["always"] } },
    ]);
    expect(route?.Actions).toMatchObject([{ Type: "forward", TargetGroupArn: trafficOf(set).green }]);
    const tags = set.aws(ELB, "DescribeTags", { ResourceArns: [route?.RuleArn] });
    expect(tags["TagDescriptions"]).toMatchObject([
      { Tags: [{ Key: "fairlead:rollout", Value: "r-0000000a" }] },
    ]);
  });

  it("makes one for each rollout and header, and follows new values", async () => {
    const set = await make();
    const before = rulesOf(set);
    await set.trafficWriter.setHeaderRoute(routeOf(set));
    set.calls();
    await set.trafficWriter.setHeaderRoute(routeOf(set));
    expect(set.calls()).toEqual(["DescribeRules", "DescribeTags"]);
    await set.trafficWriter.setHeaderRoute(routeOf(set, { values: ["often", "always"] }));
    await set.trafficWriter.setHeaderRoute(routeOf(set, { header: "x-other" }));
    await set.trafficWriter.setHeaderRoute(routeOf(set, { rollout: "r-0000000b" }));
    const values = made(set, before).map(({ Conditions }) => Conditions?.at(-1)?.HttpHeaderConfig?.Values);
    expect(values.map((list) => list?.toSorted().join()).toSorted()).toEqual([
      "always",
      "always",
      "always,often",
    ]);
  });

  it("goes further forward where the priority before is taken, and says limit where none is left", async () => {
    const set = await make();
    const { listener, rule } = trafficOf(set);
    const SetRulePriorities = (Priority: number) =>
      set.aws(ELB, "SetRulePriorities", { RulePriorities: [{ RuleArn: rule, Priority }] });
    SetRulePriorities(11);
    const before = rulesOf(set);
    await set.trafficWriter.setHeaderRoute(routeOf(set));
    expect(made(set, before).map(({ Priority }) => Priority)).toEqual(["9"]);
    await set.trafficWriter.removeHeaderRoutes(listener, "r-0000000a");
    SetRulePriorities(1);
    expect(await failure(set.trafficWriter.setHeaderRoute(routeOf(set)))).toMatchObject({ code: "limit" });
  });

  it("lets nobody past the sign-in: kept where it can be, refused where it cannot", async () => {
    const set = await make();
    write(set, [COGNITO, forward(set, 100, 0)]);
    const before = rulesOf(set);
    await set.trafficWriter.setHeaderRoute(routeOf(set));
    expect(made(set, before)[0]?.Actions?.map(({ Type }) => Type)).toEqual([
      "authenticate-cognito",
      "forward",
    ]);
    await set.trafficWriter.removeHeaderRoutes(trafficOf(set).listener, "r-0000000a");
    write(set, [OIDC, forward(set, 100, 0)]);
    expect(await failure(set.trafficWriter.setHeaderRoute(routeOf(set)))).toMatchObject({ code: "input" });
    expect(made(set, before)).toEqual([]);
  });

  it("takes away the rollout's own rules, all of them, again and again, and nobody else's", async () => {
    const set = await make();
    const before = rulesOf(set);
    await set.trafficWriter.setHeaderRoute(routeOf(set));
    await set.trafficWriter.setHeaderRoute(routeOf(set, { header: "x-other" }));
    await set.trafficWriter.setHeaderRoute(routeOf(set, { rollout: "r-0000000b" }));
    const { listener } = trafficOf(set);
    await set.trafficWriter.removeHeaderRoutes(listener, "r-0000000a");
    await set.trafficWriter.removeHeaderRoutes(listener, "r-0000000a");
    expect(made(set, before)).toHaveLength(1);
    await set.trafficWriter.removeHeaderRoutes(listener, "r-0000000b");
    expect(rulesOf(set).map(({ RuleArn }) => RuleArn)).toEqual(before.map(({ RuleArn }) => RuleArn));
  });
}
