// Attributes: the whole vocabulary of templates, reserved names and Cloud Map's limits.

import { describe, expect, it } from "vitest";
import {
  container,
  fact,
  host,
  hostArn,
  OWNER,
  registryPolicy,
  view,
} from "../../../test/support/discovery-builders.ts";
import { TEMPLATE_NAMES } from "../../contracts/template-names.ts";
import { hashOf, needsHost, needsTags, OWNER_ATTRIBUTE, renderAttributes } from "./attributes.ts";
import type { Endpoint } from "./endpoint.ts";
import type { TaskView } from "./observation.ts";

const endpoint: Endpoint = { ipv4: "10.0.0.1", port: 8080 };
const render = (attributes: Readonly<Record<string, string>>, task: TaskView = view(1), at = endpoint) =>
  renderAttributes({ view: task, policy: registryPolicy({ attributes }), endpoint: at, owner: OWNER });

const rich = view(
  1,
  {
    capacityProvider: "FARGATE_SPOT",
    platformFamily: "Linux",
    platformVersion: "1.4.0",
    containerInstanceArn: hostArn("h1"),
    tags: { team: "harbour" },
  },
  { host: host(), publicIp: "203.0.113.5" },
);

/** Every word of the vocabulary, and what it says of the task above. */
const vocabulary: Readonly<Record<(typeof TEMPLATE_NAMES)[number], string>> = {
  cluster: "quay",
  cluster_arn: rich.fact.clusterArn,
  service: "crane",
  task_group: "service:crane",
  task_arn: rich.fact.taskArn,
  task_id: rich.fact.taskId,
  task_definition: "crane:7",
  family: "crane",
  revision: "7",
  task_set_id: "ecs-svc/42",
  ip_address: "10.0.0.1",
  public_ip: "203.0.113.5",
  launch_type: "FARGATE",
  capacity_provider: "FARGATE_SPOT",
  desired_status: "RUNNING",
  last_status: "RUNNING",
  health_status: "UNKNOWN",
  platform_family: "Linux",
  platform_version: "1.4.0",
  subnet_id: "subnet-1",
  availability_zone: "eu-west-3a",
  region: "eu-west-3",
  account: "111122223333",
  network_mode: "awsvpc",
  container_instance_arn: hostArn("h1"),
  ec2_instance_id: "i-0abc",
  ec2_instance_type: "m7g.large",
  container_name: "web",
  image: "example.test/shop/web:1.4",
  image_tag: "1.4",
  image_digest: "sha256:abc",
  port: "8080",
  port_name: "http",
  weight: "50",
};

describe("templates", () => {
  it.each(Object.entries(vocabulary))("{{%s}}", (name, value) => {
    const policy = registryPolicy({ attributes: { told: `{{${name}}}` }, portName: "http", weight: 50 });
    const { attributes, problems } = renderAttributes({ view: rich, policy, endpoint, owner: OWNER });
    expect(attributes["told"]).toBe(value);
    expect(problems).toEqual([]);
  });

  it("covers the vocabulary", () => {
    expect(Object.keys(vocabulary).sort()).toEqual([...TEMPLATE_NAMES].sort());
  });

  it.each([
    { case: "a tag", template: "{{tag_team}}", becomes: "harbour" },
    { case: "spaces in the braces", template: "{{  revision }}", becomes: "7" },
    { case: "several, with text around", template: "v{{revision}} of {{family}}!", becomes: "v7 of crane!" },
    { case: "plain text", template: "blue", becomes: "blue" },
    { case: "an unknown name renders as nothing", template: "x{{nope}}", becomes: "x" },
    { case: "a name of Object's own", template: "x{{constructor}}{{__proto__}}", becomes: "x" },
    { case: "what becomes empty is left out", template: "{{tag_missing}}", becomes: undefined },
  ])("$case", ({ template, becomes }) => {
    expect(render({ told: template }, rich).attributes["told"]).toBe(becomes);
  });

  it.each([
    { case: "own interface", task: view(1), mode: "awsvpc" },
    { case: "neither interface, host nor binding", task: view(1, { interfaces: [] }), mode: "none" },
    {
      case: "dynamic host port",
      task: view(1, {
        interfaces: [],
        containers: [container({ bindings: [{ containerPort: 80, hostPort: 32768, protocol: "tcp" }] })],
      }),
      mode: "bridge",
    },
    {
      case: "the container's port on the host",
      task: view(1, {
        interfaces: [],
        containers: [container({ bindings: [{ containerPort: 80, hostPort: 80, protocol: "tcp" }] })],
      }),
      mode: "host",
    },
  ])("network_mode: $case", ({ task, mode }) => {
    expect(render({ told: "{{network_mode}}" }, task).attributes["told"]).toBe(mode);
  });

  it.each([
    { case: "tag", image: "host:5000/a/b:2", tag: "2" },
    { case: "digest only", image: "a/b@sha256:12", tag: undefined },
    { case: "neither", image: "a/b", tag: undefined },
    { case: "a registry's port is no tag", image: "host:5000/a/b", tag: undefined },
  ])("image_tag: $case", ({ image, tag }) => {
    const task = view(1, { containers: [container({ image })] });
    expect(render({ told: "{{image_tag}}" }, task).attributes["told"]).toBe(tag);
  });

  it("tells which facts events lack", () => {
    const wants = (template: string) => registryPolicy({ attributes: { a: template } });
    expect([needsTags(wants("{{ tag_x }}")), needsTags(wants("{{revision}}"))]).toEqual([true, false]);
    expect([needsHost(wants("{{ec2_instance_id}}")), needsHost(wants("{{port}}"))]).toEqual([true, false]);
  });
});

