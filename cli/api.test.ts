// Which API is called, in which Region and in whose name.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { apiPlaceOf, localUser } from "./api.ts";

const folder = mkdtempSync(join(tmpdir(), "fairlead-api-"));
const running = join(folder, "fairlead.json");
const state = { endpoint: "http://127.0.0.1:1", region: "eu-west-3", account: "111122223333", table: "t" };
writeFileSync(
  running,
  JSON.stringify({ ...state, workQueueUrl: "q", apiUrl: "http://127.0.0.1:2/", pid: process.pid }),
);
afterAll(() => rmSync(folder, { recursive: true }));

const nowhere = { FAIRLEAD_LOCAL_STATE: join(folder, "none.json") };
const URL_OF_ACCOUNT = "https://abc.lambda-url.eu-north-1.on.aws/";

describe("the place", () => {
  it("is the running local AWS, where the user's own keys never go", async () => {
    const environment = {
      FAIRLEAD_LOCAL_STATE: running,
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "s",
    };
    const place = apiPlaceOf({}, { environment });
    expect([place.url, place.region]).toEqual(["http://127.0.0.1:2", "eu-west-3"]);
    expect(await place.credentials()).toEqual({ accessKeyId: localUser({}), secretAccessKey: "local" });
  });

  it("is what is named, and its Region is in its name", () => {
    const environment = {
      FAIRLEAD_LOCAL_STATE: running,
      FAIRLEAD_API_URL: URL_OF_ACCOUNT,
      AWS_REGION: "us-east-1",
    };
    expect(apiPlaceOf({}, { environment })).toMatchObject({
      url: "https://abc.lambda-url.eu-north-1.on.aws",
      region: "eu-north-1",
    });
    const other = apiPlaceOf({ apiUrl: "https://api.example.test" }, { environment });
    expect(other).toMatchObject({ url: "https://api.example.test", region: "us-east-1" });
  });

  it.each([
    [{}, nowhere, /no installation found: start `fairlead local`, or name its API/],
    [{ table: "t" }, { FAIRLEAD_LOCAL_STATE: running }, /no API is named/],
    [{}, { FAIRLEAD_LOCAL_STATE: running, FAIRLEAD_WORK_QUEUE_URL: "q" }, /no API is named/],
    [{ apiUrl: "ftp://x" }, nowhere, /--api-url: found "ftp:\/\/x", expected https/],
    [{ apiUrl: "https://api.example.test" }, nowhere, /no Region is named/],
  ])("%j is refused", (options, environment, message) => {
    expect(() => apiPlaceOf(options, { environment })).toThrow(message);
  });
});

describe("the local user", () => {
  it("is whom the access key id names", () => {
    expect(localUser({ AWS_ACCESS_KEY_ID: "ada" })).toBe("ada");
  });

  it.each(["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "local-fairlead-api", "a b", ""])(
    "is never %j",
    (id) => {
      expect(localUser({ AWS_ACCESS_KEY_ID: id })).not.toBe(id);
    },
  );
});
