// The world's answers and errors as an SDK client would give them.

import { DescribeTasksCommand } from "@aws-sdk/client-ecs";
import { RegisterInstanceCommand } from "@aws-sdk/client-servicediscovery";
import { expect, it } from "vitest";
import { AwsError } from "../../world/kernel.ts";
import { createWorldClient } from "./world-client.ts";

it("calls the operation by its AWS name, without members that were not set", async () => {
  const calls: unknown[] = [];
  const world = {
    call: (service: "ecs", operation: string, input: object) => {
      calls.push([service, operation, input]);
      return { tasks: [] };
    },
  };
  const client = createWorldClient(world, "ecs");
  const command = new DescribeTasksCommand({ cluster: "c", tasks: ["t"], include: undefined });
  expect(await client.send(command as never)).toEqual({ tasks: [] });
  expect(calls).toEqual([["ecs", "DescribeTasks", { cluster: "c", tasks: ["t"] }]]);
  expect(Object.keys((calls[0] as object[])[2] ?? {})).toEqual(["cluster", "tasks"]);
});

it("throws as the SDK does", async () => {
  const failure = new AwsError("DuplicateRequest", "busy", { fields: { DuplicateOperationId: "op-1" } });
  const world = {
    call: () => {
      throw failure;
    },
  };
  const command = new RegisterInstanceCommand({ ServiceId: "s", InstanceId: "i", Attributes: {} });
  const thrown = await createWorldClient(world, "servicediscovery")
    .send(command as never)
    .catch((error: unknown) => error);
  expect(thrown).toMatchObject({
    name: "DuplicateRequest",
    message: "busy",
    DuplicateOperationId: "op-1",
    $fault: "client",
    $metadata: { httpStatusCode: 400 },
  });
});

it("lets a defect of the world pass as it is", async () => {
  const defect = new TypeError("our bug");
  const world = {
    call: () => {
      throw defect;
    },
  };
  const command = new DescribeTasksCommand({ tasks: [] });
  await expect(createWorldClient(world, "ecs").send(command as never)).rejects.toBe(defect);
});
