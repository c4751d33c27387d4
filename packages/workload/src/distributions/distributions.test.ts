import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../seeded-random.ts';
import { arrivalTimes, burstRates, type RateStep, steadyRate } from './arrivals.ts';
import { latestKeys, spreadRank, uniformKeys, zipfKeys } from './keys.ts';
import { MixedWorkload, type WorkRequest, ycsbWorkloads } from './mixes.ts';
import { parseBytes, parseSeconds } from './quantities.ts';
import { fixedSize, parseSizes, seenSizes } from './sizes.ts';

const take = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);
const shareOf = <T>(all: readonly T[], is: (one: T) => boolean) => all.filter(is).length / all.length;
const mean = (all: readonly number[]) => all.reduce((sum, each) => sum + each, 0) / all.length;

describe('keys', () => {
  test('Zipf: each rank as often as the law says', () => {
    const random = new SeededRandom('zipf');
    const [count, draws] = [1_000, 200_000];
    const keys = zipfKeys();
    const seen = new Array<number>(count).fill(0);
    for (let draw = 0; draw < draws; draw++) {
      const key = keys.draw(random, count);
      seen[key] = (seen[key] ?? Number.NaN) + 1;
    }
    const byRank = take(count, () => 0).map((_, rank) => seen[spreadRank(rank, count)] ?? 0);
    const zeta = byRank.reduce((sum, _, rank) => sum + 1 / (rank + 1) ** 0.99, 0);
    // Gray's method is exact for the first two ranks and an approximation beyond.
    for (const [rank, off] of [
      [0, 0.03],
      [1, 0.05],
      [9, 0.15],
      [99, 0.25],
    ] as const) {
      const expected = draws / zeta / (rank + 1) ** 0.99;
      expect(Math.abs((byRank[rank] ?? 0) / expected - 1)).toBeLessThan(off);
    }
    const firstTenth = byRank.slice(0, 100).reduce((sum, each) => sum + each, 0) / draws;
    expect(firstTenth).toBeGreaterThan(0.62);
    expect(firstTenth).toBeLessThan(0.74);
  });

  test.each([1, 2, 3, 7, 100, 1_024, 1_025])('ranks are spread one to one over %i objects', (count) => {
    expect(new Set(take(count, () => 0).map((_, rank) => spreadRank(rank, count))).size).toBe(count);
  });

  test('uniform: each alike; latest: the last ones most, also of those that came meanwhile', () => {
    const random = new SeededRandom('keys');
    const uniform = take(50_000, () => uniformKeys().draw(random, 10));
    for (let key = 0; key < 10; key++) expect(shareOf(uniform, (one) => one === key)).toBeCloseTo(0.1, 1);
    const latest = latestKeys();
    const early = take(20_000, () => latest.draw(random, 100));
    const later = take(20_000, () => latest.draw(random, 200));
    expect(shareOf(early, (key) => key === 99)).toBeGreaterThan(0.17);
    expect(shareOf(later, (key) => key === 199)).toBeGreaterThan(0.15);
    expect(Math.max(...later)).toBe(199);
    expect(Math.min(...early, ...later)).toBeGreaterThanOrEqual(0);
  });
});

describe('sizes', () => {
  const drawn = (text: string, count = 20_000) => {
    const [sizes, random] = [parseSizes(text), new SeededRandom(text)];
    return take(count, () => sizes.draw(random));
  };

  test('one size, a list with weights', () => {
    expect(new Set(drawn('1KB', 10))).toEqual(new Set([1_000]));
    const listed = drawn('1KiB:9,1MB:1');
    expect(shareOf(listed, (size) => size === 1_024)).toBeCloseTo(0.9, 1);
    expect(new Set(listed)).toEqual(new Set([1_024, 1_000_000]));
  });

  test('log-normal: median, spread, bounds', () => {
    const sizes = drawn('lognormal:median=40MB,sigma=0.9,min=10MB,max=8GB');
    expect(shareOf(sizes, (size) => size < 44e6)).toBeCloseTo(0.5, 1);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(10e6);
    const free = drawn('lognormal:median=40MB,sigma=0.9').map(Math.log);
    const center = mean(free);
    expect(Math.exp(center) / 40e6).toBeCloseTo(1, 1);
    expect(Math.sqrt(mean(free.map((each) => (each - center) ** 2)))).toBeCloseTo(0.9, 1);
  });

  test('empirical: a table of quantiles, or what was seen', () => {
    const sizes = drawn('quantiles:0=10MB,0.5=42MB,0.9=134MB,1=8GB');
    expect(shareOf(sizes, (size) => size <= 42e6)).toBeCloseTo(0.5, 1);
    expect(shareOf(sizes, (size) => size <= 134e6)).toBeCloseTo(0.9, 1);
    const random = new SeededRandom(1);
    const seen = seenSizes([1, 1, 1, 9]);
    expect(
      shareOf(
        take(10_000, () => seen.draw(random)),
        (size) => size === 9,
      ),
    ).toBeCloseTo(0.25, 1);
  });

  test.each([
    '',
    '1XB',
    '-1KB',
    '1KB:x',
    'lognormal:median=1KB',
    'lognormal:mu=3,sigma=1',
    'quantiles:0=9,1=1',
    'quantiles:1',
  ])('%j is refused', (text) => {
    expect(() => parseSizes(text)).toThrow(RangeError);
  });

  test('quantities', () => {
    expect([parseBytes('4MiB'), parseBytes('1.5KB'), parseBytes('7')]).toEqual([4 * 2 ** 20, 1_500, 7]);
    expect([parseSeconds('2h'), parseSeconds('500ms'), parseSeconds('7'), parseSeconds('3m')]).toEqual([
      7200, 0.5, 7, 180,
    ]);
    for (const text of ['1 fortnight', 'x', '']) expect(() => parseSeconds(text)).toThrow(RangeError);
  });
});

