// The fleet manifest: defaults, limits, and what a person is told about a mistake.

import { describe, expect, it } from "vitest";
import { AppError } from "../base/errors.ts";
import { templateProblem } from "./manifest/discovery.ts";
import { parseManifest } from "./manifest.ts";
import { TEMPLATE_NAMES } from "./template-names.ts";

const scope = { account: "123123123123", region: "eu-west-3" };
const policies = (text: string) => Object.fromEntries(parseManifest(text, "fleet.yaml", scope).policies);

function problemsOf(text: string): readonly string[] {
  try {
    parseManifest(text, "fleet.yaml", scope);
  } catch (error) {
    if (error instanceof AppError && error.code === "input") return error.message.split("\n");
    throw error;
  }
  return [];
}

const withRegistry = (registry: object, discovery: object = {}) =>
  JSON.stringify({
    version: 1,
    services: {
      "quay/crane": { discovery: { registries: [{ service: "srv-1", ...registry }], ...discovery } },
    },
  });

describe("parseManifest", () => {
  it("fills in the defaults: observe, half at most, nothing forced", () => {
    expect(policies(withRegistry({}))).toEqual({
      "123123123123/eu-west-3/quay/crane": {
        discovery: {
          mode: "observe",
          registries: [{ service: "srv-1", address: "ipv4", requireHealthy: false, attributes: {} }],
          maxRemoveShare: 0.5,
          force: false,
          drainMs: 60_000,
        },
      },
    });
  });

  it("reads YAML: services, task groups and names of other accounts", () => {
    const text = `
version: 1
services:
  quay/crane: {}
  444444444444/us-east-1/quay/crane: {}
tasks:
  quay/family:report:
    discovery: { mode: act, drainSeconds: 5, registries: [{ service: srv-2, weight: 3, attributes: { rev: "{{revision}}", n: 1 } }] }
`;
    const found = policies(text);
    expect(Object.keys(found)).toEqual([
      "123123123123/eu-west-3/quay/crane",
      "444444444444/us-east-1/quay/crane",
      "123123123123/eu-west-3/quay/group:family:report",
    ]);
    expect(found["123123123123/eu-west-3/quay/group:family:report"]?.discovery).toMatchObject({
      mode: "act",
      drainMs: 5_000,
      registries: [{ weight: 3, attributes: { rev: "{{revision}}", n: "1" } }],
    });
  });

  it("names every problem with file, line, path, what was found and what is allowed", () => {
    const text = `version: 1
services:
  quay/crane:
    discovery:
      mode: acting
      registries:
        - service: srv-1
          prot: 80
          port: 70000
`;
    const at = 'services["quay/crane"].discovery';
    expect(problemsOf(text)).toEqual([
      `fleet.yaml:5: ${at}.mode: found "acting", expected observe | approve | act`,
      `fleet.yaml:9: ${at}.registries[0].port: found 70000, expected a whole number from 1 to 65535`,
      `fleet.yaml:8: ${at}.registries[0].prot: found a name that is not known, expected one of service, container, port, portName, address, requireHealthy, attributes, weight`,
    ]);
  });

  it.each<[string, string, RegExp]>([
    ["another version", '{"version": 2}', /version: found 2, expected 1/],
    [
      "an unknown name",
      '{"version": 1, "service": {}}',
      /service: found a name that is not known, expected one of version, services, tasks/,
    ],
    [
      "a name without cluster",
      '{"version": 1, "services": {"crane": {}}}',
      /found the name "crane", expected cluster\/service/,
    ],
    [
      "a service among the tasks",
      '{"version": 1, "tasks": {"quay/service:crane": {}}}',
      /expected cluster\/group/,
    ],
    ["no object", "[]", /the whole file\): found a list of 0/],
    ["nothing", "", /the whole file\): found null/],
    ["a name twice", "version: 1\nversion: 1", /fleet\.yaml:2:1: not YAML: Map keys must be unique/],
    ["broken YAML", "version: [", /fleet\.yaml:1:\d+: not YAML/],
    ["an alias of nothing", "version: *one", /not YAML/],
    ["a registry by name", withRegistry({ service: "web.local" }), /expected a Cloud Map service id/],
    [
      "an unknown placeholder",
      withRegistry({ attributes: { a: "{{revison}}" } }),
      /\{\{revison\}\} is not: cluster, /,
    ],
    ["an open placeholder", withRegistry({ attributes: { a: "{{revision" } }), /every \{\{ to be closed/],
    [
      "a reserved attribute",
      withRegistry({ attributes: { AWS_INSTANCE_PORT: "1" } }),
      /does not begin with AWS_/,
    ],
    [
      "our own attribute",
      withRegistry({ attributes: { "fairlead.owner": "x" } }),
      /does not begin with AWS_ or fairlead/,
    ],
    ["an attribute name with a space", withRegistry({ attributes: { "a b": "x" } }), /without spaces/],
    ["a long attribute name", withRegistry({ attributes: { ["n".repeat(256)]: "x" } }), /at most 255/],
    ["a long value", withRegistry({ attributes: { a: "x".repeat(1_025) } }), /at most 1024/],
    ["a share of nothing", withRegistry({}, { maxRemoveShare: 0 }), /above 0, at most 1/],
    ["no registry", withRegistry({}, { registries: [] }), /at least one registry/],
  ])("refuses %s", (_what, text, problem) => {
    expect(problemsOf(text).join("\n")).toMatch(problem);
  });

  it("leaves room for Fairlead's own attributes within Cloud Map's 30", () => {
    const attributes = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, "x"]));
    expect(problemsOf(withRegistry({ attributes: attributes(29) }))).toEqual([]);
    expect(problemsOf(withRegistry({ attributes: attributes(30) }))[0]).toContain("at most 29");
    expect(problemsOf(withRegistry({ attributes: attributes(29), weight: 1 }))[0]).toContain("at most 28");
  });

  it("refuses two names for one key", () => {
    const twice = '{"version": 1, "services": {"quay/crane": {}, "123123123123/eu-west-3/quay/crane": {}}}';
    expect(problemsOf(twice)[0]).toContain("stands in the file already");
  });

  it("refuses a file that multiplies itself by aliases", () => {
    const levels = Array.from(
      { length: 9 },
      (_, index) => `a${index + 1}: &a${index + 1} [${Array(9).fill(`*a${index}`).join(", ")}]`,
    );
    expect(problemsOf(`a0: &a0 [x]\n${levels.join("\n")}`)[0]).toMatch(/not YAML: Excessive alias count/);
  });
});

describe("templateProblem", () => {
  it("knows the whole vocabulary and tags", () => {
    for (const name of [...TEMPLATE_NAMES, "tag_team", "tag_aws:ecs:x"])
      expect(templateProblem(`v-{{ ${name} }}`)).toBeUndefined();
  });

  it.each(["{{}}", "{{ }}", "{{tag_}}", "{{constructor}}", "}}", "{{a{{port}}"])("refuses %s", (template) => {
    expect(templateProblem(template)).toBeDefined();
  });
});
