// The signature against one that is made by hand, step by step as AWS describes it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { environmentCredentials, signed } from "./sign.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const order = {
  method: "POST",
  url: "https://aps.example/workspaces/ws 1/api/v1/query_range?b=2&a=1",
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: "query=up",
  region: "eu-west-3",
  service: "aps",
};

function signatureByHand(headers: Readonly<Record<string, string>>): string {
  const names = Object.keys(headers)
    .filter((name) => name !== "authorization")
    .map((name) => name.toLowerCase())
    .sort();
  const canonical = [
    "POST",
    // Encoded once in the URL, once more for the signature, as for every service but S3.
    "/workspaces/ws%25201/api/v1/query_range",
    "a=1&b=2",
    ...names.map((name) => `${name}:${headers[name] ?? ""}`),
    "",
    names.join(";"),
    sha256(order.body),
  ].join("\n");
  const instant = headers["x-amz-date"] ?? "";
  const scope = `${instant.slice(0, 8)}/${order.region}/${order.service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", instant, scope, sha256(canonical)].join("\n");
  const key = [instant.slice(0, 8), order.region, order.service, "aws4_request"].reduce<string | Buffer>(
    (last, part) => hmac(last, part),
    `AWS4${secretAccessKey}`,
  );
  return hmac(key, text).toString("hex");
}

describe("signed", () => {
  it.each([[undefined], ["session"]])("signs as AWS checks it (token %s)", async (sessionToken) => {
    const credentials = environmentCredentials({
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    });
    const headers = await signed(order, credentials);
    expect(headers["x-amz-security-token"]).toBe(sessionToken);
    expect(headers["authorization"]?.split("Signature=")[1]).toBe(signatureByHand(headers));
  });

  it("is denied without credentials", async () => {
    await expect(signed(order, environmentCredentials({}))).rejects.toMatchObject({ code: "denied" });
  });
});
