/**
 * GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d) and the generator 2, the field of ISA-L and of RAID 6.
 * Addition is XOR. It owns the small tables; bulk work over chunks is elsewhere.
 */

/** The field's polynomial. */
const polynomial = 0x11d;

/** powers[n] = 2^n for n in 0 … 509: long enough that the sum of two logarithms needs no reduction. */
const powers = new Uint8Array(510);

/** logarithms[2^n] = n; the entry of 0 means nothing. */
const logarithms = new Uint8Array(256);

for (let exponent = 0, value = 1; exponent < 255; exponent++) {
  powers[exponent] = value;
  powers[exponent + 255] = value;
  logarithms[value] = exponent;
  value <<= 1;
  if (value > 0xff) value ^= polynomial;
}

/** 2 to the power of `exponent`, a whole number from 0. */
export function powerOfTwo(exponent: number): number {
  return powers[exponent % 255] ?? 0;
}

/** The product of two field elements, 0 … 255. */
export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return powers[(logarithms[a] ?? 0) + (logarithms[b] ?? 0)] ?? 0;
}

/** The element whose product with `a` is 1; throws `RangeError` for 0. */
export function inverse(a: number): number {
  if (a === 0) throw new RangeError('0 has no inverse');
  return powers[255 - (logarithms[a] ?? 0)] ?? 0;
}
