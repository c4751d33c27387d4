import { createErasure } from '@sion/erasure';
import { describe, expect, test } from 'vitest';
import { FragmentBuffer } from './fragment-buffer.ts';

/** Parity of a fragment, coded at once. */
function chunksOf(bytes: Uint8Array, dataChunks: number, parityChunks: number): Uint8Array[] {
  const chunkBytes = Math.ceil(bytes.length / dataChunks);
  const data = Array.from({ length: dataChunks }, (_, at) => bytes.subarray(at * chunkBytes, (at + 1) * chunkBytes));
  const parity = Array.from({ length: parityChunks }, () => new Uint8Array(chunkBytes));
  createErasure({ prefer: 'tables' }).codec(dataChunks, parityChunks).encode(data, parity);
  return [...data, ...parity];
}

function payload(lengthBytes: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, at) => at * 7 + (at >> 8));
}

describe('a fragment that is taken in', () => {
  test.each([
    { slabBytes: 1024 * 1024, slabs: 1, where: 'in a slab' },
    { slabBytes: 0, slabs: 0, where: 'in ordinary memory' },
  ])('$where has its parity with its last byte, be it as long as was thought or shorter', ({ slabBytes, slabs }) => {
    const erasure = createErasure({ slabBytes });
    for (const filledBytes of [200_000, 199_999, 70_001, 1]) {
      const buffer = new FragmentBuffer(erasure, { dataChunks: 4, parityChunks: 2 }, 200_000);
      expect(erasure.slabs.slabs).toBe(slabs);
      const bytes = payload(filledBytes);
      for (let filled = 0; filled < filledBytes; filled += 50_000) {
        buffer.bytes.set(bytes.subarray(filled, filled + 50_000), filled);
        buffer.advance(Math.min(filledBytes, filled + 50_000));
      }
      const chunks = buffer.chunks(filledBytes).map((chunk) => Buffer.from(chunk));
      expect(chunks).toEqual(chunksOf(bytes, 4, 2).map((chunk) => Buffer.from(chunk)));
      buffer.release();
      expect(erasure.slabs.slabs).toBe(0);
    }
  });

  test('mirrored, and without parity', () => {
    const erasure = createErasure({ slabBytes: 100_000 });
    for (const parityChunks of [0, 1]) {
      const buffer = new FragmentBuffer(erasure, { dataChunks: 1, parityChunks }, 1_000);
      buffer.bytes.set(payload(1_000));
      buffer.advance(1_000);
      const expected = Array.from({ length: 1 + parityChunks }, () => Buffer.from(payload(1_000)));
      expect(buffer.chunks(1_000).map((chunk) => Buffer.from(chunk))).toEqual(expected);
      buffer.release();
    }
  });
});
