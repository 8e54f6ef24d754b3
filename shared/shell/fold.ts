// Folds a batch into one doorbell for each key: the newest version of each task and container instance,
// every other fact once. The result does not depend on the order of the batch.

import { fingerprint } from "../base/fingerprint.ts";
import type { Key } from "../base/keys.ts";
import type { EpochMs } from "../base/time.ts";
import type { Doorbell } from "../contracts/doorbells.ts";
import type { Fact } from "../contracts/facts.ts";

/** One key's share of one message. */
export interface Stimulus {
  readonly messageId: string;
  /** The event's own id, or the instant of a timer: equal for every delivery of the same stimulus. */
  readonly id: string;
  readonly key: Key;
  readonly facts: readonly Fact[];
  readonly hops: number;
}

/** A doorbell and the messages that it answers for: they fail when it cannot be sent. */
export interface Ring {
  readonly doorbell: Doorbell;
  readonly messageIds: readonly string[];
}

interface Noted {
  readonly id: string;
  readonly fact: Fact;
}

interface Bundle {
  readonly stimulusIds: Set<string>;
  readonly messageIds: Set<string>;
  readonly facts: Map<string, Noted>;
  hops: number;
}

export interface Folded {
  readonly rings: readonly Ring[];
  /** Facts that a newer version, or a second delivery, made superfluous. */
  readonly superseded: number;
}

export function fold(stimuli: readonly Stimulus[], sentAt: EpochMs): Folded {
  const bundles = new Map<Key, Bundle>();
  let superseded = 0;
  for (const stimulus of stimuli) {
    const bundle = bundleOf(bundles, stimulus.key);
    bundle.stimulusIds.add(stimulus.id);
    bundle.messageIds.add(stimulus.messageId);
    // News from outside starts a new chain, whatever wake-up travels with it.
    bundle.hops = Math.min(bundle.hops, stimulus.hops);
    for (let index = 0; index < stimulus.facts.length; index += 1) {
      const noted = { id: `${stimulus.id}#${index}`, fact: stimulus.facts[index] as Fact };
      if (!note(bundle.facts, noted)) superseded += 1;
    }
  }
  const rings: Ring[] = [];
  for (const [key, bundle] of bundles) rings.push(...ringsOf(key, bundle, sentAt));
  return { rings, superseded };
}

function bundleOf(bundles: Map<Key, Bundle>, key: Key): Bundle {
  const known = bundles.get(key);
  if (known !== undefined) return known;
  const bundle: Bundle = {
    stimulusIds: new Set(),
    messageIds: new Set(),
    facts: new Map(),
    hops: Number.POSITIVE_INFINITY,
  };
  bundles.set(key, bundle);
  return bundle;
}

/** Keeps the better of two facts about the same thing; false when there were two. */
function note(facts: Map<string, Noted>, noted: Noted): boolean {
  const slot = slotOf(noted);
  const known = facts.get(slot);
  if (known === undefined || isNewer(noted, known)) facts.set(slot, noted);
  return known === undefined;
}

/**
 * Versioned facts compete for their thing's slot. A task without a version is a hint beside it: the
 * versioned fact of the same batch may be older than the notice.
 */
function slotOf({ id, fact }: Noted): string {
  if (fact.kind === "task") return fact.version === 0 ? `hint ${fact.taskArn}` : `task ${fact.taskArn}`;
  if (fact.kind === "instance") return `instance ${fact.containerInstanceArn}`;
  return `${fact.kind} ${id}`;
}

/** Equal versions are duplicates of one change; time, then id, make the choice the same in any order. */
function isNewer(candidate: Noted, known: Noted): boolean {
  const byVersion = versionOf(candidate.fact) - versionOf(known.fact);
  if (byVersion !== 0) return byVersion > 0;
  const byTime = candidate.fact.at - known.fact.at;
  return byTime !== 0 ? byTime > 0 : candidate.id > known.id;
}

const versionOf = (fact: Fact): number =>
  fact.kind === "task" || fact.kind === "instance" ? fact.version : 0;

/** In the order of time, so that a reader of unversioned facts sees the last word last. */
const inOrder = (a: Noted, b: Noted): number =>
  a.fact.at - b.fact.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

function ringsOf(key: Key, bundle: Bundle, sentAt: EpochMs): readonly Ring[] {
  const facts = [...bundle.facts.values()].sort(inOrder).map(({ fact }) => fact);
  const messageIds = [...bundle.messageIds];
  // The key is part of it: one event may ring at several keys, and FIFO deduplicates over the whole queue.
  const id = fingerprint([key, ...[...bundle.stimulusIds].sort()].join("\n"));
  return chunksOf(facts).map((chunk, index) => ({
    doorbell: { key, id: index === 0 ? id : `${id}-${index}`, facts: chunk, hops: bundle.hops, sentAt },
    messageIds,
  }));
}

/** SQS takes 1 MiB for a message and for a batch of ten; small messages keep a pass short. */
const MAX_FACTS_BYTES = 190_000;
function chunksOf(facts: readonly Fact[]): readonly (readonly Fact[])[] {
  if (facts.length <= 1) return [facts];
  const chunks: Fact[][] = [[]];
  let bytes = 0;
  for (const fact of facts) {
    const factBytes = Buffer.byteLength(JSON.stringify(fact)) + 1;
    if (bytes > 0 && bytes + factBytes > MAX_FACTS_BYTES) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push(fact);
    bytes += factBytes;
  }
  return chunks;
}
