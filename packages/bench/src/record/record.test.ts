import { expect, test } from 'vitest';
import { Latency } from './latency.ts';
import { mergeRecordings, Recorder } from './recorder.ts';
import { sizeClasses, sizeClassOf } from './size-classes.ts';

test('a histogram keeps three digits, travels as text and is added to another', () => {
  const latency = new Latency();
  for (let ms = 1; ms <= 1000; ms++) latency.record(ms);
  expect(Math.abs(latency.at(50) - 500)).toBeLessThan(1);
  const sum = Latency.decode(latency.encode());
  sum.add(Latency.decode(latency.encode()));
  expect(sum.summary().count).toBe(2_000);
  expect(Math.abs(sum.summary().p99Ms - 990)).toBeLessThan(2);
  expect(new Latency().summary()).toMatchObject({ count: 0, maxMs: 0, meanMs: 0 });
});

test('size classes', () => {
  expect([0, 1_000, 1_024, 1_025, 10e6, 200e6].map((bytes) => sizeClasses[sizeClassOf(bytes)]?.label)).toEqual([
    '≤ 1 KB',
    '≤ 1 KB',
    '≤ 1 KB',
    '≤ 16 KB',
    '≤ 10 MB',
    '> 100 MB',
  ]);
});

test('workers’ recordings add up, second by second', () => {
  const record = (endedMs: number, failure?: string) => {
    const recorder = new Recorder();
    recorder.countSent(0.1, 0);
    recorder.countSent(0.1, 0);
    const request = { operation: 'get', dueMs: endedMs - 10, startedMs: endedMs - 4, endedMs, bytes: 5 } as const;
    recorder.countEnd({ ...request, verdict: 'right', ...(failure === undefined ? {} : { failure }) });
    return recorder.recording();
  };
  const merged = mergeRecordings([record(500), record(700), record(2_500), record(2_600, 'ECONNRESET')]);
  expect(merged.seconds.map(({ second, requests, failures, bytes }) => [second, requests, failures, bytes])).toEqual([
    [0, 2, 0, 10],
    [2, 1, 1, 5],
  ]);
  expect(merged).toMatchObject({ sent: 8, unfinished: 4, failures: { ECONNRESET: 1 } });
  expect(merged.rows.map(({ operation, bytes }) => [operation, bytes])).toEqual([['get', 15]]);
  const [row] = merged.rows;
  expect(Latency.decode(row?.response ?? '').at(50)).toBeCloseTo(10, 1);
  expect(Latency.decode(row?.service ?? '').at(50)).toBeCloseTo(4, 1);
});