describe("reserved attributes", () => {
  it.each([
    {
      case: "IPv4 and port",
      at: endpoint,
      says: { AWS_INSTANCE_IPV4: "10.0.0.1", AWS_INSTANCE_PORT: "8080" },
    },
    { case: "IPv6 without port", at: { ipv6: "fd00::1" }, says: { AWS_INSTANCE_IPV6: "fd00::1" } },
    {
      case: "both",
      at: { ipv4: "10.0.0.1", ipv6: "fd00::1" },
      says: { AWS_INSTANCE_IPV4: "10.0.0.1", AWS_INSTANCE_IPV6: "fd00::1" },
    },
  ])("$case, and the ownership mark", ({ at, says }) => {
    expect(render({}, view(1), at).attributes).toEqual({ ...says, [OWNER_ATTRIBUTE]: OWNER });
  });

  it.each(["AWS_INSTANCE_IPV4", "AWS_INIT_HEALTH_STATUS", "fairlead.owner"])(
    "%s cannot be taken by a template",
    (name) => {
      const { attributes, problems } = render({ [name]: "forged" });
      expect(Object.values(attributes)).not.toContain("forged");
      expect(problems.map(({ code }) => code)).toEqual(["attribute-left-out"]);
    },
  );

  it("publishes the weight, unless the user names that attribute himself", () => {
    const weigh = (attributes: Readonly<Record<string, string>>) =>
      renderAttributes({
        view: view(1),
        policy: registryPolicy({ weight: 5, attributes }),
        endpoint,
        owner: OWNER,
      }).attributes["weight"];
    expect([weigh({}), weigh({ weight: "{{weight}}00" })]).toEqual(["5", "500"]);
  });
});

describe("Cloud Map's limits", () => {
  const named = (count: number, value: string) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`a${String(index).padStart(2, "0")}`, value]),
    );

  it.each([
    { case: "1,024 characters", value: "x".repeat(1_024), kept: true },
    { case: "1,025 characters", value: "x".repeat(1_025), kept: false },
    { case: "printable ASCII from end to end", value: " ~", kept: true },
    { case: "an umlaut", value: "Köln", kept: false },
    { case: "a line break", value: "a\nb", kept: false },
    { case: "DEL", value: "\x7f", kept: false },
  ])("a value of $case", ({ value, kept }) => {
    const { attributes, problems } = render({ told: value });
    expect("told" in attributes).toBe(kept);
    expect(problems).toHaveLength(kept ? 0 : 1);
  });

  it("holds 30 custom attributes, the mark among them; the reserved ones do not count", () => {
    const { attributes, problems } = render(named(30, "x"));
    expect(Object.keys(attributes).filter((name) => !name.startsWith("AWS_"))).toHaveLength(30);
    expect(problems.map(({ inputs }) => inputs?.["name"])).toEqual(["a29"]);
  });

  it("holds 5,000 characters with what registration adds", () => {
    const { attributes, problems } = render(named(6, "x".repeat(1_000)));
    const total = Object.entries(attributes).reduce(
      (sum, [name, value]) => sum + name.length + value.length,
      0,
    );
    expect(total + "AWS_INIT_HEALTH_STATUSUNHEALTHY".length).toBeLessThanOrEqual(5_000);
    expect(problems).toHaveLength(2);
  });
});

describe("hashOf", () => {
  it("does not depend on order, nor on what Cloud Map consumes at registration", () => {
    const hash = hashOf({ a: "1", b: "2" });
    expect(hashOf({ b: "2", a: "1", AWS_INIT_HEALTH_STATUS: "HEALTHY" })).toBe(hash);
    expect(hashOf({ a: "1", b: "3" })).not.toBe(hash);
    expect(hashOf({ a: "1" })).not.toBe(hash);
  });

  it("equals the hash of the same instance as listed", () => {
    const { attributes, hash } = render({ rev: "{{revision}}" }, { fact: fact(1) });
    expect(hashOf({ ...attributes })).toBe(hash);
  });
});
