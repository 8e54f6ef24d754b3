// What both peers do with an event: check it by a zod schema, write it if it is newer.

import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { z } from "zod";

const taskEvent = z.object({
  id: z.string(),
  time: z.string(),
  source: z.literal("aws.ecs"),
  "detail-type": z.literal("ECS Task State Change"),
  detail: z.object({
    taskArn: z.string(),
    clusterArn: z.string(),
    group: z.string(),
    lastStatus: z.string(),
    desiredStatus: z.string(),
    version: z.number().int(),
    containers: z.array(z.object({ name: z.string(), lastStatus: z.string() })),
    attachments: z.array(
      z.object({ type: z.string(), details: z.array(z.object({ name: z.string(), value: z.string() })) }),
    ),
  }),
});

export async function writeEvent(body, documents) {
  const { detail } = taskEvent.parse(JSON.parse(body));
  await documents.send(
    new UpdateCommand({
      TableName: "bench",
      Key: { pk: `${detail.clusterArn}/${detail.group}`, sk: detail.taskArn },
      UpdateExpression: "SET #version = :version, #last = :last, #desired = :desired",
      ConditionExpression: "attribute_not_exists(#version) OR #version < :version",
      ExpressionAttributeNames: { "#version": "version", "#last": "lastStatus", "#desired": "desiredStatus" },
      ExpressionAttributeValues: {
        ":version": detail.version,
        ":last": detail.lastStatus,
        ":desired": detail.desiredStatus,
      },
    }),
  );
}
