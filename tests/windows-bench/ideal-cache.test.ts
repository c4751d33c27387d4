import { planReplay, type TraceRecord } from '@sion/workload';
import { expect, it } from 'vitest';
import { idealCache } from './ideal-cache.ts';

const get = (atMs: number, key: string, sizeBytes: number): TraceRecord => ({ atMs, operation: 'get', key, sizeBytes });

it('hits what comes back within the horizon, and holds each object for as long', () => {
  const steps = planReplay([get(0, 'a', 10), get(50, 'b', 100), get(60, 'a', 10), get(200, 'a', 10)], 'put');
  // a: 60 + 100 of 140 until its next touch; b: 100 of 150 until the end; a at its end: nothing.
  const expected = { reaccesses: 2, hits: 1, meanResidentBytes: (10 * 160 + 100 * 100) / 200 };
  expect(idealCache(steps, 100)).toEqual(expected);
});
