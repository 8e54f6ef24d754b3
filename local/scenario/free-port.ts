// Tells of a port that is taken before anything is bundled or started.

import { once } from "node:events";
import { createServer } from "node:net";
import { AppError } from "../../shared/base/errors.ts";

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use",
  EACCES: "needs more rights than this user has",
};

/** Throws an `input` error that says what to do. */
export async function requireFreePort(port: number): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const cause = CAUSES[code] ?? `cannot be opened: ${message}`;
    throw new AppError("input", `port ${port} ${cause}: name another one, or none for any free one`, {
      cause: error,
    });
  }
  server.close();
  await once(server, "close");
}
