import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  allowsExpiry,
  answerExpiry,
  conflictOfConditions,
  type ExpiryCondition,
  type ExpiryRequest,
  expiryOfChange,
  expiryOfWrite,
  isExpired,
} from './expiry.ts';

const nowMs = 1_700_000_000_000;
const latest = Number.MAX_SAFE_INTEGER;
const int64 = 2n ** 63n - 1n;

function request(amount: number | bigint, unit: ExpiryRequest['unit'], from: ExpiryRequest['from'] = 'now') {
  return { amount, unit, from };
}

describe('the expiry of a write', () => {
  test.each<[ExpiryRequest, number | undefined]>([
    [request(10, 'seconds'), nowMs + 10_000],
    [request(10n, 'milliseconds'), nowMs + 10],
    [request(2_000_000_000, 'seconds', 'epoch'), 2_000_000_000_000],
    [request(1, 'milliseconds', 'epoch'), 1],
    [request(0, 'seconds'), undefined],
    [request(-1, 'milliseconds', 'epoch'), undefined],
    [request(int64, 'milliseconds'), undefined],
    [request(int64 - BigInt(nowMs) + 1n, 'milliseconds'), undefined],
    [request(int64 - BigInt(nowMs), 'milliseconds'), latest],
    [request(int64, 'milliseconds', 'epoch'), latest],
    [request(int64 / 1000n + 1n, 'seconds', 'epoch'), undefined],
    [request(int64 / 1000n, 'seconds', 'epoch'), latest],
    [request(int64 / 1000n, 'seconds'), undefined],
    [request(latest - nowMs - 1, 'milliseconds'), latest - 1],
  ])('%o', (asked, expected) => {
    expect(expiryOfWrite(asked, nowMs)).toBe(expected);
  });
});

describe('a change of expiry', () => {
  test('may lie in the past', () => {
    expect(expiryOfChange(request(-1, 'seconds'), nowMs)).toBe(nowMs - 1000);
    expect(expiryOfChange(request(0, 'milliseconds', 'epoch'), nowMs)).toBe(0);
    expect(expiryOfChange(request(-2n, 'milliseconds', 'epoch'), nowMs)).toBe(-2);
  });

  test('is refused when it is out of reach', () => {
    expect(expiryOfChange(request(-int64 - 1n, 'seconds'), nowMs)).toBeUndefined();
    expect(expiryOfChange(request(int64, 'milliseconds'), nowMs)).toBeUndefined();
    expect(expiryOfChange(request(-int64 - 1n, 'milliseconds', 'epoch'), nowMs)).toBe(-latest);
  });

  test('is exact wherever a number can be, and refused where 64 bits cannot hold it', () => {
    const anyRequest = fc.record<ExpiryRequest>({
      amount: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      unit: fc.constantFrom('seconds', 'milliseconds'),
      from: fc.constantFrom('now', 'epoch'),
    });
    fc.assert(
      fc.property(anyRequest, (asked) => {
        const expected =
          BigInt(asked.amount) * (asked.unit === 'seconds' ? 1000n : 1n) + (asked.from === 'now' ? BigInt(nowMs) : 0n);
        const got = expiryOfChange(asked, nowMs);
        const bound = BigInt(latest);
        if (got === undefined) expect(expected > int64 - BigInt(nowMs) || expected < BigInt(nowMs) - int64).toBe(true);
        else expect(BigInt(got)).toBe(expected > bound ? bound : expected < -bound ? -bound : expected);
      }),
    );
  });
});

test('a key is gone from the millisecond of its expiry on', () => {
  expect(isExpired(nowMs + 1, nowMs)).toBe(false);
  expect(isExpired(nowMs, nowMs)).toBe(true);
  expect(isExpired(undefined, nowMs)).toBe(false);
});

describe('conditions', () => {
  const all: readonly ExpiryCondition[] = ['NX', 'XX', 'GT', 'LT'];
  const sets = Array.from({ length: 16 }, (_, mask) => new Set(all.filter((_, bit) => (mask >> bit) & 1)));

  test('only XX with GT or LT go together', () => {
    const together = sets.filter((set) => conflictOfConditions(set) === undefined).map((set) => [...set].join(' '));
    expect(together).toEqual(['', 'NX', 'XX', 'GT', 'XX GT', 'LT', 'XX LT']);
    expect(conflictOfConditions(new Set(['NX', 'GT']))).toMatch(/^NX and XX, GT or LT/);
    expect(conflictOfConditions(new Set(['XX', 'GT', 'LT']))).toMatch(/^GT and LT/);
  });

  test.each<[conditions: ExpiryCondition[], never: boolean, earlier: boolean, same: boolean, later: boolean]>([
    [[], true, true, true, true],
    [['NX'], true, false, false, false],
    [['XX'], false, true, true, true],
    [['GT'], false, false, false, true],
    [['LT'], true, true, false, false],
    [['XX', 'GT'], false, false, false, true],
    [['XX', 'LT'], false, true, false, false],
  ])(
    '%j without expiry %j, to an earlier one %j, the same %j, a later one %j',
    (conditions, none, earlier, same, later) => {
      const allowed = (current: number | undefined, wanted: number) =>
        allowsExpiry(new Set(conditions), current, wanted);
      expect(allowed(undefined, 50)).toBe(none);
      expect(allowed(100, 99)).toBe(earlier);
      expect(allowed(100, 100)).toBe(same);
      expect(allowed(100, 101)).toBe(later);
    },
  );
});

describe('answers', () => {
  test.each(['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME'] as const)(
    '%s without a key is -2, without an expiry -1',
    (question) => {
      expect(answerExpiry(question, undefined, nowMs)).toBe(-2);
      expect(answerExpiry(question, {}, nowMs)).toBe(-1);
    },
  );

  test('seconds are rounded to the nearest, milliseconds are exact', () => {
    const object = { expiresAtMs: nowMs + 10_499 };
    expect(answerExpiry('TTL', object, nowMs)).toBe(10);
    expect(answerExpiry('TTL', object, nowMs - 1)).toBe(11);
    expect(answerExpiry('PTTL', object, nowMs)).toBe(10_499);
    expect(answerExpiry('PEXPIRETIME', object, nowMs)).toBe(nowMs + 10_499);
    expect(answerExpiry('EXPIRETIME', object, nowMs)).toBe(1_700_000_010);
    expect(answerExpiry('EXPIRETIME', { expiresAtMs: nowMs + 500 }, nowMs)).toBe(1_700_000_001);
    expect(answerExpiry('PTTL', object, nowMs + 99_999)).toBe(0);
  });
});
