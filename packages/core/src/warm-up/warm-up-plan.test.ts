import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { soonestWarmUpMs, type WarmableNode, warmUpDueMs } from './warm-up-plan.ts';

const policy = { activeMs: 60_000, degradedMs: 300_000 };
const viewArbitrary: fc.Arbitrary<WarmableNode> = fc.record({
  node: fc.nat(999),
  state: fc.constantFrom('active', 'degraded', 'released'),
  holds: fc.boolean(),
  activeMs: fc.nat(1e9),
  wasWarmUp: fc.boolean(),
});

describe('a warm-up', () => {
  it('comes within the interval of the node’s window, never of one that is released or holds nothing', () => {
    fc.assert(
      fc.property(viewArbitrary, (view) => {
        const dueMs = warmUpDueMs(view, policy);
        if (view.state === 'released' || !view.holds) {
          expect(dueMs).toBeUndefined();
          return;
        }
        const intervalMs = view.state === 'active' ? policy.activeMs : policy.degradedMs;
        const afterMs = (dueMs ?? Number.NaN) - view.activeMs;
        const roundingMs = 1e-6;
        expect(afterMs).toBeLessThanOrEqual(intervalMs + roundingMs);
        expect(afterMs).toBeGreaterThanOrEqual((view.wasWarmUp ? intervalMs : intervalMs * 0.875) - roundingMs);
        expect(afterMs).toBeGreaterThanOrEqual(soonestWarmUpMs(policy) - roundingMs);
      }),
    );
  });

  it('of nodes that worked at the same moment is spread evenly over the last eighth of the interval', () => {
    const due = Array.from({ length: 120 }, (_, node) =>
      warmUpDueMs({ node, state: 'active', holds: true, activeMs: 0, wasWarmUp: false }, policy),
    );
    const perSecond = new Map<number, number>();
    for (const dueMs of due) {
      const second = Math.floor((dueMs ?? 0) / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    // 120 over 7.5 s; one more or less by where seconds begin.
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(18);
    expect(perSecond.size).toBeGreaterThanOrEqual(8);
  });

  it('does not come where its interval is 0', () => {
    const view = { node: 1, state: 'active', holds: true, activeMs: 0, wasWarmUp: true } as const;
    expect(warmUpDueMs(view, { ...policy, activeMs: 0 })).toBeUndefined();
    expect(soonestWarmUpMs({ activeMs: 0, degradedMs: 400 })).toBe(350);
    expect(soonestWarmUpMs({ activeMs: 0, degradedMs: 0 })).toBe(0);
  });
});
