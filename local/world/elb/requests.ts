// What several create operations do with their input: names, and recognizing the same request again.

import { invalid } from "./context.ts";

/** Letters, digits and hyphens, at most 32: API_CreateLoadBalancer, API_CreateTargetGroup. */
export function checkName(kind: "Load balancer" | "Target group", name: string | undefined): string {
  const given = name ?? "";
  if (given === "" || given.length > 32)
    throw invalid(`${kind} name '${given}' cannot be longer than '32' characters`);
  if (!/^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/.test(given)) {
    throw invalid(
      `${kind} name '${given}' can only contain characters that are alphanumeric characters and hyphens(-), and cannot begin or end with a hyphen`,
    );
  }
  return given;
}

/** Tags do not count. */
export const requestText = ({ Tags: _tags, ...input }: { readonly Tags?: unknown }): string =>
  JSON.stringify(Object.entries(input).sort(([a], [b]) => (a < b ? -1 : 1)));
