// Asynchronous writes: their way, their end, and one at a time for each instance.

import { describe, expect, it } from "vitest";
import { fixture } from "./test-fixture.ts";

describe("an operation", () => {
  it("goes from SUBMITTED over PENDING to SUCCESS, and only then has its effect", () => {
    const world = fixture();
    world.cloudMap.setOperationDelay({ http: { minMs: 1_000, maxMs: 1_000 } });
    const id = world.register("a");
    expect(world.status(id)).toBe("SUBMITTED");
    world.pass(500);
    expect(world.status(id)).toBe("PENDING");
    expect(world.cloudMap.instancesOf(world.serviceId)).toEqual([]);
    world.pass(500);
    expect(world.status(id)).toBe("SUCCESS");
    expect(world.cloudMap.instancesOf(world.serviceId)).toMatchObject([
      { instanceId: "a", health: "HEALTHY" },
    ]);
  });

  it("fails with the planned code and changes nothing", () => {
    const world = fixture();
    world.cloudMap.failNextOperation("THROTTLED_REQUEST", "REGISTER_INSTANCE");
    const id = world.register("a", undefined, "r1");
    world.pass(1_000);
    expect(world.call("GetOperation", { OperationId: id })).toMatchObject({
      Operation: {
        Status: "FAIL",
        ErrorCode: "THROTTLED_REQUEST",
        Targets: { INSTANCE: "a", SERVICE: world.serviceId },
      },
    });
    expect(world.cloudMap.revisionOf(world.serviceId)).toBe(1);
    expect(world.register("a", undefined, "r1")).not.toBe(id);
  });

  it("is not found under an unknown id, nor when it was forgotten", () => {
    const world = fixture();
    const id = world.register("a");
    expect(world.refusal("GetOperation", { OperationId: "nope" }).name).toBe("OperationNotFound");
    world.pass(25 * 3_600_000);
    world.register("b");
    expect(world.refusal("GetOperation", { OperationId: id }).name).toBe("OperationNotFound");
  });

  it("is listed by service, status and type", () => {
    const world = fixture();
    world.register("a");
    world.pass(1_000);
    const running = world.register("b");
    const filters = (Name: string, Value: string) => ({ Name, Values: [Value] });
    const list = (...Filters: object[]) =>
      world.call<{ Operations: object[] }>("ListOperations", { Filters }).Operations;
    expect(list(filters("SERVICE_ID", world.serviceId))).toHaveLength(2);
    expect(list(filters("STATUS", "SUBMITTED"))).toEqual([{ Id: running, Status: "SUBMITTED" }]);
    expect(list(filters("STATUS", "SUCCEED"))).toHaveLength(1);
    expect(list(filters("TYPE", "DEREGISTER_INSTANCE"))).toEqual([]);
  });
});

describe("one operation at a time for an instance", () => {
  it("answers DuplicateRequest with the running operation's id", () => {
    const world = fixture();
    const id = world.register("a");
    const error = world.refusal("RegisterInstance", {
      ServiceId: world.serviceId,
      InstanceId: "a",
      Attributes: { AWS_INSTANCE_IPV4: "10.0.0.2" },
    });
    expect(error.name).toBe("DuplicateRequest");
    expect(error.fields).toEqual({ DuplicateOperationId: id });
    expect(() => world.register("b")).not.toThrow();
  });

  it("answers the same operation for the same CreatorRequestId, and refuses it for anything else", () => {
    const world = fixture();
    const id = world.register("a", undefined, "r1");
    expect(world.register("a", undefined, "r1")).toBe(id);
    world.pass(1_000);
    expect(world.register("a", undefined, "r1")).toBe(id);
    const other = {
      ServiceId: world.serviceId,
      InstanceId: "b",
      Attributes: { x: "y" },
      CreatorRequestId: "r1",
    };
    expect(world.refusal("RegisterInstance", other).name).toBe("InvalidInput");
    expect(world.cloudMap.writesByService().get(world.serviceId)?.register).toBe(1);
  });

  it("refuses to deregister while the instance arrives, changes or leaves", () => {
    const world = fixture();
    const target = { ServiceId: world.serviceId, InstanceId: "a" };
    const attempt = () => world.refusal("DeregisterInstance", target).name;
    world.cloudMap.setOperationDelay({ http: { minMs: 1_000, maxMs: 1_000 } });
    expect(attempt()).toBe("InstanceNotFound");
    world.register("a");
    expect(attempt()).toBe("InstanceNotFound");
    world.pass(500);
    expect(attempt()).toBe("DuplicateRequest");
    world.pass(500);
    world.register("a", { AWS_INSTANCE_IPV4: "10.0.0.2" });
    expect(attempt()).toBe("ResourceInUse");
    world.pass(1_000);
    world.call("DeregisterInstance", target);
    expect(attempt()).toBe("DuplicateRequest");
    world.pass(1_000);
    expect(world.cloudMap.instancesOf(world.serviceId)).toEqual([]);
  });
});
