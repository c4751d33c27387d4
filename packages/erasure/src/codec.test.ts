/**
 * Every codec against the definition: the one over WebAssembly with bytes in ordinary memory and in slabs, and the one in
 * plain TypeScript.
 */
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Codec } from './codec.ts';
import { createErasure } from './erasure.ts';
import { knownAnswers, knownData } from './known-answers.ts';
import { choices, fillWithNoise, naiveParity, padded } from './naive-codec.test-data.ts';
import type { Slab } from './slab-pool.ts';

const simd = createErasure({ slabBytes: 128 * 1024 * 1024 });
const tables = createErasure({ prefer: 'tables' });

describe.each([
  { name: 'SIMD', erasure: simd, isSlabs: false },
  { name: 'SIMD, bytes in slabs', erasure: simd, isSlabs: true },
  { name: 'tables', erasure: tables, isSlabs: false },
])('$name', ({ erasure, isSlabs }) => {
  const createCodec = (dataChunks: number, parityChunks: number) => erasure.codec(dataChunks, parityChunks);
  const slabs: Slab[] = [];

  afterEach(() => {
    for (const slab of slabs.splice(0)) slab.release();
  });

  /** Memory with anything in it. */
  function memory(lengthBytes: number): Uint8Array {
    if (!isSlabs) return new Uint8Array(lengthBytes);
    const slab = erasure.takeSlab(lengthBytes) ?? expect.fail('the slabs are too small for the test');
    slabs.push(slab);
    return slab.bytes;
  }

  /** Noise at an address that is `shift` bytes off a word. */
  function noise(lengthBytes: number, seed: number, shift = 0): Uint8Array {
    return fillWithNoise(memory(lengthBytes + shift).subarray(shift), seed);
  }

  /** Data chunks as a layout cuts them: full ones, then a short one, then empty ones. */
  function dataOf(codec: Codec, lengthBytes: number, shift = 0): { data: Uint8Array[]; chunkBytes: number } {
    const chunkBytes = Math.ceil(lengthBytes / codec.dataChunks);
    const data = Array.from({ length: codec.dataChunks }, (_, index) => {
      const size = Math.max(0, Math.min(chunkBytes, lengthBytes - index * chunkBytes));
      return noise(size, index, shift);
    });
    return { data, chunkBytes };
  }

  function encodeFresh(codec: Codec, data: readonly Uint8Array[], chunkBytes: number, shift = 0): Uint8Array[] {
    const parity = Array.from({ length: codec.parityChunks }, () => noise(chunkBytes, 99, shift));
    codec.encode(data, parity);
    return parity;
  }

  /** Loses the given chunks, rebuilds them all, and compares. */
  function loseAndRebuild(
    codec: Codec,
    data: Uint8Array[],
    parity: Uint8Array[],
    lost: number[],
    chunkBytes: number,
  ): void {
    const all = [...data, ...parity];
    const left = all.map((chunk, index) => (lost.includes(index) ? undefined : chunk));
    const rebuilt = codec.rebuild(left, chunkBytes, lost);
    if (isSlabs) {
      const targets = new Map(lost.map((index) => [index, memory(chunkBytes)]));
      codec.rebuildInto(left, targets);
      for (const [index, target] of targets) {
        if (Buffer.compare(target, rebuilt.get(index) ?? target) !== 0) expect.fail(`chunk ${index} differs in slabs`);
        slabs.pop()?.release();
      }
    }
    if (rebuilt.size !== lost.length) expect.fail(`${rebuilt.size} chunks were rebuilt after losing [${lost}]`);
    for (const index of lost) {
      const expected = padded(all[index] ?? new Uint8Array(0), chunkBytes);
      if (Buffer.compare(rebuilt.get(index) ?? new Uint8Array(0), expected) !== 0) {
        expect.fail(`chunk ${index} is wrong after losing [${lost}]`);
      }
    }
  }

  describe('shapes', () => {
    test.each([
      [0, 1],
      [-1, 2],
      [1.5, 1],
      [4, -1],
      [4, 5],
      [11, 4],
      [15, 0],
      [Number.NaN, 1],
    ])('%d+%d is refused', (dataChunks, parityChunks) => {
      expect(() => createCodec(dataChunks, parityChunks)).toThrow(RangeError);
    });

    test('every loss pattern of every shape is rebuilt', () => {
      for (let parityChunks = 0; parityChunks <= 4; parityChunks++) {
        for (let dataChunks = 1; dataChunks + parityChunks <= 14; dataChunks++) {
          const codec = createCodec(dataChunks, parityChunks);
          const { data, chunkBytes } = dataOf(codec, dataChunks * 5 - 2);
          const parity = encodeFresh(codec, data, chunkBytes);
          for (const lost of choices(dataChunks + parityChunks, parityChunks)) {
            loseAndRebuild(codec, data, parity, lost, chunkBytes);
          }
        }
      }
    });
  });

  describe('encoding', () => {
    test.each([
      [1, 1],
      [2, 1],
      [4, 2],
      [5, 2],
      [10, 2],
      [3, 3],
      [10, 4],
      [14, 0],
    ])('%d+%d agrees with the naive codec at every size and alignment', (dataChunks, parityChunks) => {
      const codec = createCodec(dataChunks, parityChunks);
      for (const lengthBytes of [0, 1, 2, 3, 7, 8, 31, 64, 1_000, 1_001, 40_003]) {
        for (const shift of [0, 1, 2, 3]) {
          const { data, chunkBytes } = dataOf(codec, lengthBytes, shift);
          expect(encodeFresh(codec, data, chunkBytes, 3 - shift)).toEqual(naiveParity(data, parityChunks, chunkBytes));
        }
      }
    });

    test('one mirrored chunk is its own parity', () => {
      const chunk = noise(1_001, 5);
      expect(encodeFresh(createCodec(1, 1), [chunk], 1_001)).toEqual([chunk]);
    });

    test('pieces in any order and of any length add up to the same parity', () => {
      const anyCase = fc.record({
        dataChunks: fc.integer({ min: 1, max: 10 }),
        parityChunks: fc.integer({ min: 0, max: 4 }),
        lengthBytes: fc.oneof(fc.nat(40), fc.nat(3_000)),
        cuts: fc.array(fc.nat(), { maxLength: 8 }),
        shift: fc.nat(3),
        order: fc.infiniteStream(fc.nat()),
      });
      fc.assert(
        fc.property(anyCase, ({ dataChunks, parityChunks, lengthBytes, cuts, shift, order }) => {
          const codec = createCodec(dataChunks, parityChunks);
          const { data, chunkBytes } = dataOf(codec, lengthBytes, shift);
          const pieces = data.flatMap((chunk, index) => {
            const ends = [...cuts.map((cut) => cut % (chunk.length + 1)), chunk.length].sort((a, b) => a - b);
            return ends.map((end, at) => ({ index, offset: ends[at - 1] ?? 0, end }));
          });
          const shuffled = pieces
            .map((piece) => ({ piece, rank: order.next().value ?? 0 }))
            .sort((a, b) => a.rank - b.rank);
          const parity = Array.from({ length: parityChunks }, () =>
            memory(chunkBytes + shift)
              .fill(0)
              .subarray(shift),
          );
          for (const { piece } of shuffled) {
            const bytes = data[piece.index]?.subarray(piece.offset, piece.end) ?? new Uint8Array(0);
            codec.addToParity(parity, piece.index, bytes, piece.offset);
          }
          expect(parity).toEqual(encodeFresh(codec, data, chunkBytes));
        }),
        { numRuns: 300 },
      );
    });

    test('bytes next to a chunk stay as they are', () => {
      const codec = createCodec(2, 2);
      for (const lengthBytes of [13, 64, 128, 200]) {
        const field = memory(1_024).fill(7);
        const [one, two] = [5, 505];
        const parity = [field.subarray(one, one + lengthBytes), field.subarray(two, two + lengthBytes)];
        codec.encode([noise(lengthBytes, 1), noise(lengthBytes, 2)], parity);
        codec.addToParity(parity, 1, noise(lengthBytes - 8, 3), 8);
        const lost = [undefined, undefined, noise(lengthBytes, 1), noise(lengthBytes, 2)];
        codec.rebuildInto(lost, new Map(parity.entries()));
        for (const [at, byte] of field.entries()) {
          const isOurs = (at >= one && at < one + lengthBytes) || (at >= two && at < two + lengthBytes);
          if (!isOurs && byte !== 7) expect.fail(`byte ${at} was changed to ${byte}`);
        }
      }
    });

    test('large pieces, which take the large tables, agree with the naive codec', () => {
      const codec = createCodec(3, 4);
      const { data, chunkBytes } = dataOf(codec, 3 * 50_001);
      const expected = naiveParity(data, 4, chunkBytes);
      const parity = expected.map(() => new Uint8Array(chunkBytes));
      for (const [index, chunk] of data.entries()) codec.addToParity(parity, index, chunk, 0);
      for (const [row, chunk] of parity.entries()) expect(Buffer.compare(chunk, expected[row] ?? chunk)).toBe(0);
    });
  });

  test.each(knownAnswers)('$dataChunks+$parityChunks agrees with ISA-L', ({ dataChunks, parityChunks, parity }) => {
    const codec = createCodec(dataChunks, parityChunks);
    const made = encodeFresh(codec, knownData(dataChunks, 32), 32);
    expect(made.map((chunk) => Buffer.from(chunk).toString('hex'))).toEqual(parity);
  });

  describe('rebuilding', () => {
    test.each([
      [1, 1],
      [2, 1],
      [4, 2],
      [10, 2],
    ])('%d+%d, every loss pattern, every size', (dataChunks, parityChunks) => {
      const codec = createCodec(dataChunks, parityChunks);
      for (const lengthBytes of [1, 3, 11, 257, 4_096, 70_001]) {
        const { data, chunkBytes } = dataOf(codec, lengthBytes);
        const parity = encodeFresh(codec, data, chunkBytes);
        for (const lost of choices(dataChunks + parityChunks, parityChunks)) {
          loseAndRebuild(codec, data, parity, lost, chunkBytes);
        }
      }
    });

    test('10+2 of 1 MiB chunks, two data chunks lost', () => {
      const codec = createCodec(10, 2);
      const { data, chunkBytes } = dataOf(codec, 10 * 1024 * 1024 - 5);
      loseAndRebuild(codec, data, encodeFresh(codec, data, chunkBytes), [3, 9], chunkBytes);
    });

    test('10+4, four chunks of any kind lost, sampled, at any alignment', () => {
      const codec = createCodec(10, 4);
      const anyLoss = fc.uniqueArray(fc.nat(13), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(anyLoss, fc.integer({ min: 1, max: 2_000 }), fc.nat(3), (lost, lengthBytes, shift) => {
          const { data, chunkBytes } = dataOf(codec, lengthBytes, shift);
          loseAndRebuild(codec, data, encodeFresh(codec, data, chunkBytes, 3 - shift), lost, chunkBytes);
        }),
      );
    });

    test('gives the wanted chunks only, and those that are there as they are', () => {
      const codec = createCodec(4, 2);
      const { data, chunkBytes } = dataOf(codec, 99);
      const parity = encodeFresh(codec, data, chunkBytes);
      const chunks = [undefined, data[1], undefined, data[3], ...parity];
      const rebuilt = codec.rebuild(chunks, chunkBytes, [2, 3, 5]);
      expect([...rebuilt.keys()]).toEqual([2, 3, 5]);
      expect(rebuilt.get(2)).toEqual(data[2]);
      expect(rebuilt.get(3)).toBe(data[3]);
      expect(rebuilt.get(5)).toBe(parity[1]);
      expect(codec.rebuild(chunks, chunkBytes, []).size).toBe(0);
    });

    test('leaves the given chunks unchanged', () => {
      const codec = createCodec(4, 2);
      const { data, chunkBytes } = dataOf(codec, 99);
      const parity = encodeFresh(codec, data, chunkBytes);
      const before = [...data, ...parity].map((chunk) => Uint8Array.from(chunk));
      codec.rebuild([undefined, undefined, data[2], data[3], ...parity], chunkBytes, [0, 1]);
      expect([...data, ...parity]).toEqual(before);
    });
  });

  describe('wrong arguments', () => {
    const codec = createCodec(2, 2);
    const four = () => new Uint8Array(4);

    test.each<[string, () => unknown]>([
      ['too few parity chunks', () => codec.encode([four(), four()], [four()])],
      ['parity chunks of two lengths', () => codec.encode([four(), four()], [four(), new Uint8Array(5)])],
      ['too few data chunks', () => codec.encode([four()], [four(), four()])],
      ['a data chunk that is too long', () => codec.encode([four(), new Uint8Array(5)], [four(), four()])],
      ['an index outside', () => codec.addToParity([four(), four()], 2, four(), 0)],
      ['a piece beyond the end', () => codec.addToParity([four(), four()], 0, four(), 1)],
      ['a negative offset', () => codec.addToParity([four(), four()], 0, four(), -1)],
      ['too few chunks', () => codec.rebuild([four(), undefined, undefined, undefined], 4, [1])],
      ['a missing entry', () => codec.rebuild([four(), four(), four()], 4, [1])],
      ['a short parity chunk', () => codec.rebuild([four(), undefined, new Uint8Array(3), undefined], 4, [1])],
      ['a long chunk', () => codec.rebuild([new Uint8Array(5), undefined, four(), undefined], 4, [1])],
      ['an unknown chunk wanted', () => codec.rebuild([four(), undefined, four(), undefined], 4, [4])],
    ])('%s are refused', (_, call) => {
      expect(call).toThrow(RangeError);
    });
  });
});
