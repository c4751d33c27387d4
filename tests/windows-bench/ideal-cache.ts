/**
 * The ideal cache of a horizon: holds every object for exactly that long after its last touch, whatever that takes. What
 * SION's windows are held against.
 */
import type { ReplayStep } from '@sion/workload';

export interface IdealCache {
  /** Accesses of objects that were accessed before. */
  readonly reaccesses: number;
  /** Those of them that came within the horizon. */
  readonly hits: number;
  /** Of the objects that it holds, over the time of the trace. */
  readonly meanResidentBytes: number;
}

export function idealCache(steps: readonly ReplayStep[], horizonMs: number): IdealCache {
  const touchedMs = new Map<string, number>();
  const endMs = steps.at(-1)?.atMs ?? 0;
  let [reaccesses, hits, byteMs] = [0, 0, 0];
  for (const { atMs, record, sizeBytes } of steps) {
    const lastMs = touchedMs.get(record.key);
    touchedMs.set(record.key, atMs);
    if (lastMs === undefined) continue;
    reaccesses++;
    if (atMs - lastMs <= horizonMs) hits++;
    byteMs += sizeBytes * Math.min(atMs - lastMs, horizonMs);
  }
  const sizes = new Map(steps.map(({ record, sizeBytes }) => [record.key, sizeBytes]));
  for (const [key, lastMs] of touchedMs) byteMs += (sizes.get(key) ?? 0) * Math.min(endMs - lastMs, horizonMs);
  return { reaccesses, hits, meanResidentBytes: endMs === 0 ? 0 : byteMs / endMs };
}
