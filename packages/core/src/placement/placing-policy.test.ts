import { describe, expect, it } from 'vitest';
import { isPlacedOnPut, isWorthPlacing } from './placing-policy.ts';

describe('an object is placed', () => {
  it.each([
    ['first', [true, true, true]],
    ['second', [false, true, true]],
    ['never', [false, false, false]],
  ] as const)('by its reads, policy %s', (policy, placed) => {
    expect([0, 1, 2].map((earlier) => isWorthPlacing(policy, earlier))).toEqual(placed);
  });

  it('by a write as that asks, else as the policy says, else where it has no other place', () => {
    for (const policy of [true, false]) {
      for (const asked of [true, false]) expect(isPlacedOnPut(policy, asked, false)).toBe(asked);
      expect(isPlacedOnPut(policy, undefined, false)).toBe(policy);
      expect(isPlacedOnPut(policy, undefined, true)).toBe(true);
    }
  });
});
