/**
 * The CRC-32 of joined bytes from those of their parts, without reading them again: appending `n` bytes multiplies a checksum
 * by x^(8n) modulo the polynomial (zlib's `crc32_combine`; ISO 3309, polynomial 0x04c11db7, bits reversed).
 */
const polynomial = 0xedb88320;

/** x⁰, with bits reversed. */
const one = 0x8000_0000;

/** x^(2^k) for each k; after 32 of them they come again. */
const powers = powersOfTwo();

/** CRC-32 of A followed by B, from CRC-32 of A, CRC-32 of B and the length of B (0 … 2^53 − 1 bytes). */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  if (secondBytes === 0) return first;
  let shift = one;
  // From x^8 on: a byte is 2^3 bits.
  for (let left = secondBytes, power = 3; left > 0; left = Math.floor(left / 2), power++) {
    if (left % 2 === 1) shift = multiply(powers[power % powers.length] ?? one, shift);
  }
  return (multiply(shift, first) ^ second) >>> 0;
}

/** The product of two polynomials modulo the polynomial. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = one; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ polynomial;
  }
  return product >>> 0;
}

function powersOfTwo(): readonly number[] {
  const all = [one >>> 1];
  for (let power = 1; power < 32; power++) {
    const last = all[power - 1] ?? one;
    all.push(multiply(last, last));
  }
  return all;
}
