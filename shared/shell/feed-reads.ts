// All due reads of a feed as few calls of the metrics port: one for each length of bins and end of the window,
// each different query once, whoever asked for it.

import type { DurationMs, EpochMs } from "../base/time.ts";
import { epochMs } from "../base/time.ts";
import type { MetricQuery, Series } from "../contracts/metrics.ts";
import type { DueRead, Served } from "./feed-state.ts";
import type { PassPorts } from "./ports.ts";

export interface ReadDone extends Served {
  readonly series: readonly Series[];
}

export async function readDue(dues: readonly DueRead[], ports: PassPorts): Promise<readonly ReadDone[]> {
  const groups = Map.groupBy(dues, ({ periodMs, until }) => `${periodMs}<${until}`);
  const done = await Promise.all([...groups.values()].map((group) => readGroup(group, ports)));
  return done.flat();
}

interface Answers {
  readonly bySource: ReadonlyMap<string, Series>;
  /** Nothing at all could be read. */
  readonly problem?: string;
}

/** The earliest start of all: nobody pays for points, only for series. */
async function readGroup(group: readonly DueRead[], ports: PassPorts): Promise<readonly ReadDone[]> {
  const until = group[0]?.until ?? epochMs(0);
  const from = epochMs(Math.min(...group.map((due) => due.from)));
  const answers = await ask(distinct(group), { from, until }, ports);
  return group.map((due) => {
    const series = due.queries.map((query) => seriesFor(query, due, answers));
    const isComplete = series.every(({ problem }) => problem === undefined);
    const hasFrom = (start: number): boolean =>
      series.some(({ points }) => points.some(([at]) => at >= start));
    const flows = hasFrom(due.until - due.periodMs);
    return { due, series, isComplete, hasNews: hasFrom(due.newsFrom), flows };
  });
}

const nameOf = ({ source, periodMs }: { source: MetricQuery["source"]; periodMs: DurationMs }): string =>
  JSON.stringify([periodMs, source]);

/** By source, with ids that are unique over all orders. */
function distinct(group: readonly DueRead[]): ReadonlyMap<string, MetricQuery> {
  const bySource = new Map<string, MetricQuery>();
  for (const query of group.flatMap(({ queries }) => queries)) {
    const name = nameOf(query);
    if (!bySource.has(name)) bySource.set(name, { ...query, id: `q${bySource.size}` });
  }
  return bySource;
}

/** A provider that cannot be read at all is a problem of its series, never of the pass. */
async function ask(
  queries: ReadonlyMap<string, MetricQuery>,
  window: { readonly from: EpochMs; readonly until: EpochMs },
  { read, log }: PassPorts,
): Promise<Answers> {
  try {
    const series = await read.metrics.read([...queries.values()], window);
    const byId = new Map(series.map((one) => [one.id, one]));
    const bySource = new Map<string, Series>();
    for (const [name, { id }] of queries) {
      const found = byId.get(id);
      if (found !== undefined) bySource.set(name, found);
    }
    return { bySource };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    log.warn("metrics not read", { queries: queries.size, error: problem });
    return { bySource: new Map(), problem };
  }
}

function seriesFor(query: MetricQuery, { from, until }: DueRead, answers: Answers): Series {
  const found = answers.bySource.get(nameOf(query));
  const window = [from, until] as const;
  if (found === undefined) {
    return { id: query.id, points: [], window, problem: answers.problem ?? "the provider left it out" };
  }
  const points = found.points.filter(([at]) => at >= from && at < until);
  return { id: query.id, points, window, ...(found.problem === undefined ? {} : { problem: found.problem }) };
}
