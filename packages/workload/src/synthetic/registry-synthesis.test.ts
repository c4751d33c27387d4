/** The synthetic registry workload, held against every row of what was measured of the trace that it stands in for. */
import { describe, expect, test } from 'vitest';
import { statisticsOf } from './registry-statistics.ts';
import { synthesizeRegistry } from './registry-synthesis.ts';

const [mb, gb] = [1e6, 1e9];
/** Within this share of what was measured. */
const near = (measured: number, share: number) => ({ least: measured * (1 - share), most: measured * (1 + share) });
const expectNear = (value: number | undefined, measured: number, share: number) => {
  const { least, most } = near(measured, share);
  expect(value).toBeGreaterThanOrEqual(least);
  expect(value).toBeLessThanOrEqual(most);
};

describe('blobs over 10 MB, 50 hours', () => {
  const records = synthesizeRegistry({ seed: 'dallas', sizes: 'large', key: 'uri' });
  const found = statisticsOf(records, 50);

  test('requests: their number and rates', () => {
    expect(found.requests).toBe(37_474);
    expectNear(found.perHour.mean, 749, 0.01);
    // The trace’s quietest and busiest hours: 343 and 1,393.
    expectNear(found.perHour.least, 343, 0.45);
    expectNear(found.perHour.most, 1_393, 0.2);
    expect(found.mostPerMinute).toBeLessThanOrEqual(74);
    expectNear(found.interArrival.meanSeconds, 4.8, 0.01);
    expectNear(found.interArrival.variation, 1.4, 0.1);
  });

  test('objects: URIs, digests, bytes', () => {
    expect(found.objects).toBe(12_541);
    const digests = synthesizeRegistry({ seed: 'dallas', sizes: 'large', key: 'digest' });
    expectNear(new Set(digests.map(({ key }) => key)).size, 9_569, 0.01);
    expectNear(found.objectBytes, 950 * gb, 0.02);
    expectNear(found.readBytes, 2_250 * gb, 0.02);
  });

  test('sizes of objects and of requests', () => {
    for (const [at, measured] of [20.9, 42.3, 76, 134, 200, 600].entries()) {
      expectNear(found.objectSizes[at], measured * mb, 0.01);
    }
    expect(found.maxObjectBytes).toBe(8_487 * mb);
    for (const [at, measured] of [21.6, 51.5, 54.4, 94.8, 133, 397].entries()) {
      expectNear(found.requestSizes[at], measured * mb, 0.17);
    }
  });

  test('popularity: a plateau with a long tail', () => {
    expectNear(found.readOnceShare, 0.77, 0.005);
    for (const [at, measured] of [0.385, 0.5, 0.65].entries()) expectNear(found.popularShares[at], measured, 0.01);
  });

  test('reuse, and what an ideal cache hits and holds', () => {
    const measured = [
      { minutes: 1, hit: 0.46 },
      { minutes: 10, hit: 0.796, resident: 4.8 },
      { minutes: 60, hit: 0.912, resident: 24 },
      { minutes: 100, hit: 0.934 },
      { minutes: 180, hit: 0.954, resident: 65 },
      { minutes: 360, hit: 0.967, resident: 122 },
    ];
    for (const { hit, minutes, resident } of measured) {
      const horizon = found.horizons.find((each) => each.minutes === minutes);
      expectNear(horizon?.hitShare, hit, 0.02);
      if (resident !== undefined) expectNear(horizon?.meanResidentBytes, resident * gb, 0.05);
    }
  });

  test('hourly working set', () => {
    expectNear(found.hourlyWorkingSetBytes.mean, 24.2 * gb, 0.05);
    expectNear(found.hourlyWorkingSetBytes.least, 7.5 * gb, 0.4);
    expectNear(found.hourlyWorkingSetBytes.most, 48.4 * gb, 0.15);
  });

  test('the same seed gives the same workload, another one another', () => {
    const again = synthesizeRegistry({ seed: 'dallas', sizes: 'large', key: 'uri' });
    expect(again).toEqual(records);
    const other = synthesizeRegistry({ seed: 'other', sizes: 'large', key: 'uri' });
    expect(other.map(({ atMs }) => atMs)).not.toEqual(records.map(({ atMs }) => atMs));
  });
});

test('blobs of all sizes: shares of layers and bytes', () => {
  const found = synthesizeRegistry({ seed: 'dallas', sizes: 'all', key: 'uri' });
  const sizes = [...new Map(found.map(({ key, sizeBytes = 0 }) => [key, sizeBytes])).values()];
  const share = (most: number) => sizes.filter((size) => size < most).length / sizes.length;
  expect(found.length).toBe(182_700);
  expectNear(share(mb), 0.65, 0.02);
  expectNear(share(10 * mb), 0.8, 0.02);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(sizes.reduce((sum, size) => sum + (size >= 10 * mb ? size : 0), 0) / total).toBeGreaterThan(0.95);
});
