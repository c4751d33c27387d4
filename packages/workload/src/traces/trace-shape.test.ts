import { describe, expect, test } from 'vitest';
import { planReplay } from './replay-plan.ts';
import type { TraceRecord } from './trace-record.ts';
import { shapeTrace, wholeTrace } from './trace-shape.ts';
import { workOf } from './trace-work.ts';

const hour = 3_600_000;
const get = (atMs: number, key: string, sizeBytes = 100): TraceRecord => ({ atMs, operation: 'get', key, sizeBytes });
const times = (records: readonly TraceRecord[]) => records.map(({ atMs }) => atMs);

describe('a shaped trace', () => {
  const records = [get(5_000, 'a'), get(6_000, 'b', 1_000), get(5_000 + hour, 'a'), get(5_500 + 2 * hour, 'c')];

  test('begins at 0 and is otherwise as it is', () => {
    const shaped = shapeTrace(records, wholeTrace);
    expect(times(shaped.records)).toEqual([0, 1_000, hour, 2 * hour + 500]);
    expect(shaped).toMatchObject({ outsideHours: 0, outsideSample: 0, capped: 0, skippedMs: 0 });
  });

  test('hours, speed, pauses', () => {
    const shaped = shapeTrace(records, { ...wholeTrace, toHour: 2, speed: 10, maxGapMs: 2_000 });
    expect(times(shaped.records)).toEqual([0, 100, 2_100]);
    expect(shaped.outsideHours).toBe(1);
    expect(shaped.skippedMs).toBe((hour - 1_000) / 10 - 2_000);
    expect(times(shapeTrace(records, { ...wholeTrace, fromHour: 1 }).records)).toEqual([0, hour + 500]);
  });

  test('a sample has all requests of an object or none, and about its share of the objects', () => {
    const many = Array.from({ length: 4_000 }, (_, at) => get(at, `k${at % 2_000}`));
    const shaped = shapeTrace(many, { ...wholeTrace, sample: 0.25 });
    const keys = new Set(shaped.records.map(({ key }) => key));
    expect(shaped.records.length).toBe(2 * keys.size);
    expect(Math.abs(keys.size / 2_000 - 0.25)).toBeLessThan(0.03);
    expect(shaped.outsideSample + shaped.records.length).toBe(4_000);
  });

  test('sizes and ranges, scaled and capped', () => {
    const ranged: TraceRecord = { ...get(0, 'a', 1_000), range: { start: 100, end: 200 } };
    const far: TraceRecord = { ...get(4, 'e', 9_000), range: { start: 8_000, end: 9_000 } };
    const shaped = shapeTrace([ranged, get(1, 'b', 4), get(2, 'c', 0), get(3, 'd', 9_000), far], {
      ...wholeTrace,
      ...{ sizeScale: 0.1, maxBytes: 500 },
    });
    expect(shaped.records.map(({ sizeBytes }) => sizeBytes)).toEqual([100, 1, 0, 500, 500]);
    expect(shaped.records[0]?.range).toEqual({ start: 10, end: 20 });
    expect(shaped.records[4]?.range).toEqual({ start: 499, end: 500 });
    expect(shaped.capped).toBe(2);
  });
});

test('operations are done as they were recorded', () => {
  const records: readonly TraceRecord[] = [
    get(0, 'a'),
    { ...get(1, 'a'), range: { start: 10, end: 20 } },
    { ...get(2, 'b'), range: { start: 0, end: 300 } },
    { atMs: 3, operation: 'put', key: 'a', sizeBytes: 7 },
    { atMs: 4, operation: 'head', key: 'c', sizeBytes: 50 },
    { atMs: 5, operation: 'delete', key: 'a' },
    { atMs: 6, operation: 'copy', key: 'a', sizeBytes: 7 },
  ];
  const told = (firstTouch: 'put' | 'exists') =>
    planReplay(records, firstTouch)
      .flatMap(workOf)
      .map(({ operation, key, sizeBytes, range }) => [
        operation,
        key,
        sizeBytes,
        ...(range ? [range.start, range.end] : []),
      ]);
  expect(told('put')).toEqual([
    ['fill', 'a', 100],
    ['range', 'a', 0, 10, 20],
    ['fill', 'b', 300, 0, 300],
    ['put', 'a', 7],
    ['insert', 'c', 50],
    ['head', 'c', 0],
    ['delete', 'a', 0],
  ]);
  expect(told('exists').map(([operation]) => operation)).toEqual(['get', 'range', 'range', 'put', 'head', 'delete']);
});
