import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addFloats, formatFloat, readFloat } from './long-double.ts';

function add(a: string, b: string): string | undefined {
  const [left, right] = [readFloat(a), readFloat(b)];
  if (left === undefined || right === undefined) return undefined;
  if (left === 'infinite' || right === 'infinite') return 'infinite';
  const sum = addFloats(left, right);
  return sum === 'infinite' ? sum : formatFloat(sum);
}

describe('INCRBYFLOAT’s arithmetic', () => {
  // Each sum as redis-server 7.0 on x86-64 gives it.
  it.each([
    ['0.1', '0.2', '0.3'],
    ['3000', '0.1', '3000.10000000000000009'],
    ['3000.10000000000000009', '0x1p-3', '3000.22500000000000009'],
    ['10.5', '0.1', '10.6'],
    ['5.0e3', '2.0e2', '5200'],
    ['-1', '1', '0'],
    ['0', '-1e-18', '0'],
    ['1', '1e-17', '1.00000000000000001'],
    ['.5', '5.', '5.5'],
    ['+1', '1', '2'],
    ['18446744073709551615', '1', '18446744073709551616'],
    ['18446744073709551616', '1', '18446744073709551616'],
    ['0x.8', '0X1P1', '2.5'],
  ])('adds %s and %s', (a, b, sum) => {
    expect(add(a, b)).toBe(sum);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '1e',
    '.',
    '+',
    '--1',
    '1,5',
    'nan',
    '0x',
    'e5',
    '1e5000',
    '1e-5000',
    '1e99999999999',
    '1_0',
  ])('refuses %j', (text) => {
    expect(readFloat(text)).toBeUndefined();
  });

  it('knows infinity', () => {
    for (const text of ['inf', '-INF', '+Infinity']) expect(readFloat(text)).toBe('infinite');
    expect(add('1.18e4932', '1.18e4932')).toBe('infinite');
    expect(add('1.18e4932', '-1.18e4932')).toBe('0');
  });

  it('is at least as good as doubles', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 });
    fc.assert(
      fc.property(double, double, (a, b) => {
        const sum = Number(add(String(a), String(b)));
        // One rounding of the sum in 64 bits, one to 17 decimals, one to a double.
        expect(Math.abs(sum - (a + b))).toBeLessThanOrEqual((Math.abs(a) + Math.abs(b)) * 2 ** -52 + 1e-17);
      }),
    );
  });

  it('adds whole numbers exactly', () => {
    const whole = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        expect(add(String(a), String(b))).toBe(String(a + b));
      }),
    );
  });
});
