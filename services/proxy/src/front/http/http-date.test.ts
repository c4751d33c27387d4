import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHttpDate, parseHttpDate } from './http-date.ts';

const lastSecond = Date.UTC(9999, 11, 31, 23, 59, 59);

describe('HTTP dates', () => {
  it('writes what JavaScript writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: lastSecond }), (ms) => {
        expect(formatHttpDate(ms)).toBe(new Date(ms).toUTCString());
      }),
      { numRuns: 1000 },
    );
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: lastSecond }), (ms) => {
        expect(parseHttpDate(formatHttpDate(ms))).toBe(Math.floor(ms / 1000) * 1000);
      }),
    );
  });

  it.each([
    '',
    'now',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Non 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    'Sun, 06 Nov 1994 08:60:37 GMT',
  ])('takes %j for no date', (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });
});
