// The floor of every ratio: a handler that does nothing.

export const handler = async () => ({ batchItemFailures: [] });
