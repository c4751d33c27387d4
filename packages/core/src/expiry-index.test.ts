import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpiryIndex } from './expiry-index.ts';

describe('the expiry index', () => {
  it('gives each key once its second is over, and never before', () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 0, max: 30_000 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const index = new ExpiryIndex(1000);
        const waiting = new Map<string, number>();
        let nowMs = 0;
        for (const [position, [expiresAtMs, passMs]] of steps.entries()) {
          index.note(`k${position}`, expiresAtMs);
          waiting.set(`k${position}`, expiresAtMs);
          nowMs += passMs;
          for (const key of index.takeDue(nowMs, 1000)) {
            expect(waiting.get(key)).toBeLessThanOrEqual(nowMs);
            waiting.delete(key);
          }
          const overdue = [...waiting.values()].filter((dueMs) => Math.floor(dueMs / 1000) < Math.floor(nowMs / 1000));
          expect(overdue).toEqual([]);
        }
      }),
    );
  });

  it('gives no more than asked for, and the rest later', () => {
    const index = new ExpiryIndex(1000);
    for (let key = 0; key < 10; key++) index.note(`k${key}`, key * 100);
    expect(index.takeDue(5000, 4)).toHaveLength(4);
    expect(index.takeDue(5000, 4)).toHaveLength(4);
    expect(index.takeDue(5000, 4)).toHaveLength(2);
  });

  it('notes no more than it may, and has room again for what was given', () => {
    const index = new ExpiryIndex(2);
    for (const key of ['a', 'b', 'b', 'c']) index.note(key, 1000);
    expect(index.size).toBe(2);
    expect(index.takeDue(5000, 10)).toEqual(['a', 'b']);
    index.note('c', 9000);
    expect(index.size).toBe(1);
    expect(index.takeDue(20_000, 10)).toEqual(['c']);
  });
});
