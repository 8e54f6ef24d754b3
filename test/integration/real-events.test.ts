// Real input: every event that AWS documents or somebody captured, and our own fixtures, through the
// deployed rules' patterns and the parser. The tables say what each must become.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { eventRules } from "../../infra/rules.ts";
import { compile } from "../../local/world/events/matcher.ts";
import { parseKey } from "../../shared/base/keys.ts";
import { epochMs, isoInstant } from "../../shared/base/time.ts";
import type { Fact } from "../../shared/contracts/facts.ts";
import { parseDoorbell } from "../../shared/contracts/parse-doorbell.ts";
import { explainEvents } from "../../shared/shell/explain.ts";
import { ingestBatch } from "../../shared/shell/ingest.ts";
import type { Expected } from "../fixtures/expected-events.ts";
import { fixtureTable } from "../fixtures/expected-fixtures.ts";
import { sampleTable } from "../fixtures/expected-samples.ts";

const fixtures = fileURLToPath(new URL("../fixtures/events/", import.meta.url));
const samples = fileURLToPath(new URL("../../../shared/events/", import.meta.url));
const receivedAt = epochMs(Date.parse("2026-11-22T12:00:00Z"));

const patterns = eventRules([]).map((rule) => ({ name: rule.name, pattern: compile(rule.pattern) }));
const rulesFor = (event: unknown): readonly string[] =>
  patterns.filter(({ pattern }) => pattern.matches(event)).map(({ name }) => name);

const eventFiles = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .sort();

const textOf = (folder: string, name: string): string => readFileSync(`${folder}${name}.json`, "utf8");

const listed = (...parts: readonly (string | number | undefined)[]): string =>
  parts.filter(Boolean).join(" ");

/** One line for each fact: what somebody would want to see of it. */
function summaryOf(fact: Fact): string {
  switch (fact.kind) {
    case "task": {
      const addresses = fact.interfaces
        .map(({ ipv4, ipv6 }) => [ipv4, ipv6].filter(Boolean).join("+"))
        .join(",");
      const ports = fact.containers.flatMap(({ bindings }) =>
        bindings.map((b) => `${b.hostPort}:${b.containerPort}`),
      );
      const parts = [`task v${fact.version}`, `${fact.lastStatus}>${fact.desiredStatus}`, fact.launchType];
      return [...parts, addresses, ports.join(","), fact.stopCode].filter(Boolean).join(" ");
    }
    case "service-action":
    case "deployment":
    case "daemon":
      return `${fact.kind} ${fact.level} ${fact.eventName}`;
    case "hook":
      return listed("hook", fact.eventName, fact.lifecycleStage, fact.expiresAt && "expires");
    case "instance":
      return listed(`instance v${fact.version}`, fact.status, fact.availabilityZone, fact.instanceType);
    case "instance-health":
      return listed(
        "instance-health",
        fact.overallStatus,
        ...fact.checks.map((check) => `${check.type}=${check.status}`),
      );
    case "alarm":
      return [`alarm ${fact.previousState ?? "?"}>${fact.state}`, fact.suppressedBy, fact.contributor]
        .filter(Boolean)
        .join(" ");
    case "image":
      return `image ${fact.action} ${fact.result}${fact.tag === undefined ? "" : ` ${fact.tag}`}`;
    case "health-notice":
      return listed("health-notice", fact.eventTypeCode, fact.endsAt && isoInstant(fact.endsAt));
    case "spot":
      return `spot ${fact.notice} ${fact.action ?? ""}`.trim();
    case "traffic-change":
      return listed("traffic-change", fact.eventName, "by", fact.by);
    case "metrics":
    case "subscription":
    case "task-gone":
    case "host-leaving":
    case "wake":
      throw new Error(`no event becomes a ${fact.kind} fact`);
  }
}

/** Parsed without regard to the rules: what they filter out must be understood all the same. */
function becameOf(fileText: string): Expected {
  const [row, ...more] = explainEvents(fileText, { receivedAt });
  if (row === undefined || more.length > 0) throw new Error("expected one event in the file");
  const rules = rulesFor(JSON.parse(fileText));
  const { outcome } = row;
  if (outcome.kind === "dropped") return { rules, dropped: outcome.reason.code };
  if (outcome.kind === "malformed") return { rules, malformed: outcome.path };
  return {
    rules,
    facts: Object.fromEntries(outcome.routed.map(({ key, facts }) => [key, facts.map(summaryOf)])),
  };
}

const ignore = (): void => undefined;

function describeFolder(title: string, folder: string, table: Readonly<Record<string, Expected>>): void {
  describe(title, () => {
    const names = eventFiles(folder);
    it("has a row in the table for every file, and a file for every row", () => {
      expect(Object.keys(table).sort()).toEqual(names);
    });

    it.each(names)("%s", (name) => {
      expect(becameOf(textOf(folder, name))).toEqual(table[name]);
    });

    it.each(names)("%s: what ingest sends, reconcile can read", async (name) => {
      const sent: string[] = [];
      const result = await ingestBatch([{ messageId: "m", body: textOf(folder, name) }], {
        clock: { now: () => receivedAt },
        log: { info: ignore, warn: ignore, error: ignore, count: ignore },
        work: {
          ring: async (doorbells) => {
            sent.push(...doorbells.map((doorbell) => JSON.stringify(doorbell)));
            return [];
          },
        },
      });
      for (const body of sent) {
        const doorbell = parseDoorbell(body);
        expect(parseKey(doorbell.key)).toBeDefined();
        expect(JSON.parse(body)).toEqual(doorbell);
      }
      expect(result.failedMessageIds).toEqual(table[name]?.malformed === undefined ? [] : ["m"]);
    });
  });
}

describeFolder("own fixtures", fixtures, fixtureTable);

if (existsSync(samples)) {
  describeFolder("samples of AWS", samples, sampleTable);
} else {
  console.info("real-events: ../shared/events is not beside this clone: its 45 samples are skipped");
  it.skip("samples of AWS");
}
