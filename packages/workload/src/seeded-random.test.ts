import { describe, expect, test } from 'vitest';
import { nextWord, SeededRandom } from './seeded-random.ts';

function take(count: number, draw: () => number): number[] {
  return Array.from({ length: count }, draw);
}

describe('seeded randomness', () => {
  test('steps as the reference implementation does from the state 1, 2, 3, 4', () => {
    const state = Uint32Array.of(1, 2, 3, 4);
    const expected = [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ];
    expect(take(10, () => nextWord(state))).toEqual(expected);
  });

  test('the same seed gives the same numbers, now and for ever', () => {
    const random = new SeededRandom(42);
    expect(take(4, () => random.uint32())).toEqual([310599135, 3405675323, 2294515397, 1631273877]);
    const again = new SeededRandom('42');
    expect(take(4, () => again.uint32())).toEqual([310599135, 3405675323, 2294515397, 1631273877]);
  });

  test('different seeds give different streams', () => {
    const streams = new Set(take(5_000, () => 0).map((_, seed) => `${new SeededRandom(seed).uint32()}`));
    expect(streams.size).toBeGreaterThan(4_990);
    expect(new SeededRandom('a').uint32()).not.toBe(new SeededRandom('b').uint32());
  });

  test.each([1, 2, 3, 10, 1000])('integers below %i are spread evenly', (below) => {
    const random = new SeededRandom(`spread ${below}`);
    const draws = 200 * below;
    const counts = new Array<number>(below).fill(0);
    for (let draw = 0; draw < draws; draw++) {
      const at = random.integer(below);
      counts[at] = (counts[at] ?? Number.NaN) + 1;
    }
    // Chi-squared with below − 1 degrees of freedom: mean below − 1, six standard deviations above.
    const chi = counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    expect(chi).toBeLessThanOrEqual(below - 1 + 6 * Math.sqrt(2 * below));
  });

  test('wide bounds are reached, and wrong ones refused', () => {
    const random = new SeededRandom(1);
    const wide = take(1_000, () => random.integer(2 ** 53));
    expect(Math.max(...wide)).toBeGreaterThan(2 ** 52);
    expect(wide.every((each) => Number.isSafeInteger(each))).toBe(true);
    expect(take(1_000, () => random.integer(2 ** 40)).some((each) => each > 2 ** 32)).toBe(true);
    for (const below of [0, -1, 1.5, 2 ** 54, Number.NaN]) expect(() => random.integer(below)).toThrow(RangeError);
  });

  test('doubles lie in [0, 1) with their mean in the middle', () => {
    const random = new SeededRandom(7);
    const drawn = take(10_000, () => random.double());
    expect(drawn.every((each) => each >= 0 && each < 1)).toBe(true);
    expect(drawn.reduce((sum, each) => sum + each, 0) / drawn.length).toBeCloseTo(0.5, 1);
  });

  test('bytes come in any number', () => {
    for (const count of [0, 1, 3, 4, 5, 1_000]) expect(new SeededRandom(3).bytes(count).length).toBe(count);
    expect(new Set(new SeededRandom(3).bytes(10_000)).size).toBe(256);
    expect(new SeededRandom(3).bytes(5)).toEqual(new SeededRandom(3).bytes(8).subarray(0, 5));
  });
});
