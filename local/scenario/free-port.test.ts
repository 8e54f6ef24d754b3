// A taken port is an input error with a way out.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { expect, it } from "vitest";
import { requireFreePort } from "./free-port.ts";

it("refuses a port that is in use, and accepts it once it is free", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await expect(requireFreePort(port)).rejects.toMatchObject({
    code: "input",
    message: `port ${port} is in use: name another one, or none for any free one`,
  });
  other.close();
  await once(other, "close");
  await expect(requireFreePort(port)).resolves.toBeUndefined();
});
