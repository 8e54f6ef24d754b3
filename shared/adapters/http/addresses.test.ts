// Which addresses a policy may make us call: the public internet over https, and nothing of the inside.

import { describe, expect, it } from "vitest";
import type { AppError } from "../../base/errors.ts";
import { checkedLookup, checkedUrl } from "./addresses.ts";

const inAccount = { loopback: false };
const local = { loopback: true };

describe("an address", () => {
  it.each([
    "https://hooks.slack.com/services/T0/B0/x",
    "https://aps-workspaces.eu-west-3.amazonaws.com/workspaces/ws-1",
    "https://203.0.113.9:8443/x",
    "https://[2606:4700::1111]/x",
  ])("%s is called", (url) => {
    expect(checkedUrl(url, inAccount).href).toBe(url);
  });

  it.each([
    "http://example.com/x",
    "ftp://example.com/x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "hooks.slack.com/services",
    "",
    "https://user:secret@example.com/x",
    "https://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "https://2852039166/latest/meta-data/",
    "https://0xa9fea9fe/",
    "https://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[fd00:ec2::254]/latest/",
    "https://[fe80::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
  ])("%s is not", (url) => {
    expect(() => checkedUrl(url, inAccount)).toThrow(expect.objectContaining({ code: "input" }));
  });

  it.each(["http://127.0.0.1:8080/x", "http://localhost:8080/x", "http://[::1]:8080/x"])(
    "%s is called in local runs alone",
    (url) => {
      expect(checkedUrl(url, local).href).toBe(url);
      expect(() => checkedUrl(url, inAccount)).toThrow(expect.objectContaining({ code: "input" }));
    },
  );

  it("never shows more than the host: a webhook's path is its password", () => {
    const refusal = (url: string): string => {
      try {
        checkedUrl(url, inAccount);
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    for (const url of [
      "http://example.com/secret",
      "https://10.0.0.1/secret",
      "https://u:secret@example.com/",
    ])
      expect(refusal(url)).not.toContain("secret");
  });
});

describe("a name", () => {
  const resolved = (name: string, rules: { readonly loopback: boolean }) =>
    new Promise<AppError | string | undefined>((resolve) => {
      checkedLookup(rules)(name, { all: false }, (error, address) => {
        resolve(error === null ? String(address) : (error as unknown as AppError)); // -- reason: ours, through Node's type
      });
    });

  it("that points to the inside is refused when it is resolved", async () => {
    expect(await resolved("localhost", inAccount)).toMatchObject({ code: "input" });
    expect(["127.0.0.1", "::1"]).toContain(await resolved("localhost", local));
  });
});
