/**
 * The arithmetic of INCRBYFLOAT. Redis computes in C's `long double`, which on x86-64 is the 80-bit extended format: 64
 * bits of mantissa. So does this module, exactly, so that sums print the same digits; doubles would differ from the 16th
 * on. It differs from Redis where `long double` is another format (on ARM it has 113 bits), and below 2^-16382, where
 * the 80-bit format loses digits that no printed sum shows.
 */

/** mantissa × 2^exponent; the mantissa has at most 64 bits and carries the sign. */
export interface ExtendedFloat {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const mantissaBits = 64;
/** At and above 2^this lies infinity. */
const greatestExponent = 16_384;
/** Below 2^this lies zero, which Redis refuses as out of range. */
const leastExponent = -16_446;
/** Decimal exponents beyond these are out of range whatever the digits are. */
const decimalBound = 4960;
const zero: ExtendedFloat = { mantissa: 0n, exponent: 0 };

const decimalForm = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/;
const hexadecimalForm = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?[0-9]+))?$/;
const infiniteForm = /^([+-]?)inf(?:inity)?$/i;

/** What Redis reads as a float: a number, an infinity, or undefined when it is not valid. */
export function readFloat(text: string): ExtendedFloat | 'infinite' | undefined {
  if (infiniteForm.test(text)) return 'infinite';
  return readForm(text, decimalForm, 10) ?? readForm(text, hexadecimalForm, 16);
}

function readForm(text: string, form: RegExp, base: 10 | 16): ExtendedFloat | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponentText = '0'] = match;
  if (whole.length + fraction.length === 0) return undefined;
  const digits = BigInt(`${base === 16 ? '0x' : ''}0${whole}${fraction}`);
  if (digits === 0n) return zero;
  const signed = sign === '-' ? -digits : digits;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) > 4 * greatestExponent) return undefined;
  const value =
    base === 16
      ? rounded(signed, 1n, exponent - 4 * fraction.length)
      : readDecimal(signed, exponent - fraction.length, String(digits).length);
  return value === 'infinite' ? undefined : value;
}

function readDecimal(digits: bigint, exponent: number, length: number): ExtendedFloat | 'infinite' | undefined {
  if (length + exponent > decimalBound || length + exponent < -decimalBound) return undefined;
  return exponent >= 0
    ? rounded(digits * 10n ** BigInt(exponent), 1n, 0)
    : rounded(digits, 10n ** BigInt(-exponent), 0);
}

/** The sum, rounded once. */
export function addFloats(a: ExtendedFloat, b: ExtendedFloat): ExtendedFloat | 'infinite' {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  return rounded(sum, 1n, exponent) ?? zero;
}

/** As Redis prints it: up to 17 decimals, without trailing zeros. */
export function formatFloat(value: ExtendedFloat): string {
  const scale = 10n ** 17n;
  const magnitude = value.mantissa < 0n ? -value.mantissa : value.mantissa;
  const scaled =
    value.exponent >= 0
      ? (magnitude * scale) << BigInt(value.exponent)
      : divideToEven(magnitude * scale, 1n << BigInt(-value.exponent));
  const text = `${scaled / scale}.${String(scaled % scale).padStart(17, '0')}`.replace(/\.?0+$/, '');
  return value.mantissa < 0n && text !== '0' ? `-${text}` : text;
}

/** numerator / denominator × 2^exponent with 64 bits of mantissa; undefined when nothing is left of it. */
function rounded(numerator: bigint, denominator: bigint, exponent: number): ExtendedFloat | 'infinite' | undefined {
  if (numerator === 0n) return zero;
  const magnitude = numerator < 0n ? -numerator : numerator;
  let shift = bitLength(magnitude) - bitLength(denominator) - mantissaBits;
  let mantissa = divideShifted(magnitude, denominator, shift);
  if (bitLength(mantissa) > mantissaBits) {
    shift += 1;
    mantissa = divideShifted(magnitude, denominator, shift);
    // Rounding up to the next power of two: an even mantissa that loses nothing.
    if (bitLength(mantissa) > mantissaBits) {
      shift += 1;
      mantissa >>= 1n;
    }
  }
  const top = bitLength(mantissa) + shift + exponent;
  if (top > greatestExponent) return 'infinite';
  if (top < leastExponent) return undefined;
  return { mantissa: numerator < 0n ? -mantissa : mantissa, exponent: shift + exponent };
}

function divideShifted(numerator: bigint, denominator: bigint, shift: number): bigint {
  if (shift >= 0) return divideToEven(numerator, denominator << BigInt(shift));
  return divideToEven(numerator << BigInt(-shift), denominator);
}

function divideToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) return quotient + 1n;
  return quotient;
}

function bitLength(value: bigint): number {
  const hex = value.toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex[0] ?? '0', 16)) + 28;
}
