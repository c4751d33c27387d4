import { describe, expect, test } from 'vitest';
import { functionUsdPerSecond, invocationUsd, priceBook, s3RequestUsd } from './price-book.ts';

describe('the price book', () => {
  test.each(Object.entries(priceBook))('%s has a date and a source', (_, price) => {
    expect(price.usd).toBeGreaterThanOrEqual(0);
    expect(price.asOf).toMatch(/^20\d\d-(0[1-9]|1[0-2])$/);
    expect(price.source).toMatch(/^https:\/\/aws\.amazon\.com\//);
    expect(price.note).not.toBe('');
  });

  test('a gigabyte for a second costs the list price, other memory in proportion', () => {
    expect(functionUsdPerSecond(priceBook, 'arm64', 1024)).toBeCloseTo(0.0000133334, 12);
    expect(functionUsdPerSecond(priceBook, 'x86_64', 1536)).toBeCloseTo(0.00002500005, 12);
  });

  test('a million invocations of 1 GB for 100 ms cost 1.53 dollars on arm64', () => {
    expect(1e6 * invocationUsd(priceBook, 'arm64', 1024, 100)).toBeCloseTo(0.2 + 1.33334, 6);
  });

  test('store requests are writes, reads or free', () => {
    expect(s3RequestUsd(priceBook)).toEqual({
      head: 4e-7,
      get: 4e-7,
      put: 5e-6,
      upload: 5e-6,
      metadata: 5e-6,
      delete: 0,
      list: 5e-6,
    });
  });
});
