// Conditions of rules: all of them must hold, any value of each is enough.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html

import { BlockList, isIP } from "node:net";
import type { RuleCondition } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { RequestHead } from "../traffic.ts";

type Test = (request: RequestHead) => boolean;

export function compileConditions(conditions: readonly RuleCondition[]): Test {
  const tests = conditions.map(compileCondition);
  const [first] = tests;
  if (first === undefined) return () => true;
  return tests.length === 1 ? first : (request) => tests.every((test) => test(request));
}

function compileCondition(condition: RuleCondition): Test {
  switch (condition.Field) {
    case "host-header": {
      const config = condition.HostHeaderConfig;
      const test = textTest(config?.Values ?? condition.Values, config?.RegexValues, "i");
      return (request) => test(withoutPort(request.host));
    }
    case "path-pattern": {
      const config = condition.PathPatternConfig;
      const test = textTest(config?.Values ?? condition.Values, config?.RegexValues, "");
      return (request) => test(request.path);
    }
    case "http-header":
      return headerTest(condition);
    case "http-request-method": {
      const methods = new Set(condition.HttpRequestMethodConfig?.Values);
      return (request) => methods.has(request.method);
    }
    case "query-string":
      return queryTest(condition);
    case "source-ip":
      return sourceTest(condition.SourceIpConfig?.Values ?? []);
    default:
      return () => false;
  }
}

const withoutPort = (host: string): string => host.replace(/:\d+$/, "");

function textTest(
  patterns: readonly string[] | undefined,
  regexes: readonly string[] | undefined,
  flags: "" | "i",
): (text: string) => boolean {
  const tests = [
    ...(patterns ?? []).map((pattern) => wildcard(pattern, flags)),
    ...(regexes ?? []).map((regex) => new RegExp(regex, flags)),
  ];
  return (text) => tests.some((test) => test.test(text));
}

/** `*` stands for any characters, `?` for exactly one; a backslash takes their meaning away. */
function wildcard(pattern: string, flags: "" | "i"): RegExp {
  const source = pattern.replace(/\\([*?\\])|[\\^$.|?*+()[\]{}]/g, (found, escaped: string | undefined) => {
    if (escaped !== undefined) return `\\${escaped}`;
    if (found === "*") return "[^]*";
    return found === "?" ? "[^]" : `\\${found}`;
  });
  return new RegExp(`^${source}$`, flags);
}

function headerTest({ HttpHeaderConfig: config }: RuleCondition): Test {
  const name = (config?.HttpHeaderName ?? "").toLowerCase();
  const test = textTest(config?.Values, config?.RegexValues, "i");
  return (request) => {
    const value = request.headers[name];
    return value !== undefined && test(value);
  };
}

function queryTest({ QueryStringConfig: config }: RuleCondition): Test {
  const pairs = (config?.Values ?? []).map(({ Key: key, Value: value = "" }) => ({
    key: key === undefined ? undefined : wildcard(key, "i"),
    value: wildcard(value, "i"),
  }));
  return (request) => {
    const given = [...new URLSearchParams(request.query)];
    return pairs.some((pair) =>
      given.some(([key, value]) => (pair.key === undefined || pair.key.test(key)) && pair.value.test(value)),
    );
  };
}

/** The address of the connection's other end, never X-Forwarded-For (same page). */
function sourceTest(ranges: readonly string[]): Test {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits = ""] = range.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return ({ sourceIp }) => {
    const family = isIP(sourceIp);
    return family !== 0 && list.check(sourceIp, family === 6 ? "ipv6" : "ipv4");
  };
}
