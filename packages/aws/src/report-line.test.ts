import { expect, test } from 'vitest';
import { parseReport } from './report-line.ts';

const line =
  'REPORT RequestId: 5d3f\tDuration: 55.01 ms\tBilled Duration: 183 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\t';

test('every field, with and without INIT', () => {
  const report = { requestId: '5d3f', durationMs: 55.01, billedMs: 183, memoryMb: 256, maxMemoryMb: 61 };
  expect(parseReport(`START RequestId: 5d3f Version: $LATEST\nEND RequestId: 5d3f\n${line}\n`)).toEqual(report);
  expect(parseReport(`${line}Init Duration: 127.75 ms\t\n`)).toEqual({ ...report, initMs: 127.75 });
  expect(parseReport(`${line}Status: timeout\t\n`)).toEqual(report);
});

test('the last one counts, not what a handler wrote', () => {
  const forged = 'REPORT RequestId: forged\tDuration: 1.00 ms\tBilled Duration: 1 ms\n';
  expect(parseReport(`${forged}${line}\n`)?.requestId).toBe('5d3f');
});

test.each(['', 'END RequestId: 5d3f\n', line.slice(0, 70), 'REPORT RequestId: 5d3f\n'])('none in %j', (tail) => {
  expect(parseReport(tail)).toBeUndefined();
});
