// The usual batch function: Powertools' batch processor over the same write, all records side by side.

import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { writeEvent } from "./usual-write.mjs";

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const processor = new BatchProcessor(EventType.SQS);

export const handler = (event, context) =>
  processPartialResponse(event, ({ body }) => writeEvent(body, documents), processor, { context });
