// Signature Version 4 for HTTP calls that no SDK client makes. With the signer that the SDK brings along.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html

import type { Hash } from "node:crypto";
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { AppError } from "../../base/errors.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export type CredentialsSource = () => Promise<Credentials>;

/** As Lambda hands them over; asked for each time, because they change while a function lives. */
export const environmentCredentials =
  (environment: Readonly<Record<string, string | undefined>>): CredentialsSource =>
  async () => {
    const accessKeyId = environment["AWS_ACCESS_KEY_ID"];
    const secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"];
    const sessionToken = environment["AWS_SESSION_TOKEN"];
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new AppError("denied", "no credentials in the environment to sign with");
    }
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  };

/** SHA-256, or its HMAC with a key, behind the interface that the signer wants. */
class Sha256 {
  readonly #hash: Hash | ReturnType<typeof createHmac>;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new Error("a hash is used once");
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

export interface SignOrder {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly region: string;
  readonly service: string;
}

/** The headers of the call, with its signature among them. */
export async function signed(
  order: SignOrder,
  credentials: CredentialsSource,
): Promise<Record<string, string>> {
  const url = new URL(order.url);
  const signer = new SignatureV4({
    credentials,
    region: order.region,
    service: order.service,
    sha256: Sha256,
  });
  const request = await signer.sign({
    method: order.method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: queryOf(url),
    headers: { ...order.headers, host: url.host },
    body: order.body,
  });
  return request.headers;
}

function queryOf({ searchParams }: URL): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name)]),
  );
}
