import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { awsFigures } from './figures.ts';
import { NetworkBucket, type NetworkFigures, unlimitedNetwork } from './network-bucket.ts';

const mib = 1024 * 1024;

const figuresOf = (rate: number, burst: number, peak: number): NetworkFigures => ({
  networkBytesPerSecond: rate,
  networkBurstBytes: burst,
  networkPeakBytesPerSecond: peak,
});

const bookings = fc.array(fc.record({ afterMs: fc.nat(500), bytes: fc.nat(200_000) }), { minLength: 1, maxLength: 40 });
const networks = fc.record({
  rate: fc.integer({ min: 1000, max: 1_000_000 }),
  burst: fc.nat(1_000_000),
  peak: fc.oneof(fc.constant(0), fc.integer({ min: 1_000_000, max: 10_000_000 })),
});

interface Passage {
  readonly bookedMs: number;
  readonly bytes: number;
  /** When the last byte has passed. */
  readonly passedMs: number;
}

function pass(bucket: NetworkBucket, booked: readonly { afterMs: number; bytes: number }[]): Passage[] {
  let nowMs = 0;
  return booked.map(({ afterMs, bytes }) => {
    nowMs += afterMs;
    return { bookedMs: nowMs, bytes, passedMs: nowMs + bucket.take(nowMs, bytes) };
  });
}

describe('a bucket that has a limit', () => {
  test('bytes pass exactly when the busiest stretch before them allows it, neither sooner nor later', () => {
    fc.assert(
      fc.property(networks, bookings, ({ rate, burst, peak }, booked) => {
        const passages = pass(new NetworkBucket(figuresOf(rate, burst, peak)), booked);
        for (const [last, { bookedMs, passedMs }] of passages.entries()) {
          let bytes = 0;
          let earliestMs = bookedMs;
          for (const stretch of passages.slice(0, last + 1).reverse()) {
            bytes += stretch.bytes;
            earliestMs = Math.max(earliestMs, stretch.bookedMs + ((bytes - burst) * 1000) / rate);
            if (peak > 0) earliestMs = Math.max(earliestMs, stretch.bookedMs + (bytes * 1000) / peak);
          }
          expect(passedMs).toBeCloseTo(earliestMs, 3);
        }
      }),
    );
  });

  test('who comes first passes first', () => {
    fc.assert(
      fc.property(networks, bookings, ({ rate, burst, peak }, booked) => {
        const times = pass(new NetworkBucket(figuresOf(rate, burst, peak)), booked).map(({ passedMs }) => passedMs);
        for (const [at, timeMs] of times.entries()) expect(timeMs).toBeGreaterThanOrEqual((times[at - 1] ?? 0) - 1e-6);
      }),
    );
  });

  test('AWS’s figures: 300 MiB at 1 GiB/s, then 75 MiB/s; a rest fills it again', () => {
    const bucket = new NetworkBucket(awsFigures);
    expect(bucket.take(0, 300 * mib)).toBeCloseTo((300 / 1024) * 1000);
    expect(bucket.take(300, 75 * mib)).toBeCloseTo(1000 - 300);
    expect(bucket.take(1000 + 4000, 300 * mib)).toBeCloseTo((300 / 1024) * 1000);
  });
});

test('without a limit nothing waits', () => {
  const bucket = new NetworkBucket(unlimitedNetwork);
  expect([bucket.take(0, 1e12), bucket.take(0, 1e12)]).toEqual([0, 0]);
});
