// Writes aws-models.json anew from a botocore wheel and the installed @aws-cdk/aws-service-spec:
// `pip download botocore --no-deps -d DIR`, then `npm run refresh:models -- DIR/botocore-*.whl`.

import { statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { readBotocore } from "./botocore.ts";
import { readEventShapes } from "./event-spec.ts";
import type { ModelData } from "./model-data.ts";
import { DATA_FILE } from "./model-data.ts";
import { openWheel } from "./wheel.ts";

/** One line for each service, shape and operation: a refresh shows what AWS has changed. */
function format(data: ModelData): string {
  const lines = (value: object, depth: number): string => {
    if (depth === 0) return JSON.stringify(value);
    const entries = Object.entries(value).map(
      ([key, item]) =>
        `${JSON.stringify(key)}:${typeof item === "object" ? lines(item as object, depth - 1) : JSON.stringify(item)}`,
    );
    return `{${entries.join(",\n")}}`;
  };
  const { skippedPatterns, source, services, events } = data;
  return [
    `{"source":${lines(source, 1)},`,
    `"skippedPatterns":${JSON.stringify(skippedPatterns)},`,
    `"services":${lines(services, 3)},`,
    `"events":${lines(events, 2)}}`,
    "",
  ].join("\n");
}

async function main(): Promise<void> {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error("usage: npm run refresh:models -- <botocore wheel>");
  const version = /^botocore-([\d.]+)-/.exec(basename(file))?.[1];
  if (version === undefined) throw new Error(`${file} is not a botocore wheel`);
  const { services, skippedPatterns, date } = readBotocore(openWheel(file));
  const { source, ...events } = await readEventShapes();
  const data: ModelData = {
    source: { botocore: { version, date }, ...source },
    skippedPatterns,
    services,
    events,
  };
  writeFileSync(DATA_FILE, format(data));
  const counts = Object.entries(services).map(
    ([name, { operations }]) => `${name} ${Object.keys(operations).length}`,
  );
  console.log(`botocore ${version}: ${counts.join(", ")} operations; ${statSync(DATA_FILE).size} bytes`);
}

await main();
