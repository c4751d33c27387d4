import { describe, expect, it } from 'vitest';
import { ScanCursors } from './scan-cursors.ts';

describe('ScanCursors', () => {
  it('gives numbers below 2^48, one for each place', () => {
    const cursors = new ScanCursors(10_000);
    const numbers = new Set<number>();
    for (let at = 0; at < 5000; at += 1) {
      const place = { prefix: at % 2 === 0 ? '' : '1', after: `1${at}` };
      const number = cursors.numberOf(place);
      expect(number).toBeGreaterThan(0);
      expect(number).toBeLessThan(2 ** 48);
      expect(cursors.placeOf(number)).toEqual(place);
      numbers.add(number);
    }
    expect(numbers.size).toBe(5000);
  });

  it('gives a place the same number in another table: what it gave before a restart is not another place', () => {
    const place = { prefix: 'user:', after: 'abc' };
    expect(new ScanCursors(1).numberOf(place)).toBe(new ScanCursors(5).numberOf(place));
  });

  it('forgets the place that was not used for the longest time', () => {
    const cursors = new ScanCursors(2);
    const [a, b] = ['a', 'b'].map((after) => cursors.numberOf({ prefix: '', after }));
    cursors.placeOf(a ?? 0);
    cursors.numberOf({ prefix: '', after: 'c' });
    expect(cursors.placeOf(a ?? 0)).toEqual({ prefix: '', after: 'a' });
    expect(cursors.placeOf(b ?? 0)).toBeUndefined();
    expect(cursors.placeOf(12_345)).toBeUndefined();
  });
});
