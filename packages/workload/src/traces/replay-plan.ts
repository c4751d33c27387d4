/**
 * What a replay does for each record. Traces of reads do not say when their objects were written: either the objects exist
 * beforehand, or the first touch of each is a write followed by the read (as the papers did). An object is as large as the
 * largest answer that was ever given of it, since some answers were cut or partial.
 */
import type { TraceRecord } from './trace-record.ts';

/** How objects that are read come to be there. */
export type FirstTouch = 'put' | 'exists';

export interface ReplayStep {
  /** Milliseconds since the first record. */
  readonly atMs: number;
  readonly record: TraceRecord;
  /** Of the object, not of the answer. */
  readonly sizeBytes: number;
  /** The object has to be written right before. */
  readonly isPutBefore: boolean;
  /** Nothing was asked of this object before. */
  readonly isFirst: boolean;
}

/** Plans a whole trace; `records` are taken to be in order of time. */
export function planReplay(records: readonly TraceRecord[], firstTouch: FirstTouch): readonly ReplayStep[] {
  const sizes = new Map<string, number>();
  for (const { key, sizeBytes = 0, range } of records) {
    sizes.set(key, Math.max(sizes.get(key) ?? 0, sizeBytes, range?.end ?? 0));
  }
  const beganMs = records[0]?.atMs ?? 0;
  const seen = new Set<string>();
  return records.map((record) => {
    const isFirst = !seen.has(record.key);
    seen.add(record.key);
    const reads = record.operation === 'get' || record.operation === 'head' || record.operation === 'copy';
    return {
      atMs: Math.max(0, record.atMs - beganMs),
      record,
      sizeBytes: sizes.get(record.key) ?? 0,
      isPutBefore: isFirst && reads && firstTouch === 'put',
      isFirst,
    };
  });
}
