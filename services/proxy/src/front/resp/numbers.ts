/**
 * Whole numbers as Redis reads them: 64 bits, signed, in the one canonical form (no plus, no spaces, no leading zero).
 */
import { notAnInteger } from './redis-errors.ts';

const maxInteger = 2n ** 63n - 1n;
/** The least number of 64 bits. */
export const minInteger = -(2n ** 63n);
const canonical = /^(?:0|-?[1-9][0-9]{0,18})$/;

/** The number, or undefined when the bytes are none. */
export function readInteger(bytes: Uint8Array | undefined): bigint | undefined {
  if (bytes === undefined || bytes.byteLength === 0 || bytes.byteLength > 20) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (!canonical.test(text)) return undefined;
  const value = BigInt(text);
  return fitsInteger(value) ? value : undefined;
}

/** The number, or Redis's error. */
export function requireInteger(bytes: Uint8Array | undefined): bigint {
  const value = readInteger(bytes);
  if (value === undefined) throw notAnInteger();
  return value;
}

/** True when a number still fits in 64 bits. */
export function fitsInteger(value: bigint): boolean {
  return value <= maxInteger && value >= minInteger;
}
