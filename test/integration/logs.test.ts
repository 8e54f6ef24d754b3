// `fairlead local logs` against a wire face, as a running `fairlead local` has it; and what the endpoint refuses.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { runProgram } from "../../cli/program.ts";
import { createLogsFace } from "../../local/faces/wire/logs-face.ts";
import type { WireFace } from "../../local/faces/wire/server.ts";
import { startWireFace } from "../../local/faces/wire/server.ts";
import type { ContainerOutput } from "../../local/runtime/processes/output.ts";
import { LOGS_PATH } from "../../local/runtime/processes/output.ts";
import { createWorld } from "../../local/world/world.ts";
import { epochMs } from "../../shared/base/time.ts";

const open: { readonly wire: WireFace; readonly folder: string }[] = [];

afterEach(async () => {
  for (const { wire, folder } of open.splice(0)) {
    await wire.stop();
    rmSync(folder, { recursive: true });
  }
});

const owner = { cluster: "demo", service: "web", container: "app", image: "example/web:1" };
const OUTPUTS: readonly ContainerOutput[] = [
  { ...owner, taskId: "aaaaaaaa11", hasEnded: true, lines: ["starts", "fails"] },
  { ...owner, taskId: "bbbbbbbb22", hasEnded: false, lines: ["listens"] },
];

async function start(outputs: readonly ContainerOutput[] | undefined) {
  const world = createWorld({ seed: 1, startAt: epochMs(0) });
  const { account, region } = world.kernel;
  const logs = createLogsFace(outputs && { outputs: () => outputs });
  const wire = await startWireFace({ world, account, region, logs });
  const folder = mkdtempSync(join(tmpdir(), "fairlead-logs-"));
  const stateFile = join(folder, "fairlead.json");
  writeFileSync(stateFile, JSON.stringify({ endpoint: wire.endpoint, pid: process.pid }));
  open.push({ wire, folder });
  const fairlead = async (...argv: string[]) => {
    const texts = { stdout: "", stderr: "" };
    const code = await runProgram(argv, {
      stdout: { write: (text) => (texts.stdout += text) },
      stderr: { write: (text) => (texts.stderr += text) },
      environment: { FAIRLEAD_LOCAL_STATE: stateFile },
      interrupted: new AbortController().signal,
    });
    return { code, ...texts };
  };
  return { endpoint: wire.endpoint, fairlead };
}

it("shows the lines of a service or of a task, the last ones when asked", async () => {
  const { fairlead } = await start(OUTPUTS);
  expect((await fairlead("local", "logs", "web", "-n", "1")).stdout).toBe(
    "demo/web aaaaaaaa app | fails\ndemo/web aaaaaaaa app | (ended)\ndemo/web bbbbbbbb app | listens\n",
  );
  expect((await fairlead("local", "logs", "bbbb")).stdout).toBe("demo/web bbbbbbbb app | listens\n");
  expect(JSON.parse((await fairlead("local", "logs", "-o", "json")).stdout)).toEqual({ outputs: OUTPUTS });
});

it("names what there is when a name is unknown", async () => {
  const { fairlead } = await start(OUTPUTS);
  const { code, stderr } = await fairlead("local", "logs", "demo/nope");
  expect(code).toBe(2);
  expect(stderr).toBe('fairlead: no program of "demo/nope" has run. Services with programs:\n  demo/web\n');
});

it("says that modelled tasks write nothing", async () => {
  const { fairlead } = await start(undefined);
  const { code, stderr } = await fairlead("local", "logs");
  expect(code).toBe(2);
  expect(stderr).toBe("fairlead: tasks are modelled here: no program runs, so nothing was written\n");
});

it("answers no web page", async () => {
  const { endpoint } = await start(OUTPUTS);
  const response = await fetch(`${endpoint}${LOGS_PATH}`, { headers: { origin: "https://example.com" } });
  expect(response.status).toBe(403);
  expect(await response.text()).not.toContain("listens");
});
