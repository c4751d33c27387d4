import { describe, expect, test } from 'vitest';
import { judgeRun, type VerdictInput } from './verdict.ts';

const summary = (p50Ms: number, p99Ms: number) => ({
  ...{ count: 100, meanMs: p50Ms, p50Ms, p99Ms, p90Ms: p99Ms, p95Ms: p99Ms, p999Ms: p99Ms, maxMs: p99Ms },
});
const fine: VerdictInput = {
  mode: 'open',
  response: summary(20, 100),
  lag: summary(0.1, 0.5),
  waiting: summary(0, 0),
  loopUtilization: 0.99,
  sent: 100,
  unfinished: 0,
  failures: 0,
  verdicts: { right: 100, absent: 0, miss: 0, stale: 0, wrong: 0 },
  maxLanes: 10,
  peakLanes: 3,
};

describe('a run is invalid when its generator was the bottleneck', () => {
  test.each([
    ['punctual', {}, true],
    ['late, beside slow answers', { lag: summary(1.5, 9) }, true],
    ['late by more than a tenth at the 99th percentile', { lag: summary(0.1, 11) }, false],
    ['late by more than a tenth in the median', { lag: summary(2.5, 9) }, false],
    ['late by microseconds, beside fast answers', { lag: summary(0.1, 0.9), response: summary(0.2, 1) }, true],
    ['a busy closed loop', { mode: 'closed' }, false],
    ['a closed loop with time left', { mode: 'closed', loopUtilization: 0.5 }, true],
    ['nothing succeeded', { failures: 100 }, false],
  ] as const)('%s', (_name, given, isValid) => {
    const verdict = judgeRun({ ...fine, ...given });
    expect([verdict.isValid, verdict.faults.length > 0]).toEqual([isValid, !isValid]);
  });
});

test('stale and wrong reads are told apart from a bad run', () => {
  const verdicts = { ...fine.verdicts, stale: 1, miss: 2 };
  const verdict = judgeRun({ ...fine, verdicts });
  expect(verdict).toMatchObject({ isValid: true, isVerified: false });
  expect(verdict.notes.join()).toContain('2 reads found nothing');
});
