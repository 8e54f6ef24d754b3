// Many small calls to foreign servers: so many at once, and all of them within one time limit, so that no
// server, however slow, keeps the others' answers back longer than that.

import { AppError } from "../../base/errors.ts";
import type { DurationMs } from "../../base/time.ts";
import { millis, seconds } from "../../base/time.ts";
import type { MetricQuery, Series } from "../../contracts/metrics.ts";

const PARALLEL = 50;
/** For all calls of one read together; a bin is a minute long, a function runs 30 s at most. */
const READ_TIMEOUT_MS = seconds(5);

export type Ask = (query: MetricQuery, timeoutMs: DurationMs) => Promise<Series>;

/** One series for each query, in their order; what failed, or did not get its turn in time, has a problem. */
export async function askAll(
  queries: readonly MetricQuery[],
  ask: Ask,
  timeoutMs: DurationMs = READ_TIMEOUT_MS,
): Promise<readonly Series[]> {
  const begun = performance.now();
  const answers: Series[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < queries.length) {
      const index = next;
      next += 1;
      const query = queries[index] as MetricQuery;
      answers[index] = await askOne(query, ask, millis(timeoutMs - (performance.now() - begun)));
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, queries.length) }, work));
  return answers;
}

async function askOne(query: MetricQuery, ask: Ask, leftMs: DurationMs): Promise<Series> {
  if (leftMs < 1) return failed(query, "not asked: the others took all the time");
  try {
    return await ask(query, millis(Math.ceil(leftMs)));
  } catch (error) {
    if (error instanceof AppError) return failed(query, error.message);
    throw error;
  }
}

export const failed = ({ id }: MetricQuery, problem: string): Series => ({ id, points: [], problem });

/** Whoever reads an answer wants to know that it came, not all that it says. */
const MAX_SHOWN = 200;
export const excerpt = (text: string): string =>
  text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
