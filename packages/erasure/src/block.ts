/**
 * Loops over blocks of 32-bit words, four field elements at a time, and the way to see bytes as such words. Everything
 * the codec does to many bytes happens here. Words are treated lane by lane, so the machine's byte order does not
 * matter. All arrays of one call have the same length.
 */
import { multiply } from './galois-field.ts';

/** Bytes per block: a few of them fit in the first-level caches together. */
export const blockBytes = 16 * 1024;

/** A block of memory of a codec's own, as words and as bytes. */
export interface Block {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

/** A fresh block of zeros. */
export function createBlock(): Block {
  const words = new Int32Array(blockBytes / 4);
  return { words, bytes: new Uint8Array(words.buffer) };
}

/**
 * Bytes [start, start + lengthBytes) of `bytes` as words, in place where they are aligned, else as a copy in `spare`.
 * What lies beyond the end of `bytes`, and what the last word has too much, reads as zeros.
 */
export function wordsAt(bytes: Uint8Array, start: number, lengthBytes: number, spare: Block): Int32Array {
  if (isAligned(bytes, start, lengthBytes)) {
    return new Int32Array(bytes.buffer, bytes.byteOffset + start, lengthBytes / 4);
  }
  const present = bytes.subarray(start, start + lengthBytes);
  spare.bytes.set(present);
  spare.bytes.fill(0, present.length, (lengthBytes + 3) & ~3);
  return spare.words.subarray(0, (lengthBytes + 3) >>> 2);
}

/** True when {@link wordsAt} gives the bytes themselves, so that writing to the words writes to them. */
export function isAligned(bytes: Uint8Array, start: number, lengthBytes: number): boolean {
  return ((bytes.byteOffset + start) & 3) === 0 && (lengthBytes & 3) === 0 && start + lengthBytes <= bytes.length;
}

/** sum += chunk */
export function addWords(sum: Int32Array, chunk: Int32Array): void {
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) ^ (chunk[at] ?? 0);
}

/** sum += chunk × the factor of `products` (see {@link wordProducts}) */
export function addProducts(sum: Int32Array, chunk: Int32Array, products: Uint16Array): void {
  for (let at = 0; at < sum.length; at++) {
    const word = chunk[at] ?? 0;
    sum[at] = (sum[at] ?? 0) ^ ((products[word & 0xffff] ?? 0) | ((products[word >>> 16] ?? 0) << 16));
  }
}

/** sum += chunk and weighted = 2 × weighted + chunk: a step of Horner's rule for parity rows 0 and 1 together. */
export function addStep(sum: Int32Array, weighted: Int32Array, chunk: Int32Array): void {
  for (let at = 0; at < sum.length; at++) {
    const word = chunk[at] ?? 0;
    sum[at] = (sum[at] ?? 0) ^ word;
    weighted[at] = doubleWord(weighted[at] ?? 0) ^ word;
  }
}

/** Two steps of {@link addStep}, first `chunk`, then `next`, with half the reads and writes of the sums. */
export function addTwoSteps(sum: Int32Array, weighted: Int32Array, chunk: Int32Array, next: Int32Array): void {
  for (let at = 0; at < sum.length; at++) {
    const word = chunk[at] ?? 0;
    const nextWord = next[at] ?? 0;
    sum[at] = (sum[at] ?? 0) ^ word ^ nextWord;
    weighted[at] = doubleWord(doubleWord(weighted[at] ?? 0) ^ word) ^ nextWord;
  }
}

/** Each of the four elements of a word times 2. */
function doubleWord(word: number): number {
  return ((word << 1) & 0xfefefefe) ^ Math.imul((word >>> 7) & 0x01010101, 0x1d);
}

/** Products of one factor with each element, 256 bytes. */
export function byteProducts(factor: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, value) => multiply(factor, value));
}

/** Products of one factor with each pair of elements, by their 16 bits: 128 KiB. */
export function wordProducts(factor: number): Uint16Array {
  const single = byteProducts(factor);
  const pairs = new Uint16Array(65_536);
  for (let high = 0; high < 256; high++) {
    const upper = (single[high] ?? 0) << 8;
    for (let low = 0; low < 256; low++) pairs[(high << 8) | low] = upper | (single[low] ?? 0);
  }
  return pairs;
}
