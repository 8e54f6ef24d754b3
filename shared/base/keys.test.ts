// Keys by table, and that each is read back as it was made.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Key, KeyParts } from "./keys.ts";
import { feedKeyOf, groupIdOf, keyOf, parseKey, trafficFeedKeyOf } from "./keys.ts";

const scope = { account: "111122223333", region: "eu-west-3" };

const forms: readonly (readonly [KeyParts, string])[] = [
  [{ kind: "service", cluster: "quay", name: "crane", ...scope }, "111122223333/eu-west-3/quay/crane"],
  [
    { kind: "group", cluster: "quay", name: "family:report", ...scope },
    "111122223333/eu-west-3/quay/group:family:report",
  ],
  [{ kind: "instance", cluster: "quay", id: "ab", ...scope }, "instance:111122223333/eu-west-3/quay/ab"],
  [{ kind: "daemon", cluster: "quay", name: "logs", ...scope }, "daemon:111122223333/eu-west-3/quay/logs"],
  [{ kind: "task", cluster: "quay", id: "ab", ...scope }, "task:111122223333/eu-west-3/quay/ab"],
  [{ kind: "cluster", name: "quay", ...scope }, "cluster:111122223333/eu-west-3/quay"],
  [{ kind: "host", id: "i-0", ...scope }, "host:111122223333/eu-west-3/i-0"],
  [{ kind: "alarm", name: "a/b: c", ...scope }, "alarm:111122223333/eu-west-3/a/b: c"],
  [{ kind: "source", name: "org/repo", ...scope }, "source:111122223333/eu-west-3/org/repo"],
  [{ kind: "feed", name: "metrics", ...scope }, "feed:111122223333/eu-west-3/metrics"],
];

describe("keys", () => {
  it.each(forms)("%o is %s", (parts, key) => {
    expect(keyOf(parts)).toBe(key);
    expect(parseKey(key)).toEqual(parts);
  });

  it("are read back as they were made", () => {
    const name = fc.stringMatching(/^[a-zA-Z0-9_-]{1,40}$/);
    const where = { account: fc.stringMatching(/^\d{12}$/), region: name };
    const free = fc.string({ minLength: 1, unit: "binary" });
    const parts: fc.Arbitrary<KeyParts> = fc.oneof(
      fc.record({ ...where, kind: fc.constantFrom("service", "daemon"), cluster: name, name }),
      fc.record({ ...where, kind: fc.constant("group"), cluster: name, name: fc.string({ unit: "binary" }) }),
      fc.record({ ...where, kind: fc.constantFrom("instance", "task"), cluster: name, id: name }),
      fc.record({ ...where, kind: fc.constantFrom("cluster", "alarm", "source", "feed"), name: free }),
      fc.record({ ...where, kind: fc.constant("host"), id: name }),
    ) as fc.Arbitrary<KeyParts>;
    fc.assert(
      fc.property(parts, (one) => {
        expect(parseKey(keyOf(one))).toEqual(one);
      }),
    );
  });

  it.each([
    "",
    "quay/crane",
    "111122223333/eu-west-3/quay",
    "1/r//crane",
    "1/r/quay/",
    "what:1/r/quay/crane",
  ])("%j is none, and the error shows the form", (text) => {
    expect(() => parseKey(text)).toThrow(
      expect.objectContaining({ code: "input", message: expect.stringContaining("expected") }),
    );
  });
});

describe("groupIdOf", () => {
  const key = (name: string) => `1/r/c/${name}` as Key;
  it.each([
    { case: "a short key is its own group", name: "crane", own: true },
    { case: "128 characters", name: "x".repeat(122), own: true },
    { case: "129 characters", name: "x".repeat(123), own: false },
    { case: "a space, which SQS refuses", name: "a b", own: false },
    { case: "an umlaut", name: "ä", own: false },
  ])("$case", ({ name, own }) => {
    const group = groupIdOf(key(name));
    expect(group === key(name)).toBe(own);
    expect(group).toMatch(/^[\x21-\x7e]{1,128}$/);
  });
});

describe("feeds", () => {
  it("are one for the metrics of an account and Region", () => {
    expect(feedKeyOf(scope)).toBe("feed:111122223333/eu-west-3/metrics");
  });

  const arn = (resource: string) => `arn:aws:elasticloadbalancing:eu-west-3:111122223333:${resource}`;
  it.each([
    [arn("listener-rule/app/quay/50dc/a1/b2"), "feed:111122223333/eu-west-3/traffic/app/quay/50dc"],
    [arn("listener/app/quay/50dc/a1"), "feed:111122223333/eu-west-3/traffic/app/quay/50dc"],
    [arn("loadbalancer/net/pier/60dc"), "feed:111122223333/eu-west-3/traffic/net/pier/60dc"],
    [arn("targetgroup/blue/50dc"), undefined],
    ["arn:aws:ecs:eu-west-3:111122223333:service/quay/crane", undefined],
    ["", undefined],
  ])("%s is told at %s", (resource, key) => {
    expect(trafficFeedKeyOf(resource)).toBe(key);
  });
});
