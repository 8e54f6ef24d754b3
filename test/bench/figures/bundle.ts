// P3: bytes and files of each bundle. Exact, so it gates.

import { budgetFaults, bytesMaxOf } from "../../../infra/build/budget.ts";
import type { Figure } from "../figure.ts";
import { figure } from "../figure.ts";
import { buildProduct } from "../rig/bundles.ts";

/** One client's own SigV4 and JSON, minified; and the peer with five clients, as measured by esbuild. */
const FLOOR_KB = 3;

export async function bundleFigures(): Promise<readonly Figure[]> {
  const bundles = await buildProduct();
  return bundles.flatMap((built) => {
    const faults = budgetFaults(built);
    return [
      figure({
        id: "P3",
        function: `${built.name} size`,
        value: built.bytes / 1_000,
        floor: FLOOR_KB,
        goal: bytesMaxOf(built.name) / 1_000,
        unit: "KB",
        detail: faults.join("; "),
      }),
      figure({
        id: "P3",
        function: `${built.name} files`,
        value: Object.keys(built.metafile.outputs).length,
        floor: 1,
        goal: 1,
        unit: "files",
      }),
    ];
  });
}
