// The matcher against regular expressions that say the same.

import fc from "fast-check";
import { expect, it } from "vitest";
import { compile, filled, matches, matchesArn, matchesResource } from "./wildcard.ts";

const letters = fc.string({
  unit: fc.constantFrom("a", "b", "/", ":", "*", "?", "$", "{", "."),
  maxLength: 12,
});
const compiled = (text: string): string =>
  filled(compile(text, { variables: false, wildcards: true }), () => undefined) ?? "";

it("matches as the same regular expression does", () => {
  fc.assert(
    fc.property(letters, letters, (text, pattern) => {
      const source = pattern
        .replace(/[.$+^{}()|[\]\\]/g, "\\$&")
        .replaceAll("*", "[^]*")
        .replaceAll("?", "[^]");
      expect(matches(text, compiled(pattern))).toBe(new RegExp(`^${source}$`).test(text));
    }),
    { numRuns: 5_000 },
  );
});

it("matches every text with itself written as escapes", () => {
  fc.assert(
    fc.property(letters, (text) => {
      const escaped = text.replace(/[*?$]/g, (sign) => `\${${sign}}`);
      const pattern = compile(escaped, { variables: true, wildcards: true });
      expect(filled(pattern, () => undefined)).toBe(text);
    }),
  );
});

it("stays quick where a backtracking matcher does not", () => {
  expect(matches("a".repeat(5_000), compiled(`${"a*".repeat(50)}b`))).toBe(false);
});

it.each([
  ["arn:aws:*:orders", true],
  ["arn:*:orders", true],
  ["arn:aws:sqs:us-*:orders", true],
  ["arn:aws:sqs:us-*-1:orders", false],
  ["arn:aws:sqs:us-east-?:orders", false],
  ["arn:aws:sqs:us-east-1?123456789012:orders", false],
  ["arn:aws:*:order", false],
])("lets a wildcard that ends a part of a resource reach on: %s", (pattern, isMatch) => {
  expect(matchesResource("arn:aws:sqs:us-east-1:123456789012:orders", compiled(pattern))).toBe(isMatch);
});

it("never lets a wildcard of a condition reach over the colons of an ARN", () => {
  const arn = "arn:aws:sqs:us-east-1:123456789012:orders";
  expect(matchesArn(arn, compiled("arn:aws:*:orders"))).toBe(false);
  expect(matchesArn(arn, compiled("arn:*:*:*:*:orders"))).toBe(true);
});
