// Every error name that stands in the world's code is one of its service, with the status that AWS gives it.

import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { AwsError } from "../world/kernel.ts";
import { createThrottle } from "../world/throttle.ts";
import { checkRefusal } from "./model-check.ts";
import { modelData } from "./model-data.ts";

const WORLD = fileURLToPath(new URL("../world/", import.meta.url));

const FOLDERS = {
  ecs: "ecs",
  elb: "elasticloadbalancing",
  "cloud-map": "servicediscovery",
  cloudwatch: "cloudwatch",
  events: "events",
} as const;

interface Named {
  readonly file: string;
  readonly error: AwsError;
}

/** `new AwsError("Name", …, { status: 404 })`; names put together at run time are left to the other tests. */
function errorsIn(folder: string): readonly Named[] {
  return globSync(`${folder}/**/*.ts`, { cwd: WORLD })
    .filter((file) => !file.endsWith(".test.ts"))
    .flatMap((file) => {
      const text = readFileSync(`${WORLD}${file}`, "utf8");
      return [...text.matchAll(/new AwsError\(\s*"([\w.]+)"([^;]*);/g)].map(([, name = "", rest = ""]) => {
        const status = /status: (\d+)/.exec(rest)?.[1];
        return {
          file,
          error: new AwsError(name, "", status === undefined ? {} : { status: Number(status) }),
        };
      });
    });
}

/** An error fits a service when at least one of its operations may answer it. */
function faultOf(service: string, error: AwsError): string | undefined {
  const operations = Object.keys(modelData().services[service]?.operations ?? {});
  const faults = operations.map((operation) => checkRefusal(service, operation, error));
  return faults.some((found) => found.length === 0) ? undefined : faults.flat().sort().at(-1);
}

describe("the errors that the world names", () => {
  it.each(Object.entries(FOLDERS))("in %s are those of %s", (folder, service) => {
    const named = errorsIn(folder);
    expect(named.length).toBeGreaterThan(0);
    const faults = named.flatMap(({ file, error }) => {
      const fault = faultOf(service, error);
      return fault === undefined ? [] : [`${file}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  it("would be found when AWS has no such error, or another status", () => {
    expect(faultOf("ecs", new AwsError("ServiceNotFound", ""))).toMatch("not an error of this operation");
    expect(faultOf("cloudwatch", new AwsError("ResourceNotFound", ""))).toMatch("status 400, not 404");
  });

  it.each(
    Object.entries(modelData().services).flatMap(([service, { operations }]) =>
      Object.keys(operations).map((operation) => ({ service, operation })),
    ),
  )("for a throttled $service $operation are one that it may answer", ({ service, operation }) => {
    const throttle = createThrottle({ now: () => 0 as never, enforce: true });
    const refused = (() => {
      for (let call = 0; call < 2_000; call += 1) {
        try {
          throttle.take(service, operation);
        } catch (error) {
          return error;
        }
      }
      return undefined;
    })();
    if (refused === undefined) return;
    expect(refused).toBeInstanceOf(AwsError);
    expect(checkRefusal(service, operation, refused as AwsError)).toEqual([]);
  });
});
