// Conditions of rules: wildcards, escapes, letters, ranges of addresses.

import type { RuleCondition } from "@aws-sdk/client-elastic-load-balancing-v2";
import { describe, expect, it } from "vitest";
import { compileConditions } from "./conditions.ts";
import { request } from "./elb-fixture.ts";

const path = (...Values: string[]): RuleCondition => ({
  Field: "path-pattern",
  PathPatternConfig: { Values },
});
const host = (...Values: string[]): RuleCondition => ({ Field: "host-header", HostHeaderConfig: { Values } });
const query = (Key: string | undefined, Value: string): RuleCondition => ({
  Field: "query-string",
  QueryStringConfig: { Values: [Key === undefined ? { Value } : { Key, Value }] },
});
const source = (...Values: string[]): RuleCondition => ({ Field: "source-ip", SourceIpConfig: { Values } });

describe("conditions", () => {
  it.each([
    [path("/img/*"), { path: "/img/" }, true],
    [path("/img/*"), { path: "/img" }, false],
    [path("/img/*/pics"), { path: "/img/a/b/pics" }, true],
    [path("/a?c"), { path: "/abc" }, true],
    [path("/a?c"), { path: "/ac" }, false],
    [path("/a.c"), { path: "/abc" }, false],
    [path("/a\\*c"), { path: "/a*c" }, true],
    [path("/a\\*c"), { path: "/abc" }, false],
    [path("/(x|y)+$"), { path: "/(x|y)+$" }, true],
    [path("/ABC"), { path: "/abc" }, false],
    [path("/a", "/b"), { path: "/b" }, true],
    [{ Field: "path-pattern", Values: ["/old"] }, { path: "/old" }, true],
    [{ Field: "path-pattern", PathPatternConfig: { RegexValues: ["^/v\\d+/"] } }, { path: "/v12/x" }, true],
    [host("*.Example.com"), { host: "a.EXAMPLE.com:8080" }, true],
    [host("*.example.com"), { host: "example.com" }, false],
    [query("version", "v*"), { query: "a=b&VERSION=V2" }, true],
    [query("version", "v*"), { query: "version=2" }, false],
    [query(undefined, "x"), { query: "any=x" }, true],
    [query("q", "a b"), { query: "q=a%20b" }, true],
    [source("10.0.0.0/8"), { sourceIp: "10.255.0.1" }, true],
    [source("10.0.0.0/8"), { sourceIp: "11.0.0.1" }, false],
    [source("2001:db8::/32"), { sourceIp: "2001:db8:1::1" }, true],
    [source("2001:db8::/32"), { sourceIp: "10.0.0.1" }, false],
    [
      { Field: "http-request-method", HttpRequestMethodConfig: { Values: ["GET"] } },
      { method: "get" },
      false,
    ],
    [{ Field: "no-such-field" }, {}, false],
  ] as const)("%j of %j: %s", (condition, change, expected) => {
    expect(compileConditions([condition as RuleCondition])(request(change))).toBe(expected);
  });

  it("must all hold", () => {
    const both = compileConditions([path("/a*"), host("x.test")]);
    expect(both(request({ path: "/ab", host: "x.test" }))).toBe(true);
    expect(both(request({ path: "/ab", host: "y.test" }))).toBe(false);
    expect(compileConditions([])(request())).toBe(true);
  });
});
