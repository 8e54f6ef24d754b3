// Real input through what is deployed: every event is put on the bus of a local AWS that runs the synthesized
// template and the built `ingest`; what arrives on the work queue is held against the tables of expectations.
// Nothing takes the doorbells away: the mapping from the work queue to `reconcile` is switched off.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { fairleadApp } from "../../infra/app.ts";
import { buildFunctions } from "../../infra/build/build.ts";
import { readSettings } from "../../infra/settings.ts";
import type { LocalAws } from "../../local/deploy/local-aws.ts";
import { startLocalAws } from "../../local/deploy/local-aws.ts";
import type { Stack, TemplateResource } from "../../local/deploy/template.ts";
import { readCloudAssembly } from "../../local/deploy/template.ts";
import type { BusEvent } from "../../local/world/kernel.ts";
import { epochMs } from "../../shared/base/time.ts";
import type { Doorbell } from "../../shared/contracts/doorbells.ts";
import { ENVIRONMENT } from "../../shared/contracts/environment.ts";
import { parseDoorbell } from "../../shared/contracts/parse-doorbell.ts";
import { explainEvents } from "../../shared/shell/explain.ts";
import type { Expected } from "../fixtures/expected-events.ts";
import { fixtureTable } from "../fixtures/expected-fixtures.ts";
import { sampleTable } from "../fixtures/expected-samples.ts";

const INSTALLATION = "real";
const samples = fileURLToPath(new URL("../../../shared/events/", import.meta.url));
const fixtures = fileURLToPath(new URL("../fixtures/events/", import.meta.url));

interface Sample {
  readonly name: string;
  readonly text: string;
  /** undefined for what EventBridge never carries: SNS messages, alarm actions, PutEvents inputs. */
  readonly event: BusEvent | undefined;
  readonly expected: Expected;
}

/**
 * Two of AWS's samples tell of one service under one id; AWS gives each event its own, and FIFO would swallow the
 * second. Nothing else is changed or added: a `time`, `region` or `version` that a sample lacks stays away.
 */
const usedIds = new Set<string>();
function withOwnId(event: BusEvent, name: string): BusEvent {
  const id = usedIds.has(event.id) ? `${event.id} ${name}` : event.id;
  usedIds.add(id);
  return { ...event, id };
}

function readSamples(folder: string, table: Readonly<Record<string, Expected>>): readonly Sample[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.sort().map((file) => {
    const name = file.slice(0, -".json".length);
    const text = readFileSync(join(folder, file), "utf8");
    const body = JSON.parse(text) as BusEvent;
    const isEnvelope = typeof body.source === "string" && typeof body["detail-type"] === "string";
    const expected = table[name];
    if (expected === undefined) throw new Error(`${file} has no row in its table`);
    return { name, text, event: isEnvelope ? withOwnId(body, name) : undefined, expected };
  });
}

const hasSamples = existsSync(samples);
if (!hasSamples)
  console.info("real-events-deployed: ../shared/events is not beside this clone: its 45 samples are skipped");
const ownInput = readSamples(fixtures, fixtureTable);
const foreignInput = hasSamples ? readSamples(samples, sampleTable) : [];
const input = [...ownInput, ...foreignInput];
const isTaken = ({ expected }: Sample): boolean => expected.rules.length > 0;
const taken = input.filter(isTaken);

const kindOf = (summary: string): string => summary.split(" ", 1)[0] ?? "";

/** What the tables promise, over all files: the kinds of the facts of each key. */
function promisedKinds(): Record<string, readonly string[]> {
  const kinds: Record<string, string[]> = {};
  for (const { expected } of taken) {
    for (const [key, facts] of Object.entries(expected.facts ?? {}))
      kinds[key] = [...(kinds[key] ?? []), ...facts.map(kindOf)].sort();
  }
  return kinds;
}

function rungKinds(doorbells: readonly Doorbell[]): Record<string, readonly string[]> {
  const kinds: Record<string, string[]> = {};
  for (const { key, facts } of doorbells)
    kinds[key] = [...(kinds[key] ?? []), ...facts.map(({ kind }) => kind)].sort();
  return kinds;
}

/** The real template but for one property. */
function withoutReconcile(stack: Stack): Stack {
  const off = ([id, resource]: [string, TemplateResource]): [string, TemplateResource] =>
    resource.Type === "AWS::Lambda::EventSourceMapping" &&
    JSON.stringify(resource.Properties?.["FunctionName"]).includes("Reconcile")
      ? [id, { ...resource, Properties: { ...resource.Properties, Enabled: false } }]
      : [id, resource];
  const Resources = Object.fromEntries(Object.entries(stack.template.Resources).map(off));
  return { ...stack, template: { ...stack.template, Resources } };
}

interface LogRecord {
  readonly path?: string;
  /** `code=count`, with spaces between. */
  readonly droppedBy?: string;
  readonly EventsIn?: number;
  readonly EventsMalformed?: number;
  readonly DoorbellsRung?: number;
  readonly FactsFolded?: number;
}

