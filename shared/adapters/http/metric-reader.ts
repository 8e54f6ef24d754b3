// All providers behind one MetricReader: each gets its own queries, all at the same time. A provider that
// cannot be read is the problem of its own series.

import { AppError } from "../../base/errors.ts";
import type { MetricQuery, Series } from "../../contracts/metrics.ts";
import type { MetricProvider } from "../../contracts/rollout-policy.ts";
import type { MetricReader, MetricWindow } from "../../ports/metrics.ts";

export type MetricReaders = Readonly<Record<MetricProvider["provider"], MetricReader>>;

export const createMetricReader = (readers: MetricReaders): MetricReader => ({
  read: async (queries, window) => {
    const parts = [...Map.groupBy(queries, ({ source }) => source.provider)];
    const answers = await Promise.all(parts.map(([provider, own]) => readOr(readers[provider], own, window)));
    const failure = answers.find((answer) => answer instanceof AppError);
    if (failure !== undefined && answers.every((answer) => answer instanceof AppError)) throw failure;
    return answers.flatMap((answer, index) =>
      answer instanceof AppError ? (parts[index]?.[1] ?? []).map(({ id }) => unread(id, answer)) : answer,
    );
  },
});

const unread = (id: string, { message }: AppError): Series => ({ id, points: [], problem: message });

async function readOr(
  reader: MetricReader,
  queries: readonly MetricQuery[],
  window: MetricWindow,
): Promise<readonly Series[] | AppError> {
  try {
    return await reader.read(queries, window);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
