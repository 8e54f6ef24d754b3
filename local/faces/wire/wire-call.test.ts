// Who signed a request, in each of the forms in which AWS takes a signature.

import { describe, expect, it } from "vitest";
import { signer } from "./wire-call.ts";

const scope = "20261122/us-east-1/sqs/aws4_request";

describe("the signer of a request", () => {
  it.each([
    ["a header", { authorization: `AWS4-HMAC-SHA256 Credential=local-f/${scope}, SignedHeaders=host` }, "/"],
    [
      "a header for several Regions",
      { authorization: "AWS4-ECDSA-P256-SHA256 Credential=local-f/20261122/sqs/aws4_request, Signature=0" },
      "/",
    ],
    ["a presigned URL", {}, `/q?Action=SendMessage&X-Amz-Credential=local-f%2F${encodeURIComponent(scope)}`],
  ])("is read from %s", (_form, headers, url) => {
    expect(signer({ headers, url })).toEqual({ accessKeyId: "local-f", service: "sqs" });
  });

  it("is nobody when there is no signature", () => {
    expect(signer({ headers: {}, url: "/q?Action=SendMessage" })).toBeUndefined();
    expect(signer({ headers: { authorization: "Bearer x" }, url: undefined })).toBeUndefined();
  });
});
