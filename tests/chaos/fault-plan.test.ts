import { expect, test } from 'vitest';
import { describeFault, faultKinds, planFaults } from './fault-plan.ts';

const long = { count: 100, leaseTtlMs: 6_000 };

test('a plan follows from its seed', () => {
  expect(planFaults({ seed: 'a', ...long })).toEqual(planFaults({ seed: 'a', ...long }));
  expect(planFaults({ seed: 'a', ...long })).not.toEqual(planFaults({ seed: 'b', ...long }));
  expect(planFaults({ seed: 'a', ...long, count: 10 })).toEqual(planFaults({ seed: 'a', ...long }).slice(0, 10));
});

test.each(Array.from({ length: 50 }, (_, seed) => String(seed)))('plan %s keeps to its rules', (seed) => {
  const plan = planFaults({ seed, ...long });
  expect(plan).toHaveLength(100);
  expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(faultKinds));
  expect(plan.every(({ meets, waitMs }) => (meets ? waitMs < 1_000 : waitMs >= 3_000))).toBe(true);
  const pauses = plan.filter(({ kind }) => kind === 'pause-proxy' || kind === 'pause-proxy-beyond-lease');
  expect(pauses.every(({ kind, durationMs }) => durationMs > 6_000 === (kind === 'pause-proxy-beyond-lease'))).toBe(
    true,
  );
  const ends = plan.map(({ kind }) => /^(kill-(proxy|everything)|pause-proxy-beyond)/.test(kind));
  expect(ends.some((each, index) => each && (ends[index + 1] || ends[index + 2]))).toBe(false);
});

test('faults are told in words', () => {
  const fault = { meets: false, waitMs: 0, kind: 'pause-proxy', durationMs: 2_345, count: 3, choice: 0 } as const;
  expect(describeFault(fault)).toBe('pause-proxy for 2.3 s');
  expect(describeFault({ ...fault, kind: 'reclaim-several', durationMs: 0 })).toBe('reclaim-several (3)');
});
