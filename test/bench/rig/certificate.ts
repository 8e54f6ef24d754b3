// A self-signed certificate for 127.0.0.1: Node can use one but not make one.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { CACHE } from "./places.ts";

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** Rejects where there is no openssl. */
export async function certificate(): Promise<Certificate> {
  const folder = join(CACHE, "tls");
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  if (!existsSync(cert)) {
    await mkdir(folder, { recursive: true });
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "3650"];
    await promisify(execFile)("openssl", [
      "req",
      "-x509",
      ...curve,
      ...subject,
      "-keyout",
      key,
      "-out",
      cert,
    ]);
  }
  return { key: await readFile(key), cert: await readFile(cert) };
}