describe("real events through the deployed rules and ingest", () => {
  const errors: unknown[] = [];
  const logged: LogRecord[] = [];
  const doorbells: Doorbell[] = [];
  let folder: string;
  let local: LocalAws;
  let sqs: SQSClient;

  const total = (name: Exclude<keyof LogRecord, "path" | "droppedBy">): number =>
    logged.reduce((sum, record) => sum + (record[name] ?? 0), 0);

  async function deploy(): Promise<void> {
    folder = await mkdtemp(join(tmpdir(), "fairlead-events-"));
    const sources = fileURLToPath(new URL("../../functions", import.meta.url));
    await buildFunctions({ sources, out: join(folder, "dist") });
    const cdkOut = join(folder, "cdk.out");
    fairleadApp({
      outdir: cdkOut,
      bundles: join(folder, "dist", "functions"),
      settings: readSettings((name) => (name === "installation" ? INSTALLATION : undefined)),
    }).synth();
    const stacks = (await readCloudAssembly(cdkOut)).map(withoutReconcile);
    local = await startLocalAws({
      seed: 11,
      source: { stacks },
      onLog: ({ function: name, line }) => {
        if (name === `${INSTALLATION}-ingest`) logged.push(JSON.parse(line) as LogRecord);
      },
      onError: (error) => errors.push(error),
    });
    const credentials = { accessKeyId: "person", secretAccessKey: "any" };
    sqs = new SQSClient({ endpoint: local.wire.endpoint, region: local.wire.region, credentials });
  }

  /** What a deployed function finds in its environment: no name of a queue is written twice. */
  const workQueueUrl = (): string => {
    const ingest = local.deployment.functions.find(({ name }) => name === `${INSTALLATION}-ingest`);
    return ingest?.lambda.settings.variables[ENVIRONMENT.workQueueUrl] ?? "";
  };

  async function takeDoorbells(): Promise<void> {
    const QueueUrl = workQueueUrl();
    for (;;) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
      );
      if (Messages.length === 0) return;
      doorbells.push(...Messages.map(({ Body = "" }) => parseDoorbell(Body)));
      const Entries = Messages.map(({ ReceiptHandle = "" }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  }

  const publish = (some: readonly Sample[]): void => {
    for (const { event } of some) if (event !== undefined) local.world.events.publish(event);
  };

  beforeAll(async () => {
    await deploy();
    publish(input);
    await vi.waitFor(() => expect(total("EventsIn")).toBe(taken.length), { timeout: 20_000, interval: 50 });
    await takeDoorbells();
  }, 60_000);

  afterAll(async () => {
    sqs?.destroy();
    await local?.stop();
    await rm(folder, { recursive: true });
  });

  /** The rules as deployed take the event; each fact that the parser finds in the file arrived at its key. */
  function expectArrival({ text, event, expected }: Sample): void {
    const rules = event === undefined ? [] : local.world.events.rulesFor(event);
    expect(rules).toEqual(expected.rules.map((rule) => `${INSTALLATION}-${rule}`));
    if (rules.length === 0) return;
    const [row] = explainEvents(text, { receivedAt: epochMs(0) });
    const routed = row?.outcome.kind === "facts" ? row.outcome.routed : [];
    expect(routed.map(({ key }): string => key)).toEqual(Object.keys(expected.facts ?? {}));
    for (const { key, facts } of routed) {
      const arrived = doorbells.flatMap((doorbell) => (doorbell.key === key ? doorbell.facts : []));
      // The instant is ingest's own where a sample lacks or blots out its time.
      for (const fact of facts) expect(arrived).toContainEqual({ ...fact, at: expect.any(Number) });
    }
  }

  it.each(ownInput)("own fixture $name", expectArrival);

  if (hasSamples) it.each(foreignInput)("sample $name", expectArrival);
  else it.skip("samples of AWS");

  it("rings at the promised keys with the promised kinds of facts, and nowhere else", () => {
    expect(rungKinds(doorbells)).toEqual(promisedKinds());
    expect(doorbells).toHaveLength(total("DoorbellsRung"));
    expect(total("FactsFolded")).toBe(0);
  });

  it("takes nothing into the queues that no rule names", () => {
    const { matched } = local.world.events.counters();
    const left = input.filter((sample) => !isTaken(sample));
    expect(left.length).toBeGreaterThan(0);
    publish(left);
    expect(local.world.events.counters().matched).toBe(matched);
    expect(total("EventsIn")).toBe(taken.length);
  });

  it("drops what tells nothing, and says why", () => {
    const codes = taken.flatMap(({ expected }) => expected.dropped ?? []);
    const counted = Object.entries(Object.groupBy(codes, (code) => code));
    expect(logged.flatMap(({ droppedBy }) => droppedBy?.split(" ") ?? []).sort()).toEqual(
      counted.map(([code, all]) => `${code}=${all?.length}`).sort(),
    );
  });

  it("names the failing path of a malformed event and leaves it to the queue's redelivery", async () => {
    const paths = taken.flatMap(({ expected }) => expected.malformed ?? []);
    expect(paths.length).toBeGreaterThan(0);
    expect(total("EventsMalformed")).toBe(paths.length);
    expect(logged.flatMap(({ path }) => path ?? []).sort()).toEqual(paths.sort());
    await vi.waitFor(async () => expect(await messagesOf("NotVisible")).toBe(paths.length), 10_000);
    expect(await messagesOf("")).toBe(0);
  });

  it("runs without an error in a function or a poller", () => {
    const failed = local.deployment.functions.filter(({ lambda }) => lambda.counts().errors > 0);
    expect(failed.map(({ name }) => name)).toEqual([]);
    expect(errors).toEqual([]);
  });

  /** Waiting (`""`) or in flight (`NotVisible`), over every queue of the deployment. */
  async function messagesOf(state: "" | "NotVisible"): Promise<number> {
    const name = `ApproximateNumberOfMessages${state}` as const;
    const counts = local.deployment.queues.map(async ({ url }) => {
      const read = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [name] });
      return Number((await sqs.send(read)).Attributes?.[name]);
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }
});
