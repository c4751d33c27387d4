/**
 * A recorded workload as it is to be replayed: a part of its time, a part of its objects, other sizes, another speed, and no
 * pauses longer than so long. Pure; what was left out is counted.
 */
import { hashText } from '../seeded-random.ts';
import type { TraceRecord } from './trace-record.ts';

export interface TraceShape {
  /** Hours since the first record, the end excluded. */
  readonly fromHour: number;
  readonly toHour: number;
  /** Of the objects, with all their requests: those whose key's hash falls below. */
  readonly sample: number;
  /** Sizes and ranges are multiplied by it; an object of any bytes keeps one at least. */
  readonly sizeScale: number;
  /** Larger objects are as large as this. */
  readonly maxBytes: number;
  /** So many times as fast. */
  readonly speed: number;
  /** Longer pauses are as long as this, at the new speed. */
  readonly maxGapMs: number;
}

/** The trace as it is. */
export const wholeTrace: TraceShape = {
  fromHour: 0,
  toHour: Number.POSITIVE_INFINITY,
  sample: 1,
  sizeScale: 1,
  maxBytes: Number.POSITIVE_INFINITY,
  speed: 1,
  maxGapMs: Number.POSITIVE_INFINITY,
};

export interface ShapedTrace {
  /** In order of time, which begins with 0. */
  readonly records: readonly TraceRecord[];
  readonly outsideHours: number;
  readonly outsideSample: number;
  /** Requests for objects that were larger than the cap. */
  readonly capped: number;
  /** Time that was left out of pauses, at the new speed. */
  readonly skippedMs: number;
}

export function shapeTrace(records: readonly TraceRecord[], shape: TraceShape): ShapedTrace {
  const beganMs = records.reduce((least, { atMs }) => Math.min(least, atMs), records[0]?.atMs ?? 0);
  const inHours = records.filter(({ atMs }) => {
    const hour = (atMs - beganMs) / 3_600_000;
    return hour >= shape.fromHour && hour < shape.toHour;
  });
  const chosen = inHours.filter(({ key }) => shape.sample >= 1 || hashText(key, 0x2545f491) / 2 ** 32 < shape.sample);
  const inOrder = chosen.toSorted((a, b) => a.atMs - b.atMs);
  let [atMs, beforeMs, skippedMs, capped] = [0, inOrder[0]?.atMs ?? 0, 0, 0];
  const shaped = inOrder.map((record) => {
    const gapMs = (record.atMs - beforeMs) / shape.speed;
    skippedMs += Math.max(0, gapMs - shape.maxGapMs);
    atMs += Math.min(gapMs, shape.maxGapMs);
    beforeMs = record.atMs;
    if (scaled(Math.max(record.sizeBytes ?? 0, record.range?.end ?? 0), shape.sizeScale) > shape.maxBytes) capped++;
    return { ...record, atMs, ...sizesOf(record, shape) };
  });
  return {
    records: shaped,
    outsideHours: records.length - inHours.length,
    outsideSample: inHours.length - chosen.length,
    ...{ capped, skippedMs },
  };
}

function sizesOf({ range, sizeBytes }: TraceRecord, { maxBytes, sizeScale }: TraceShape): Partial<TraceRecord> {
  const ofSize = sizeBytes === undefined ? {} : { sizeBytes: Math.min(maxBytes, scaled(sizeBytes, sizeScale)) };
  if (range === undefined) return ofSize;
  const start = Math.min(maxBytes - 1, Math.floor(range.start * sizeScale));
  const end = Math.min(maxBytes, Math.max(start + 1, Math.round(range.end * sizeScale)));
  return { ...ofSize, range: { start, end } };
}

function scaled(bytes: number, scale: number): number {
  return bytes === 0 ? 0 : Math.max(1, Math.round(bytes * scale));
}
