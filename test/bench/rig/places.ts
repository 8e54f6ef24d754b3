// Where the benchmark keeps what is not the project's: packages of the peers, the runtime client, bundles.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export const CACHE = join(ROOT, ".cache", "bench");
/** The peers' packages and `aws-lambda-ric`; the project itself depends on none of them. */
export const PACKAGES = join(CACHE, "packages");
export const BUNDLES = join(CACHE, "bundles");
export const PEERS = fileURLToPath(new URL("../peers", import.meta.url));
export const RUNTIME_CLIENT = join(PACKAGES, "node_modules", "aws-lambda-ric");