describe('arrivals', () => {
  const until = (steps: Iterable<RateStep>, pattern: 'even' | 'poisson', count: number) => {
    const times: number[] = [];
    for (const time of arrivalTimes(steps, pattern, new SeededRandom('arrivals'))) {
      times.push(time);
      if (times.length === count) break;
    }
    return times;
  };

  test('evenly, and through a change of rate', () => {
    const steps = [
      { perSecond: 2, seconds: 1.5 },
      { perSecond: 0, seconds: 1 },
      { perSecond: 10, seconds: 0.3 },
    ];
    expect(until(steps, 'even', 100)).toEqual([0, 500, 1000, 2500, 2600, 2700].map((each) => expect.closeTo(each, 6)));
  });

  test('by chance: the rate is right, and distances vary as those of a Poisson process', () => {
    const times = until(steadyRate(100), 'poisson', 50_000);
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    const center = mean(gaps);
    expect(center).toBeCloseTo(10, 0);
    expect(Math.sqrt(mean(gaps.map((gap) => (gap - center) ** 2))) / center).toBeCloseTo(1, 1);
  });

  test('bursts: Pareto rates from the base up to the bound', () => {
    const random = new SeededRandom('bursts');
    const rates: number[] = [];
    for (const step of burstRates({ basePerSecond: 100, shape: 2, intervalSeconds: 15, maxFactor: 7 }, random)) {
      rates.push(step.perSecond);
      if (rates.length === 20_000) break;
    }
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...rates)).toBe(700);
    // P(rate > x) = (base / x)^2.
    expect(shareOf(rates, (rate) => rate > 200)).toBeCloseTo(0.25, 1);
    expect(shareOf(rates, (rate) => rate === 700)).toBeCloseTo(1 / 49, 2);
  });
});

describe('mixes', () => {
  const workload = (name: keyof typeof ycsbWorkloads) => {
    const { mix } = ycsbWorkloads[name];
    const keys = name === 'D' ? latestKeys() : zipfKeys();
    return new MixedWorkload({ mix, keys, sizes: fixedSize(10), records: 100, keyPrefix: 'k', rangeBytes: 3 }, 'seed');
  };
  const sharesOf = (requests: readonly WorkRequest[]) =>
    Object.fromEntries(
      [...new Set(requests.map(({ operation }) => operation))].map((name) => [
        name,
        Math.round(shareOf(requests, ({ operation }) => operation === name) * 100),
      ]),
    );

  test.each([
    ['A', { get: 50, put: 50 }],
    ['B', { get: 95, put: 5 }],
    ['C', { get: 100 }],
    ['D', { get: 95, insert: 5 }],
    ['F', { get: 50, modify: 50 }],
  ] as const)('YCSB %s', (name, shares) => {
    const source = workload(name);
    expect([...source.initial()].map(({ key }) => key)).toEqual(take(100, () => 0).map((_, at) => `k${at}`));
    const found = sharesOf(take(20_000, () => source.next()));
    for (const [operation, share] of Object.entries(shares)) {
      expect(Math.abs((found[operation] ?? 0) - share)).toBeLessThanOrEqual(1);
    }
  });

  test('the same seed gives the same requests; what D inserts is new and soon read', () => {
    const [one, other] = [workload('D'), workload('D')];
    const requests = take(2_000, () => one.next());
    expect(take(2_000, () => other.next())).toEqual(requests);
    const inserted = requests.filter(({ operation }) => operation === 'insert').map(({ key }) => key);
    expect(inserted).toEqual(inserted.map((_, at) => `k${100 + at}`));
    const read = new Set(requests.filter(({ operation }) => operation === 'get').map(({ key }) => key));
    expect(inserted.filter((key) => read.has(key)).length).toBeGreaterThan(inserted.length / 2);
  });
});
