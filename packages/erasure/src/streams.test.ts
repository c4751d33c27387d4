/** Coding while bytes come: parity of a fragment, lost chunks, in any split, beside coding at the end. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createErasure } from './erasure.ts';
import { fillWithNoise, padded } from './naive-codec.test-data.ts';
import { createParityStream } from './parity-stream.ts';
import { createRebuildStream } from './rebuild-stream.ts';

const erasures = [createErasure({ slabBytes: 8 * 1024 * 1024 }), createErasure({ prefer: 'tables' })];

/** Fragments as they come, with how their bytes are split. */
const anyFragment = fc.record({
  erasure: fc.constantFrom(...erasures),
  dataChunks: fc.integer({ min: 1, max: 10 }),
  parityChunks: fc.integer({ min: 0, max: 4 }),
  lengthBytes: fc.oneof(fc.nat(300), fc.nat(400_000)),
  pieceBytes: fc.integer({ min: 1, max: 70_000 }),
});

function cut(bytes: Uint8Array, chunks: number): Uint8Array[] {
  const chunkBytes = Math.ceil(bytes.length / chunks);
  return Array.from({ length: chunks }, (_, index) => bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes));
}

describe('parity while bytes come', () => {
  test('is complete with the last byte, in runs of any length', () => {
    fc.assert(
      fc.property(anyFragment, fc.integer({ min: 1, max: 10 }), (fragment, runChunks) => {
        const { erasure, dataChunks, parityChunks, lengthBytes, pieceBytes } = fragment;
        const codec = erasure.codec(dataChunks, parityChunks);
        const whole = fillWithNoise(new Uint8Array(lengthBytes), 1);
        const chunkBytes = Math.ceil(lengthBytes / dataChunks);
        const expected = Array.from({ length: parityChunks }, () => new Uint8Array(chunkBytes));
        codec.encode(cut(whole, dataChunks), expected);
        const slab = erasure.takeSlab(lengthBytes);
        const bytes = (slab?.bytes ?? new Uint8Array(lengthBytes)).fill(0xee);
        const parity = expected.map(() => new Uint8Array(chunkBytes).fill(7));
        const stream = createParityStream({ codec, data: cut(bytes, dataChunks), parity, runChunks });
        for (let filled = 0; filled < lengthBytes; ) {
          const end = Math.min(lengthBytes, filled + pieceBytes);
          bytes.set(whole.subarray(filled, end), filled);
          filled = end;
          stream.advance(filled);
        }
        slab?.release();
        for (const [row, chunk] of parity.entries()) expect(Buffer.compare(chunk, expected[row] ?? bytes)).toBe(0);
      }),
      { numRuns: 200 },
    );
    expect(erasures[0]?.slabs.slabs).toBe(0);
  });
});

describe('lost chunks while the others come', () => {
  test('are made as far as all have come, in any interleaving', () => {
    fc.assert(
      fc.property(anyFragment, fc.nat(), fc.infiniteStream(fc.nat()), (fragment, seed, order) => {
        const { erasure, dataChunks, parityChunks, lengthBytes } = fragment;
        if (parityChunks === 0) return;
        const pieceBytes = Math.max(fragment.pieceBytes, Math.ceil(lengthBytes / 100));
        const codec = erasure.codec(dataChunks, parityChunks);
        const chunkBytes = Math.ceil(lengthBytes / dataChunks);
        const data = cut(fillWithNoise(new Uint8Array(lengthBytes), seed), dataChunks);
        const parity = Array.from({ length: parityChunks }, () => new Uint8Array(chunkBytes));
        codec.encode(data, parity);
        const all = [...data, ...parity];
        const lost = new Set(Array.from({ length: parityChunks }, (_, at) => (seed + at * 3) % all.length));
        const chunks = all.map((chunk, at) => (lost.has(at) ? undefined : new Uint8Array(chunk.length)));
        const targets = new Map([...lost].map((index) => [index, new Uint8Array(chunkBytes)]));
        const stream = createRebuildStream({ codec, chunks, targets });
        const filled = chunks.map(() => 0);
        let done = 0;
        for (;;) {
          const open = [...chunks.keys()].filter((at) => (filled[at] ?? 0) < (chunks[at]?.length ?? 0));
          const index = open[(order.next().value ?? 0) % open.length];
          if (index === undefined) break;
          const [start, end] = [
            filled[index] ?? 0,
            Math.min(all[index]?.length ?? 0, (filled[index] ?? 0) + pieceBytes),
          ];
          chunks[index]?.set(all[index]?.subarray(start, end) ?? [], start);
          filled[index] = end;
          const before = done;
          done = stream.advance(index, end);
          if (done === before) continue;
          for (const [at, target] of targets) {
            const right = padded(all[at] ?? target, chunkBytes);
            expect(Buffer.compare(target.subarray(before, done), right.subarray(before, done))).toBe(0);
          }
        }
        for (const [at, target] of targets) {
          expect(Buffer.compare(target, padded(all[at] ?? target, chunkBytes))).toBe(0);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('refuses at once what cannot be rebuilt', () => {
    const codec = createErasure().codec(2, 1);
    const targets = new Map([[0, new Uint8Array(4)]]);
    expect(() => createRebuildStream({ codec, chunks: [undefined, undefined, new Uint8Array(4)], targets })).toThrow(
      RangeError,
    );
  });
});
