// The floor without the SDK: one UpdateItem, signed by hand (SigV4) over node:https.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html

const { createHash, createHmac } = process.getBuiltinModule("node:crypto");
const { Agent, request } = process.getBuiltinModule("node:https");

const agent = new Agent({ keepAlive: true });
const endpoint = new URL(process.env.AWS_ENDPOINT_URL);
const region = process.env.AWS_REGION;
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

function signed(body, target) {
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/${region}/dynamodb/aws4_request`;
  const headers = {
    "content-type": "application/x-amz-json-1.0",
    host: endpoint.host,
    "x-amz-date": time,
    "x-amz-security-token": process.env.AWS_SESSION_TOKEN,
    "x-amz-target": target,
  };
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = ["POST", "/", "", lines.join(""), names, sha256(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce(hmac, `AWS4${process.env.AWS_SECRET_ACCESS_KEY}`);
  const signature = hmac(key, text).toString("hex");
  const credential = `${process.env.AWS_ACCESS_KEY_ID}/${scope}`;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

const call = (target, input) =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify(input);
    const outgoing = request(
      endpoint,
      { agent, method: "POST", headers: signed(body, target) },
      (incoming) => {
        incoming.resume();
        incoming.on("end", resolve);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });

export const handler = async () => {
  await call("DynamoDB_20120810.UpdateItem", {
    TableName: "bench",
    Key: { pk: { S: "111122223333/eu-central-1/harbour/ferry" }, sk: { S: "now#state" } },
    UpdateExpression: "SET #version = :version",
    ConditionExpression: "attribute_not_exists(#version) OR #version < :version",
    ExpressionAttributeNames: { "#version": "version" },
    ExpressionAttributeValues: { ":version": { N: "1" } },
  });
  return { batchItemFailures: [] };
};
