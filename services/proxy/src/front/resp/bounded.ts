/** Work on the keys of one command: several at a time, begun in their order. */

/**
 * Runs `work` for each item, at most `limit` at a time, and gives the results in order. After a failure it begins
 * nothing more, waits for what runs, and rejects with the first failure.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const lane = async () => {
    while (failures.length === 0) {
      const index = next;
      const item = items[index];
      if (index >= items.length || item === undefined) return;
      next += 1;
      try {
        results[index] = await work(item, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}
