import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBudgetNearlyUsed, type LingerInput, lingerMs, maxSessionMs } from './linger.ts';
import { functionUsdPerSecond, invocationUsd, priceBook } from './price-book.ts';

const plain: LingerInput = {
  priceBook,
  architecture: 'arm64',
  memoryMb: 1536,
  latencyUsdPerSecond: 0,
  invocationOverheadMs: 0,
  invocationsInLastSecond: 1,
};

describe('lingering', () => {
  test('without a price of waiting it is the request price in function time', () => {
    expect(lingerMs({ ...plain, memoryMb: 1024 })).toBe(14); // 2e-7 / 1.33334e-5 s = 14.9999 ms
    expect(lingerMs(plain)).toBe(9);
    expect(lingerMs({ ...plain, memoryMb: 128 })).toBe(119);
  });

  test('what every invocation is billed for anyway is stayed for as well', () => {
    expect(lingerMs({ ...plain, invocationOverheadMs: 3 })).toBe(12);
  });

  test('a price of waiting lengthens it', () => {
    const input = { ...plain, latencyUsdPerSecond: 0.0001, invocationDelayMs: 13 };
    expect(lingerMs(input)).toBe(74); // (2e-7 + 1.3e-6) / 2.00001e-5 s
    expect(lingerMs({ ...input, latencyUsdPerSecond: 1 })).toBe(maxSessionMs);
  });

  test('a nearly used budget keeps the session until it is free', () => {
    expect(lingerMs({ ...plain, invocationsInLastSecond: 7 })).toBe(9);
    expect(lingerMs({ ...plain, invocationsInLastSecond: 8 })).toBe(1000);
    expect(lingerMs({ ...plain, invocationsInLastSecond: 8, budgetFreeInMs: 130 })).toBe(130);
    expect(lingerMs({ ...plain, invocationsInLastSecond: 8, budgetFreeInMs: 1 })).toBe(9);
    expect(lingerMs({ ...plain, invocationsInLastSecond: 8, maxInvocationsPerSecond: 100 })).toBe(9);
  });

  test('a tiny budget does not count as used before the first invocation', () => {
    expect(isBudgetNearlyUsed({ invocationsInLastSecond: 0, maxInvocationsPerSecond: 1 })).toBe(false);
    expect(isBudgetNearlyUsed({ invocationsInLastSecond: 1, maxInvocationsPerSecond: 1 })).toBe(true);
  });

  test('never beyond the greatest session age', () => {
    expect(lingerMs({ ...plain, invocationsInLastSecond: 9, sessionAgeMs: maxSessionMs - 400 })).toBe(400);
    expect(lingerMs({ ...plain, sessionAgeMs: maxSessionMs + 1 })).toBe(0);
  });

  test.each([{ memoryMb: 0 }, { memoryMb: -1 }, { latencyUsdPerSecond: Number.NaN }, { invocationsInLastSecond: -1 }])(
    'refuses %j',
    (wrong) => {
      expect(() => lingerMs({ ...plain, ...wrong })).toThrow(RangeError);
    },
  );

  test('whenever the next request comes, at most twice the best choice is paid', () => {
    const anyCase = fc.record({
      memoryMb: fc.integer({ min: 128, max: 10_240 }),
      latencyUsdPerSecond: fc.double({ min: 0, max: 0.001, noNaN: true }),
      overheadMs: fc.integer({ min: 0, max: 20 }),
      gapMs: fc.double({ min: 0, max: 20_000, noNaN: true }),
    });
    fc.assert(
      fc.property(anyCase, ({ memoryMb, latencyUsdPerSecond, overheadMs, gapMs }) => {
        const input = {
          ...plain,
          memoryMb,
          latencyUsdPerSecond,
          invocationOverheadMs: overheadMs,
          invocationDelayMs: 13,
        };
        const stayMs = lingerMs(input);
        const perMs = functionUsdPerSecond(priceBook, 'arm64', memoryMb) / 1000;
        const buyUsd = invocationUsd(priceBook, 'arm64', memoryMb, overheadMs) + latencyUsdPerSecond * 0.013;
        const paid = gapMs <= stayMs ? gapMs * perMs : stayMs * perMs + buyUsd;
        // Whole milliseconds cut less than one off the stay.
        expect(paid).toBeLessThanOrEqual(2 * Math.min(gapMs * perMs, buyUsd) + perMs);
      }),
    );
  });
});
