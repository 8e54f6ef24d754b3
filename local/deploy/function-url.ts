// AWS::Lambda::Url: the way into a function from outside. Whoever calls signs with SigV4 for the service `lambda`;
// as everywhere here, roles of the deployment are held to their policies, and everybody else is an administrator.

import { AppError } from "../../shared/base/errors.ts";
import type { Caller } from "../runtime/function-url.ts";
import { startFunctionUrl } from "../runtime/function-url.ts";
import type { CreateResource, Site } from "./site.ts";

/** Both, since October 2025: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html */
const NEEDED = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];

export const createFunctionUrl: CreateResource = async ({ site, properties, stack, logicalId }) => {
  const wanted = String(properties["TargetFunctionArn"]);
  const target = [...site.functions.values()].find(({ name, arn }) => wanted === name || wanted === arn);
  if (target === undefined) throw new AppError("input", `there is no function ${wanted}`);
  const { AuthType: authType, InvokeMode: mode = "BUFFERED" } = properties;
  if (authType !== "AWS_IAM" && authType !== "NONE")
    throw new AppError("input", `AuthType is ${String(authType)}: expected AWS_IAM or NONE`);
  if (mode !== "BUFFERED")
    throw new AppError("input", `InvokeMode is ${String(mode)}: the local AWS knows BUFFERED`);
  const { arn: functionArn, lambda } = target;
  const admit = (accessKeyId: string) => callerOf(site, { accessKeyId, functionArn });
  const { url, stop } = await startFunctionUrl({ lambda, authType, admit });
  const { name } = target;
  site.urls.set(functionArn, { stack: stack.name, logicalId, name, arn: functionArn, url, stop });
  return { ref: functionArn, attributes: { FunctionArn: functionArn, FunctionUrl: url } };
};

interface Knock {
  readonly accessKeyId: string;
  readonly functionArn: string;
}

async function callerOf(site: Site, { accessKeyId, functionArn }: Knock): Promise<Caller | undefined> {
  const { account, authority } = site;
  const person = {
    accessKey: accessKeyId,
    accountId: account,
    callerId: `AIDALOCAL${accessKeyId}`,
    userArn: `arn:aws:iam::${account}:user/${accessKeyId}`,
    userId: `AIDALOCAL${accessKeyId}`,
  };
  const signed = authority.roles.signer(accessKeyId);
  if (signed === undefined) return authority.roles.isForeign(accessKeyId) ? person : undefined;
  const { sessionArn, roleArn } = signed.principal;
  const as = { roleArn, sessionName: sessionArn.slice(sessionArn.lastIndexOf("/") + 1) };
  for (const action of NEEDED) {
    if ((await authority.act({ as, action, resource: functionArn })) !== undefined) return undefined;
  }
  const id = `AROALOCAL:${as.sessionName}`;
  return { ...person, callerId: id, userArn: sessionArn, userId: id };
}
