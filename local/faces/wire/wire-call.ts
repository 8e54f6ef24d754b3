// One request as the wire sees it before it is decoded: which operation of which service, by whom.

import type { IncomingMessage } from "node:http";
import type { ModelledService } from "./world-api.ts";

export interface WireCall {
  /** IAM's prefix: `ecs`, `sqs`, `dynamodb`, … */
  readonly service: string;
  readonly operation: string;
  /** Who signed; undefined when the request is not signed. Signatures themselves are not checked. */
  readonly accessKeyId: string | undefined;
}

/** Hears of every call before it is served; throwing an AwsError refuses it (IAM, faults). */
export type CallListener = (call: WireCall) => void;

/** A call whose input is decoded; it is read only when somebody asks for it. */
export interface DecodedCall extends WireCall {
  readonly input: () => object;
}

/** Decides whether the caller may do it; throws the AwsError of the service. */
export type Authorizer = (call: DecodedCall) => Promise<void>;

export type JsonTarget =
  | { readonly kind: "modelled"; readonly service: ModelledService; readonly operation: string }
  | { readonly kind: "table"; readonly operation: string }
  | { readonly kind: "queue"; readonly operation: string };

const TARGETS: Readonly<Record<string, ModelledService | "table" | "queue">> = {
  AmazonEC2ContainerServiceV20141113: "ecs",
  Route53AutoNaming_v20170314: "servicediscovery",
  AmazonSSM: "ssm",
  GraniteServiceVersion20100801: "cloudwatch",
  AWSEvents: "events",
  DynamoDB_20120810: "table",
  AmazonSQS: "queue",
};

/** undefined when the `x-amz-target` names no service of this face. */
export function parseTarget(target: string): JsonTarget | undefined {
  const dot = target.lastIndexOf(".");
  const service = TARGETS[target.slice(0, dot)];
  const operation = target.slice(dot + 1);
  if (service === undefined) return undefined;
  return service === "table" || service === "queue"
    ? { kind: service, operation }
    : { kind: "modelled", service, operation };
}

export interface Signer {
  readonly accessKeyId: string;
  readonly service: string;
}

/**
 * `AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/ecs/aws4_request, …`; without the Region for several
 * Regions; the same in the query of a presigned URL.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
 */
export function signer({ headers, url }: Pick<IncomingMessage, "headers" | "url">): Signer | undefined {
  const query = new URLSearchParams(url?.split("?")[1]);
  const signed = /\bCredential=([^\s,]+)/.exec(headers.authorization ?? "")?.[1];
  const credential = signed ?? query.get("X-Amz-Credential");
  if (credential === null) return undefined;
  const [accessKeyId = "", ...scope] = credential.split("/");
  return accessKeyId === "" ? undefined : { accessKeyId, service: scope.at(-2) ?? "" };
}
