import { expect, test } from 'vitest';
import { describeFault, faultKinds, planFaults } from './fault-plan.ts';

const tenMinutes = { durationMs: 600_000, leaseTtlMs: 6_000 };

test('a plan follows from its seed', () => {
  expect(planFaults({ seed: 'a', ...tenMinutes })).toEqual(planFaults({ seed: 'a', ...tenMinutes }));
  expect(planFaults({ seed: 'a', ...tenMinutes })).not.toEqual(planFaults({ seed: 'b', ...tenMinutes }));
});

test.each(Array.from({ length: 50 }, (_, seed) => String(seed)))('plan %s keeps to its rules', (seed) => {
  const plan = planFaults({ seed, ...tenMinutes });
  expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(faultKinds));
  expect(plan.every(({ atMs, durationMs }) => atMs >= 4_000 && atMs + durationMs <= 595_000)).toBe(true);
  expect(plan.every(({ atMs }, index) => atMs >= (plan[index - 1]?.atMs ?? 0))).toBe(true);
  const pauses = plan.filter(({ kind }) => kind === 'pause-proxy' || kind === 'pause-proxy-beyond-lease');
  expect(pauses.every(({ kind, durationMs }) => durationMs > 6_000 === (kind === 'pause-proxy-beyond-lease'))).toBe(
    true,
  );
  const kills = plan.filter(({ kind }) => /^(kill-(proxy|everything)|pause-proxy-beyond)/.test(kind));
  const gaps = kills.slice(1).map(({ atMs }, index) => atMs - (kills[index]?.atMs ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(13_000);
});

test('a short run has faults too', () => {
  expect(planFaults({ seed: 'a', durationMs: 60_000, leaseTtlMs: 6_000 }).length).toBeGreaterThan(4);
  expect(planFaults({ seed: 'a', durationMs: 6_000, leaseTtlMs: 6_000 })).toEqual([]);
});

test('faults are told in words', () => {
  const fault = { atMs: 0, kind: 'pause-proxy', durationMs: 2_345, count: 3, choice: 0 } as const;
  expect(describeFault(fault)).toBe('pause-proxy for 2.3 s');
  expect(describeFault({ ...fault, kind: 'reclaim-several', durationMs: 0 })).toBe('reclaim-several (3)');
});
